//! [`Settings`], what a program can be told from outside: by its arguments and by its environment.
//!
//! One table makes the methods, the flags, the variables of the environment and the text of `--help`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use crate::access_log::AccessLog;
use crate::error::{Error, ErrorKind};
use crate::listener::Address;
use crate::trust::TrustedProxies;

mod args;
mod help;
mod value;

#[cfg(test)]
mod tests;

use value::{Mode, Slot, Value};

/// Makes [`Settings`] and its [`TABLE`] of the rows below. A row is a method and its documentation, the type it takes,
/// how it is kept, then the flag, the variable, the name of the value for `--help` (none for a switch) and the help.
macro_rules! table {
    ($(
        $(#[$doc:meta])*
        $name:ident($take:ty as $slot:ty): $flag:literal, $variable:literal, $value:expr, $help:literal;
    )*) => {
        /// What a program can be told from outside: by its arguments and by its environment.
        ///
        /// What is not set leaves the server as the program made it. [`run`](crate::run) reads both sources by itself;
        /// a program with arguments of its own makes its settings and calls [`run_with`](crate::run_with).
        ///
        /// # Examples
        ///
        /// ```
        /// use std::time::Duration;
        /// use wharf_server::Settings;
        ///
        /// // A flag beats a variable, a variable beats the default.
        /// let variables = Settings::from_variables([("WHARF_BIND", "[::1]:80"), ("WHARF_QUIET", "yes")])?;
        /// let settings = Settings::from_args(["--bind", "localhost:81"])?.or(variables);
        /// assert_eq!(settings, Settings::new().bind("localhost:81").quiet(true));
        /// # Ok::<(), wharf_server::Error>(())
        /// ```
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Settings {
            $(pub(crate) $name: $slot,)*
            pub(crate) help: bool,
        }

        impl Settings {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nFlag `--", $flag, "`, variable `", $variable, "`.")]
                #[must_use]
                pub fn $name(mut self, value: impl Into<$take>) -> Self {
                    let value: $take = value.into();
                    self.$name.put(value.into());
                    self
                }
            )*

            /// Fills what is not set here with what is set in `other`.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self {
                    $($name: self.$name.or(other.$name),)*
                    help: self.help || other.help,
                }
            }
        }

        /// Every setting, in the order of `--help`.
        static TABLE: &[Setting] = &[$(
            Setting {
                flag: $flag,
                variable: $variable,
                value: $value,
                is_list: <$slot as Slot>::IS_LIST,
                help: $help,
                set: |settings, text| {
                    settings.$name.put(<$slot as Slot>::Item::parse(text)?);
                    Ok(())
                },
            },
        )*];
    };
}

/// One row of the table.
struct Setting {
    flag: &'static str,
    variable: &'static str,
    value: Option<&'static str>,
    is_list: bool,
    help: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), String>,
}

table! {
    /// Adds an address to listen on. Default: `127.0.0.1:8080`.
    bind(Address as Vec<Address>): "bind", "WHARF_BIND", Some("ADDRESS"),
        "Listen on ADDRESS: host:port, unix:/path, unix:@name, with tls: before it if encrypted; can be repeated, in the variable with commas \
         [default: 127.0.0.1:8080]";

    /// Sets the number of workers. Default: one for each core.
    workers(usize as Option<usize>): "workers", "WHARF_WORKERS", Some("COUNT"),
        "How many workers serve, each with a thread of its own [default: one for each core]";

    /// Sets the permissions of unix sockets, such as `0o660`. Default: left to the umask of the process.
    unix_mode(u32 as Option<Mode>): "unix-mode", "WHARF_UNIX_MODE", Some("MODE"),
        "Permissions of unix sockets, in octal, such as 660 [default: by umask]";

    /// Sets which proxies are trusted to say who their client is. Default: nobody.
    trusted_proxies(TrustedProxies as Option<TrustedProxies>): "trusted-proxies", "WHARF_TRUSTED_PROXIES", Some("LIST"),
        "Proxies that say who their client is: networks such as 10.0.0.0/8, and the words loopback, private and unix, \
         with commas [default: none]";

    /// Sets how long running requests may take to finish after the server was told to stop. `None`: as long as they like.
    shutdown_timeout(Option<Duration> as Option<Option<Duration>>): "shutdown-timeout", "WHARF_SHUTDOWN_TIMEOUT", Some("TIME"),
        "How long running requests may take to finish when the server stops: 25s, 500ms, 2m, none [default: 25s]";

    /// Sets the access log. Default: as the program made it.
    access_log(AccessLog as Option<AccessLog>): "access-log", "WHARF_ACCESS_LOG", Some("FORMAT"),
        "The access log: on, off, or the format of a line, such as '%a \"%r\" %s %D' [default: on]";

    /// Sets whether the banner and the access log are left out. Errors are printed all the same. Default: false.
    quiet(bool as Option<bool>): "quiet", "WHARF_QUIET", None,
        "Print no banner and no access log";

    /// Sets whether the program is built again when its sources change, and takes over from itself. Default: false.
    reload(bool as Option<bool>): "reload", "WHARF_RELOAD", None,
        "Build the program again when its sources change, and let it take over; for development";

    /// Adds a file or a folder whose change has the program built again. Default: the sources that cargo knows of.
    reload_watch(PathBuf as Vec<PathBuf>): "reload-watch", "WHARF_RELOAD_WATCH", Some("PATH"),
        "With --reload, watch PATH besides the sources; can be repeated";

    /// Sets how the program is built again. Default: as `cargo run` has built it.
    reload_command(String as Option<String>): "reload-command", "WHARF_RELOAD_COMMAND", Some("COMMAND"),
        "With --reload, build by COMMAND instead of `cargo build`";

    /// Sets whether only to find out if the program could start. Default: false.
    check(bool as Option<bool>): "check", "WHARF_CHECK", None,
        "Check that everything is in place, print what is wrong, and exit";
}

impl Settings {
    /// Creates settings in which nothing is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the arguments of a program, without the name of the program that comes first.
    ///
    /// # Errors
    ///
    /// An argument that is unknown, lacks its value or has one that makes no sense.
    pub fn from_args(args: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, Error> {
        args::read(args.into_iter().map(Into::into))
    }

    /// Reads the environment of this process. A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// A variable that has a value which makes no sense.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(
            TABLE
                .iter()
                .filter_map(|setting| Some((setting.variable, env::var_os(setting.variable)?))),
        )
    }

    /// Reads the settings among some variables. A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// A variable that has a value which makes no sense.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<OsStr>)>,
    ) -> Result<Self, Error> {
        let mut settings = Self::new();
        for (name, value) in variables {
            let name = name.as_ref();
            let Some(setting) = TABLE.iter().find(|setting| setting.variable == name) else {
                continue;
            };
            let value = value.as_ref().to_str().ok_or_else(|| {
                Error::new(
                    ErrorKind::Settings,
                    format!("the value of `{name}` is not UTF-8"),
                )
            })?;
            if value.is_empty() {
                continue;
            }
            let parts = if setting.is_list {
                value.split(',').collect()
            } else {
                vec![value]
            };
            for part in parts {
                (setting.set)(&mut settings, part.trim()).map_err(|reason| {
                    Error::new(ErrorKind::Settings, format!("{name}: {reason}"))
                })?;
            }
        }
        Ok(settings)
    }

    /// Reads the arguments and the environment of this process; arguments beat the environment.
    ///
    /// # Errors
    ///
    /// As [`from_args`](Self::from_args) and [`from_env`](Self::from_env).
    pub fn from_process() -> Result<Self, Error> {
        Ok(Self::from_args(env::args_os().skip(1))?.or(Self::from_env()?))
    }

    /// Returns the text of `--help` for a program of the given name.
    #[must_use]
    pub fn help(program: &str) -> String {
        help::text(program)
    }

    /// Tells whether somebody asked for the text of `--help`.
    #[must_use]
    pub fn wants_help(&self) -> bool {
        self.help
    }
}
