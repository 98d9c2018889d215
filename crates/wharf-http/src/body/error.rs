use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::BoxError;

/// Why a body could not be read to its end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    source: Option<BoxError>,
}

/// What went wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There are more bytes than the reader allows.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It decodes to more than the reader allows for its size.
    TooDense {
        /// How many times larger it may become.
        limit: u32,
    },
    /// The peer sent nothing for longer than the `body_read` limit.
    TimedOut,
    /// The peer sends slower than the `min_rate` limit.
    TooSlow,
    /// The connection ended before the body did.
    Disconnected,
    /// The body ended before as many bytes as the reader asked for.
    TooShort {
        /// How many bytes more were asked for.
        missing: usize,
    },
    /// The body breaks the rules of its framing or coding.
    Malformed,
    /// Something else; see the source.
    Other,
}

impl Error {
    /// Creates an error of a kind.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self {
            inner: Arc::new(Inner { kind, source: None }),
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(self, source: impl Into<BoxError>) -> Self {
        Self {
            inner: Arc::new(Inner {
                kind: self.inner.kind,
                source: Some(source.into()),
            }),
        }
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Makes an error of any other, keeping it as it is when it is one of these already.
    pub(super) fn from_any(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => Self::new(ErrorKind::Other).because(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner.kind {
            ErrorKind::TooLarge { limit } => {
                write!(f, "the body is larger than the limit of {limit} bytes")
            }
            ErrorKind::TooDense { limit } => {
                write!(f, "the body decodes to more than {limit} times its size")
            }
            ErrorKind::TimedOut => f.write_str("the body did not arrive in time"),
            ErrorKind::TooSlow => f.write_str("the body arrived too slowly"),
            ErrorKind::Disconnected => f.write_str("the connection ended before the body did"),
            ErrorKind::TooShort { missing } => write!(f, "the body ends {missing} bytes early"),
            ErrorKind::Malformed => f.write_str("the body is malformed"),
            ErrorKind::Other => f.write_str("the body could not be read"),
        }?;
        if f.alternate()
            && let Some(source) = &self.inner.source
        {
            write!(f, ": {}", crate::ErrorChain::new(source.as_ref()))?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner
            .source
            .as_ref()
            .map(|source| source.as_ref() as _)
    }
}
