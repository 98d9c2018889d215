//! [`Error`], why a server could not start or stop, and its [`ErrorKind`].

use std::error::Error as StdError;
use std::fmt;

use wharf_http::{BoxError, ErrorChain};

/// Why a server could not be started, or not be stopped properly.
///
/// `{}` prints this level, `{:#}` the chain of causes too. So does `{:?}`, because it is what `main` prints when it
/// returns an error.
///
/// # Examples
///
/// ```
/// use wharf_server::{ErrorKind, Settings};
///
/// let error = Settings::from_args(["--bnid", "localhost:0"]).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Settings);
/// assert_eq!(error.to_string(), "unknown option `--bnid`; did you mean `--bind`? `--help` lists all options");
/// ```
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<BoxError>,
}

/// What a server was doing when an [`Error`] stopped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A flag, a variable of the environment, a key of a file or a value given to the builder cannot be used; nothing was started.
    Settings,
    /// The service is wrong, as its check found out; nothing was started.
    Check,
    /// The service could not start; nothing was bound.
    Start,
    /// An address could not be bound; the service was stopped again.
    Bind,
    /// No new process could take over; this one serves on.
    Restart,
    /// The service could not close what it had opened; every connection had ended.
    Stop,
    /// The runtime could not be built, or the call came from a place where it cannot work.
    Runtime,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                source: None,
            }),
        }
    }

    /// Adds the cause; the message must not contain its text.
    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// Returns what the server was doing.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Display::fmt(&ErrorChain::new(self), f);
        }
        f.write_str(&self.inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn one_level_or_the_whole_chain_is_printed() {
        let error = Error::new(ErrorKind::Bind, "could not listen on 127.0.0.1:80")
            .because(io::Error::other("permission denied"));
        assert_eq!(error.to_string(), "could not listen on 127.0.0.1:80");
        let chain = "could not listen on 127.0.0.1:80: permission denied";
        assert_eq!(format!("{error:#}"), chain);
        assert_eq!(format!("{error:?}"), chain);
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
