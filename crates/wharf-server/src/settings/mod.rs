//! [`Settings`], what a program can be told from outside: by a file, by its environment and by its arguments.
//!
//! One table makes the methods, the keys of the file, the variables of the environment, the flags and the text of
//! `--help`; it is in `table`, which also says how a row is added.
//!
//! ~~~text
//!  args ───── flags ─────┐
//!  variables ────────────┼─▶ Settings ── apply ──▶ InForce, all of a server but its service
//!  file ───── keys ──────┘      ▲                     │
//!                               └──────── of ─────────┘    what print shows, and help as the defaults
//! ~~~

use std::env;
use std::ffi::{OsStr, OsString};

use crate::error::Error;

mod apply;
mod args;
mod file;
mod help;
mod mistakes;
mod print;
mod row;
mod slot;
mod table;
mod value;
mod variables;

#[cfg(test)]
mod tests;

pub(crate) use apply::InForce;
pub(crate) use print::text as print;
pub use table::Settings;

use mistakes::Mistakes;
use table::TABLE;

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
    /// Every argument that is unknown, lacks its value or has one that makes no sense.
    pub fn from_args(args: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, Error> {
        let mut mistakes = Mistakes::default();
        let settings = args::read(args.into_iter().map(Into::into), &mut mistakes);
        mistakes.or(settings)
    }

    /// Reads the environment of this process. A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// Every variable that has a value which makes no sense.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(process_variables())
    }

    /// Reads the settings among some variables. A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// Every variable that has a value which makes no sense.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<OsStr>)>,
    ) -> Result<Self, Error> {
        let mut mistakes = Mistakes::default();
        let settings = variables::read(variables, &mut mistakes);
        mistakes.or(settings)
    }

    /// Reads a file of settings in TOML: keys named as the methods here, without sections.
    ///
    /// # Errors
    ///
    /// That it cannot be read; every key that is unknown or has a value that makes no sense, with its line.
    #[cfg(feature = "toml")]
    #[cfg_attr(docsrs, doc(cfg(feature = "toml")))]
    pub fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        let mut mistakes = Mistakes::default();
        let settings = file::read(path.as_ref(), &mut mistakes);
        mistakes.or(settings)
    }

    /// Reads the arguments and the environment of this process, and the [file](Self::config) that these name. Arguments
    /// beat the environment, the environment beats the file.
    ///
    /// # Errors
    ///
    /// All that [`from_args`](Self::from_args), [`from_env`](Self::from_env) and `from_file` find wrong.
    pub fn from_process() -> Result<Self, Error> {
        Self::gather(env::args_os().skip(1), process_variables())
    }

    /// Reads all sources. Who asks for help gets it, whatever variables and files say.
    fn gather(
        args: impl Iterator<Item = OsString>,
        variables: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<OsStr>)>,
    ) -> Result<Self, Error> {
        let mut mistakes = Mistakes::default();
        let args = args::read(args, &mut mistakes);
        if args.help {
            return mistakes.or(args);
        }
        let settings = args.or(variables::read(variables, &mut mistakes));
        let settings = settings.and_file(&mut mistakes);
        mistakes.or(settings)
    }

    /// Fills what is not set with what the file says that is set here, unless that has been read already.
    fn and_file(self, mistakes: &mut Mistakes) -> Self {
        match self.config.clone().public() {
            Some(path) if self.file.is_none() => self.or(file::read(&path, mistakes)),
            _ => self,
        }
    }

    /// Reads the file that is set here, if it has not been read.
    pub(crate) fn complete(self) -> Result<Self, Error> {
        let mut mistakes = Mistakes::default();
        let settings = self.and_file(&mut mistakes);
        mistakes.or(settings)
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

/// Returns the variables of this process that are settings.
fn process_variables() -> impl Iterator<Item = (&'static str, OsString)> {
    TABLE
        .iter()
        .filter_map(|row| Some((row.variable, env::var_os(row.variable)?)))
}
