use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;

use crate::{BoxError, body};

/// Why a multipart body could not be read. Cheap to clone.
///
/// It names the limit that was passed, and the part: by the name of its field, or else by its number.
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    part: Option<PartName>,
    source: Option<Arc<BoxError>>,
}

/// How a part is called in errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartName {
    Field(Arc<str>),
    /// Counted from 1.
    Number(usize),
}

/// What is wrong with a multipart body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The content type is not a multipart one.
    NotMultipart,
    /// The content type names no boundary, or one that RFC 2046 §5.1.1 does not allow.
    BadBoundary,
    /// The body breaks the rules of RFC 2046 §5.1.1 or RFC 7578.
    Malformed,
    /// The body ended before its last boundary.
    Truncated,
    /// There are too many parts.
    TooManyParts {
        /// The limit.
        limit: usize,
    },
    /// A part has too many header fields.
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// The head of a part is too long.
    HeadTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The name of a field or file is too long.
    NameTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A part is too long.
    PartTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The whole is too long.
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Multipart bodies are nested too deep.
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The transfer or content coding of a part is not known, or its data is corrupt.
    Encoding,
    /// The charset of a part is not known.
    Charset,
    /// A part is not text, or not JSON of the wanted shape.
    Content,
    /// The part was left for the next one before it was read.
    PassedOver,
    /// The body below could not be read; see the source, which is a [`body::Error`].
    Body,
}

impl Error {
    pub(super) fn new(kind: ErrorKind) -> Self {
        Self {
            inner: Arc::new(Inner {
                kind,
                part: None,
                source: None,
            }),
        }
    }

    pub(super) fn malformed(what: &'static str) -> Self {
        Self::new(ErrorKind::Malformed).because(what)
    }

    pub(super) fn because(mut self, source: impl Into<BoxError>) -> Self {
        Arc::make_mut(&mut self.inner).source = Some(Arc::new(source.into()));
        self
    }

    /// Says which part it is about, unless that is known.
    pub(super) fn of(mut self, part: &PartName) -> Self {
        if self.inner.part.is_none() {
            Arc::make_mut(&mut self.inner).part = Some(part.clone());
        }
        self
    }

    /// Returns what is wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns the name of the field that it is about, where it is about one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match &self.inner.part {
            Some(PartName::Field(name)) => Some(name),
            _ => None,
        }
    }

    /// Tells whether a limit was passed.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        self.status() == StatusCode::PAYLOAD_TOO_LARGE
    }

    /// Returns the status with which a server answers: 413 for a limit, 415 for a type, charset or coding that is not
    /// known, and 400 for the rest. An error of the body has the status that a server gives to that.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.inner.kind {
            ErrorKind::TooManyParts { .. }
            | ErrorKind::TooManyHeaders { .. }
            | ErrorKind::HeadTooLarge { .. }
            | ErrorKind::NameTooLong { .. }
            | ErrorKind::PartTooLarge { .. }
            | ErrorKind::TooLarge { .. }
            | ErrorKind::TooDeep { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::NotMultipart | ErrorKind::Charset => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            // Data that is corrupt has the error of the body as its cause.
            ErrorKind::Encoding if self.body().is_none() => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorKind::Body => match self.body().map(body::Error::kind) {
                Some(body::ErrorKind::TooLarge { .. } | body::ErrorKind::TooDense { .. }) => {
                    StatusCode::PAYLOAD_TOO_LARGE
                }
                Some(body::ErrorKind::TimedOut | body::ErrorKind::TooSlow) => {
                    StatusCode::REQUEST_TIMEOUT
                }
                Some(body::ErrorKind::Other) | None => StatusCode::INTERNAL_SERVER_ERROR,
                Some(_) => StatusCode::BAD_REQUEST,
            },
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The error of the body that is the cause.
    fn body(&self) -> Option<&body::Error> {
        self.inner.source.as_ref()?.downcast_ref()
    }

    /// Makes one of the error of a body, which may have one inside.
    pub(super) fn from_body(error: body::Error) -> Self {
        let inside = StdError::source(&error).and_then(|source| source.downcast_ref::<Self>());
        match inside {
            Some(inside) => inside.clone(),
            None => Self::new(ErrorKind::Body).because(error),
        }
    }

    /// Makes the error of a body, for a part that is read as one.
    pub(super) fn into_body(self) -> body::Error {
        let limit = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        let kind = match self.inner.kind {
            ErrorKind::Body => match self.body() {
                Some(error) => return error.clone(),
                None => body::ErrorKind::Other,
            },
            ErrorKind::PartTooLarge { limit: bytes } | ErrorKind::TooLarge { limit: bytes } => {
                body::ErrorKind::TooLarge {
                    limit: limit(bytes),
                }
            }
            ErrorKind::PassedOver => body::ErrorKind::Other,
            _ => body::ErrorKind::Malformed,
        };
        body::Error::new(kind).because(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = Part(self.inner.part.as_ref());
        match self.inner.kind {
            ErrorKind::NotMultipart => f.write_str("the body is not a multipart one"),
            ErrorKind::BadBoundary => f.write_str("the content type names no valid boundary"),
            ErrorKind::Malformed => f.write_str("the multipart body is malformed"),
            ErrorKind::Truncated => f.write_str("the multipart body ends before its last boundary"),
            ErrorKind::TooManyParts { limit } => {
                write!(f, "the body has more than the limit of {limit} parts")
            }
            ErrorKind::TooManyHeaders { limit } => {
                write!(f, "{part} has more than the limit of {limit} header fields")
            }
            ErrorKind::HeadTooLarge { limit } => {
                write!(
                    f,
                    "the head of {part} is larger than the limit of {limit} bytes"
                )
            }
            ErrorKind::NameTooLong { limit } => {
                write!(
                    f,
                    "a name of {part} is longer than the limit of {limit} bytes"
                )
            }
            ErrorKind::PartTooLarge { limit } => {
                write!(f, "{part} is larger than the limit of {limit} bytes")
            }
            ErrorKind::TooLarge { limit } => {
                write!(
                    f,
                    "the multipart body is larger than the limit of {limit} bytes"
                )
            }
            ErrorKind::TooDeep { limit } => {
                write!(
                    f,
                    "{part} is nested deeper than the limit of {limit} levels"
                )
            }
            ErrorKind::Encoding => write!(f, "{part} cannot be decoded"),
            ErrorKind::Charset | ErrorKind::Content => write!(f, "{part} cannot be read"),
            ErrorKind::PassedOver => write!(f, "{part} was passed over"),
            ErrorKind::Body => f.write_str("the multipart body could not be read"),
        }?;
        match &self.inner.source {
            Some(source) if f.alternate() => {
                write!(f, ": {}", crate::ErrorChain::new(source.as_ref().as_ref()))
            }
            _ => Ok(()),
        }
    }
}

/// A part as a subject of a sentence.
struct Part<'a>(Option<&'a PartName>);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 80;
        match self.0 {
            Some(PartName::Field(name)) => {
                let shown: String = name
                    .chars()
                    .take(LONGEST)
                    .map(|char| if char.is_control() { '\u{fffd}' } else { char })
                    .collect();
                write!(f, "the part `{shown}`")
            }
            Some(PartName::Number(number)) => write!(f, "part {number}"),
            None => f.write_str("a part"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "multipart::Error({self:#})")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.inner.source.as_ref()?;
        Some(source.as_ref().as_ref())
    }
}
