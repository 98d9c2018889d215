//! A program around a server, for tests that need a process of their own: signals, exit status, limits of the system.
//!
//! A file that `QUAY_FAILS_IF` names makes the check fail while it is there. `QUAY` says what goes wrong: `check`, `start`, `starting` (it never gets further), `stop`, `stopping` (likewise). With
//! `by-hand` nothing does, and the program makes its server itself.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use wharf_http::{BoxError, BoxFuture, Context, Request, Response, Serve, Service};

fn main() -> Result<(), BoxError> {
    let quay = Quay {
        wrong: std::env::var("QUAY").unwrap_or_default(),
        files: Mutex::default(),
    };
    if quay.wrong == "by-hand" {
        let server = wharf_server::Server::new(quay).bind("127.0.0.1:0");
        return server.run_as_program();
    }
    wharf_server::run(quay)
}

/// Says something on standard error, should anybody listen.
fn say(text: &str) {
    let _gone = writeln!(std::io::stderr(), "{text}");
}

/// Whether the file is there that tells a process to fail.
fn fails_if_told() -> bool {
    std::env::var_os("QUAY_FAILS_IF").is_some_and(|path| std::path::Path::new(&path).exists())
}

struct Quay {
    wrong: String,
    files: Mutex<Vec<File>>,
}

impl Quay {
    fn files(&self) -> std::sync::MutexGuard<'_, Vec<File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Serve for Quay {
    type Service = Self;

    async fn check(&mut self) -> Result<(), BoxError> {
        match &*self.wrong {
            _ if fails_if_told() => Err("told to fail".into()),
            "check" => Err("two things are wrong:\n  - the first\n  - the second".into()),
            _ => Ok(()),
        }
    }

    async fn start(self) -> Result<Self, BoxError> {
        say("starting");
        match &*self.wrong {
            "start" => Err("no database".into()),
            "starting" => std::future::pending().await,
            _ => Ok(self),
        }
    }
}

impl Service for Quay {
    type Future = BoxFuture<'static, Response>;

    fn call(&self, request: Request, context: &Context) -> Self::Future {
        match request.uri().path() {
            // Holds every descriptor there is until somebody says `/release`.
            "/greedy" => {
                let mut files = self.files();
                while let Ok(file) = File::open("/dev/null") {
                    files.push(file);
                }
            }
            "/release" => self.files().clear(),
            "/error" => context.connection().report("the crane is stuck"),
            _ => {}
        }
        let context = context.clone();
        Box::pin(async move {
            match request.uri().path() {
                "/until-shutdown" => {
                    say("a request waits");
                    context.shutdown().fired().await;
                }
                "/stuck" => {
                    say("a request waits");
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            match request.uri().path() {
                "/process" => Response::new(format!("{} done;", std::process::id()).into()),
                "/environment" => {
                    let variables =
                        std::env::vars().map(|(name, value)| format!("{name}={value} "));
                    Response::new(format!("{}done;", variables.collect::<String>()).into())
                }
                _ => Response::new("done;".into()),
            }
        })
    }

    async fn stop(&self) -> Result<(), BoxError> {
        say("stopping");
        match &*self.wrong {
            "stop" => Err("the database is gone".into()),
            "stopping" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}
