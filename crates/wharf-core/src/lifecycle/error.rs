use std::error::Error as StdError;
use std::fmt;

use wharf_http::{BoxError, ErrorChain};

use crate::check::CheckError;
use crate::extract::TypeKey;

/// Why an app could not start. What had been entered was left again.
pub struct StartError {
    inner: Box<StartInner>,
}

enum StartInner {
    Check(CheckError),
    Step { what: String, source: BoxError },
    Promise(String),
}

impl StartError {
    pub(super) fn new(what: String, source: BoxError) -> Self {
        Self {
            inner: Box::new(StartInner::Step { what, source }),
        }
    }

    pub(super) fn broken_promise(resource: &str, key: TypeKey) -> Self {
        let text = format!("resource `{resource}` promised a `{key}` and did not provide it");
        Self {
            inner: Box::new(StartInner::Promise(text)),
        }
    }

    /// Returns the list of what is wrong, when the check found the app wrong.
    #[must_use]
    pub fn check(&self) -> Option<&CheckError> {
        match self.inner.as_ref() {
            StartInner::Check(error) => Some(error),
            StartInner::Step { .. } | StartInner::Promise(_) => None,
        }
    }
}

impl From<CheckError> for StartError {
    fn from(error: CheckError) -> Self {
        Self {
            inner: Box::new(StartInner::Check(error)),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner.as_ref() {
            StartInner::Check(error) => fmt::Display::fmt(error, f),
            StartInner::Promise(text) => f.write_str(text),
            StartInner::Step { what, source } if f.alternate() => {
                write!(f, "{what}: {}", ErrorChain::new(source.as_ref()))
            }
            StartInner::Step { what, .. } => f.write_str(what),
        }
    }
}

impl fmt::Debug for StartError {
    /// Prints the readable text, since `main` prints errors this way.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl StdError for StartError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.inner.as_ref() {
            StartInner::Check(_) | StartInner::Promise(_) => None,
            StartInner::Step { source, .. } => Some(source.as_ref()),
        }
    }
}

/// What could not be cleared away properly; everything else was.
pub struct StopError {
    failures: Vec<(String, BoxError)>,
}

impl StopError {
    pub(super) fn new(failures: Vec<(String, BoxError)>) -> Self {
        Self { failures }
    }
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not stop cleanly")?;
        for (number, (what, error)) in self.failures.iter().enumerate() {
            let separator = if number == 0 { ": " } else { "; " };
            write!(
                f,
                "{separator}{what} failed: {}",
                ErrorChain::new(error.as_ref())
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for StopError {}
