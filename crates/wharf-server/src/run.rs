//! [`run`] and [`run_with`], a server in one call; the same for a server that was made by hand.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process;

use wharf_http::{BoxError, Serve};

use crate::launch::Launch;
use crate::server::Server;
use crate::settings::Settings;
use crate::{runtime, settings};

/// Serves until SIGINT or SIGTERM, with settings from the arguments and the environment of the process, and from the
/// file that these name.
///
/// It takes all arguments for itself: `--bind`, `--check`, `--help` and so on, see [`Settings`]. A program that has
/// arguments of its own calls [`run_with`]. A setting that makes no sense ends the process with status 2, as programs do
/// that are called wrongly; nothing was started then, and all that is wrong has been printed.
///
/// # Errors
///
/// Why the server did not start or did not stop properly, an [`Error`](crate::Error). `main` can return it: what it
/// prints is meant for people.
///
/// # Examples
///
/// ```no_run
/// use wharf_http::{BoxError, Context, Request, Response, service::service_fn};
///
/// fn main() -> Result<(), BoxError> {
///     wharf_server::run(service_fn(|_: Request, _: Context| async { Response::new("hello".into()) }))
/// }
/// ```
pub fn run<S: Serve>(serve: S) -> Result<(), BoxError> {
    Server::new(serve).run_as_program()
}

/// Serves until SIGINT or SIGTERM, with these settings; neither arguments nor environment are read.
///
/// A file that the settings [name](Settings::config) is read, unless it was already. When the settings ask for help, for
/// what is in force or for a check, that is all it does.
///
/// # Errors
///
/// Why the server did not start or did not stop properly, or what the check found, an [`Error`](crate::Error). `main`
/// can return it: what it prints is meant for people.
pub fn run_with<S: Serve>(serve: S, settings: Settings) -> Result<(), BoxError> {
    Server::new(serve).run_with(settings)
}

impl<S: Serve> Server<S> {
    /// Serves as [`run`] does, with what was set on this server where arguments and environment say nothing else.
    ///
    /// # Errors
    ///
    /// As [`run`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use wharf_http::{BoxError, Context, Request, Response, service::service_fn};
    /// use wharf_server::{Server, Timeouts};
    ///
    /// fn main() -> Result<(), BoxError> {
    ///     let service = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
    ///     Server::new(service).timeouts(Timeouts::new().idle(Duration::from_secs(20))).run_as_program()
    /// }
    /// ```
    pub fn run_as_program(self) -> Result<(), BoxError> {
        self.launch().run_as_program()
    }

    /// Serves as [`run_with`] does, with what was set on this server where `settings` say nothing else.
    ///
    /// # Errors
    ///
    /// As [`run_with`].
    pub fn run_with(self, settings: Settings) -> Result<(), BoxError> {
        self.launch().run_with(settings)
    }
}

impl Launch {
    fn run_as_program(self) -> Result<(), BoxError> {
        match Settings::from_process() {
            Ok(settings) => self.run_with(settings),
            Err(error) => {
                // Nobody is left to tell when standard error is gone.
                let _gone = writeln!(std::io::stderr(), "Error: {error:#}");
                // Status 2 tells a wrong call from a failure; nothing has been started that would be cut off.
                process::exit(2)
            }
        }
    }

    fn run_with(mut self, settings: Settings) -> Result<(), BoxError> {
        if settings.wants_help() {
            let path = env::args_os().next().unwrap_or_default();
            let program = Path::new(&path).file_name().unwrap_or(path.as_os_str());
            print(&Settings::help(&program.to_string_lossy()));
            return Ok(());
        }
        let settings = settings.complete()?;
        let program = Settings::of(&self.options.in_force());
        let mut in_force = self.options.in_force();
        settings.clone().apply(&mut in_force);
        let now = Settings::of(&in_force);
        let call = in_force.call;
        if call.check {
            runtime::block_on(self.check())??;
        }
        if call.print_config {
            self.options.check()?;
            print(&settings::print(&program, &settings, &now));
        } else if call.check {
            print("OK\n");
        } else {
            self.run_or_develop(call.reload.then_some(call.develop))?;
        }
        Ok(())
    }
}

/// Prints to standard output; whoever closed it does not want to know.
fn print(text: &str) {
    let _gone = std::io::stdout().write_all(text.as_bytes());
}
