//! Credentials by host, from the file that `curl --netrc` reads.
//!
//! Where the file is well formed, it means what it means to curl: the first entry that fits wins, `default` fits every
//! host from where it stands, case does not matter in hosts and keywords. Three things differ, each where curl goes on
//! with a wrong password: a word that is no keyword is an error and so is a keyword without its value, a password may
//! begin with `#`, and a macro is passed over wherever it is defined.

mod words;

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use self::words::{Words, malformed};
use crate::{Error, ErrorKind};

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// The credentials of a netrc file.
///
/// Debug output shows none of them. Who else may read the file is not looked at.
///
/// # Examples
///
/// ```
/// use wharf_client::netrc::Netrc;
///
/// let netrc = Netrc::parse("machine quay.test login me password \"open sesame\"")?;
/// let login = netrc.find("QUAY.test").expect("the host is there");
/// assert_eq!((login.user(), login.password()), ("me", "open sesame"));
/// assert!(netrc.find("pier.test").is_none());
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Netrc {
    entries: Vec<Entry>,
}

#[derive(Clone, Default)]
struct Entry {
    /// `None` fits every host.
    host: Option<String>,
    login: Login,
}

impl Entry {
    fn names(&self, host: &str) -> bool {
        let name = self.host.as_deref();
        name.is_some_and(|name| name.eq_ignore_ascii_case(host))
    }
}

/// A user name and a password. Debug output does not show the password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    user: String,
    password: String,
}

impl Login {
    /// Returns the user name, empty when the file gives none.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the password, empty when the file gives none.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    fn is_whole(&self) -> bool {
        !self.user.is_empty() && !self.password.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.user.is_empty() && self.password.is_empty()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Netrc {
    /// Reads the file that the environment variable `NETRC` names, or else `.netrc` in the home directory (`_netrc` on
    /// Windows); where there is no such file, nothing is known of any host.
    ///
    /// It blocks while it reads, so it belongs to the start of a program.
    ///
    /// # Errors
    ///
    /// Of kind [`ErrorKind::Config`]: `NETRC` names a file that cannot be read, or what [`read`](Self::read) refuses.
    pub fn from_env() -> Result<Self, Error> {
        Self::located(std::env::var_os("NETRC"), std::env::home_dir())
    }

    fn located(named: Option<OsString>, home: Option<PathBuf>) -> Result<Self, Error> {
        if let Some(path) = named.filter(|path| !path.is_empty()) {
            return Self::read(path);
        }
        let name = if cfg!(windows) { "_netrc" } else { ".netrc" };
        match home.map(|home| File::open(home.join(name))) {
            Some(Ok(file)) => Self::from_file(file),
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(unreadable(error)),
            _ => Ok(Self::default()),
        }
    }

    /// Reads a file of 1 MiB at most. It blocks.
    ///
    /// # Errors
    ///
    /// Of kind [`ErrorKind::Config`]: the file cannot be read, is larger, is not UTF-8, or is malformed.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        File::open(path)
            .map_err(unreadable)
            .and_then(Self::from_file)
    }

    fn from_file(file: File) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        // One byte more tells a file that is too large from one that just fits.
        let read = file.take(MAX_SIZE + 1).read_to_end(&mut bytes);
        if read.map_err(unreadable)? as u64 > MAX_SIZE {
            return Err(unreadable("it is larger than 1 MiB"));
        }
        match str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = before.iter().filter(|&&byte| byte == b'\n').count();
                Err(malformed(line, "expected UTF-8"))
            }
        }
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    ///
    /// Of kind [`ErrorKind::Config`], naming the line: a word that is no keyword, a keyword without its value, a quote
    /// that is not closed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut words = Words::new(text);
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(keyword) = words.keyword()? {
            match keyword.to_ascii_lowercase().as_str() {
                "machine" => entries.push(Entry {
                    host: Some(words.value()?),
                    ..Entry::default()
                }),
                "default" => entries.push(Entry::default()),
                "macdef" => words.skip_macro()?,
                name @ ("login" | "password" | "account" | "port" | "protocol") => {
                    let value = words.value()?;
                    let Some(Entry { login, .. }) = entries.last_mut() else {
                        return Err(words.malformed("expected `machine` or `default` first"));
                    };
                    match name {
                        "login" => login.user = value,
                        "password" => login.password = value,
                        _ => {}
                    }
                }
                // The word itself may be half a password.
                _ => return Err(words.malformed("expected a keyword, found another word")),
            }
        }
        Ok(Self { entries })
    }

    /// Finds the credentials for a host, a name or an IP address without brackets.
    ///
    /// That is the first entry for it that has both a user name and a password, or else the last one that has either.
    #[must_use]
    pub fn find(&self, host: &str) -> Option<&Login> {
        choose(self.logins(host))
    }

    /// Finds the credentials that the file gives for a host by its name, not by `default`.
    pub(crate) fn find_named(&self, host: &str) -> Option<&Login> {
        choose(self.named(host))
    }

    /// Finds the credentials of one user for a host, for URLs that name the user alone.
    #[must_use]
    pub fn find_user(&self, host: &str, user: &str) -> Option<&Login> {
        choose(self.logins(host).filter(|login| login.user == user))
    }

    fn logins(&self, host: &str) -> impl Iterator<Item = &Login> {
        let fits = move |entry: &&Entry| entry.host.is_none() || entry.names(host);
        self.entries.iter().filter(fits).map(|entry| &entry.login)
    }

    fn named(&self, host: &str) -> impl Iterator<Item = &Login> {
        let fits = move |entry: &&Entry| entry.names(host);
        self.entries.iter().filter(fits).map(|entry| &entry.login)
    }
}

fn choose<'l>(logins: impl Iterator<Item = &'l Login>) -> Option<&'l Login> {
    let mut last = None;
    for login in logins {
        if login.is_whole() {
            return Some(login);
        }
        last = Some(login).filter(|login| !login.is_empty()).or(last);
    }
    last
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Netrc")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

fn unreadable(source: impl Into<wharf_http::BoxError>) -> Error {
    let source = source.into();
    Error::new(ErrorKind::Config).because(format!("could not read the netrc file: {source}"))
}

#[cfg(test)]
mod tests;
