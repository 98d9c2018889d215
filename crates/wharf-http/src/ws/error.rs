//! What goes wrong with a WebSocket.

use std::error::Error as StdError;
use std::fmt;

use super::close::CloseCode;
use crate::{BoxError, ErrorChain};

/// Why a WebSocket could not go on. `{:#}` prints the chain of causes too.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    what: &'static str,
    source: Option<BoxError>,
}

/// What went wrong with a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The WebSocket is closed, or closing: nothing can be sent any more.
    Closed,
    /// The peer broke the protocol; it was sent the code 1002.
    Protocol,
    /// Text of the peer was not UTF-8; it was sent the code 1007.
    InvalidText,
    /// A message of the peer, or one of its frames, is larger than allowed; it was sent the code 1009.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer did not do in time what it had to.
    TimedOut(Phase),
    /// A message is not of the kind that was asked for. It is lost, the WebSocket goes on.
    UnexpectedMessage,
    /// A value could not be written as JSON, or a message not be read as such. The WebSocket goes on.
    Json,
    /// The code may not be sent in a close frame.
    InvalidCloseCode,
    /// The connection failed.
    Io,
}

/// What a WebSocket was waiting for when its time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// A sign of life: any byte of the peer.
    Heartbeat,
    /// The peer to accept a byte of what waits to be sent.
    Write,
    /// The end of the closing handshake.
    Close,
}

impl Error {
    pub(super) fn new(kind: ErrorKind) -> Self {
        Self::about(kind, "")
    }

    fn about(kind: ErrorKind, what: &'static str) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                what,
                source: None,
            }),
        }
    }

    pub(super) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Tells whether the peer did not do in time what it had to.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), ErrorKind::TimedOut(_))
    }

    /// Tells whether nothing more can be sent because the WebSocket is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.kind() == ErrorKind::Closed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner.kind {
            ErrorKind::Closed => f.write_str("the WebSocket is closed"),
            ErrorKind::Protocol => {
                write!(
                    f,
                    "the peer broke the WebSocket protocol: {}",
                    self.inner.what
                )
            }
            ErrorKind::InvalidText => f.write_str("the peer sent text that is not UTF-8"),
            ErrorKind::TooLarge { limit } => {
                write!(f, "the message is larger than the limit of {limit} bytes")
            }
            ErrorKind::TimedOut(Phase::Heartbeat) => {
                f.write_str("the peer showed no sign of life in time")
            }
            ErrorKind::TimedOut(Phase::Write) => {
                f.write_str("the peer did not accept in time what was sent")
            }
            ErrorKind::TimedOut(Phase::Close) => {
                f.write_str("the peer did not answer the close frame in time")
            }
            ErrorKind::UnexpectedMessage => write!(f, "got {}", self.inner.what),
            ErrorKind::Json => f.write_str("the message does not fit its JSON type"),
            ErrorKind::InvalidCloseCode => f.write_str("the close code may not be sent"),
            ErrorKind::Io => f.write_str("the connection failed"),
        }?;
        if f.alternate()
            && let Some(source) = &self.inner.source
        {
            write!(f, ": {}", ErrorChain::new(source.as_ref()))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("what", &self.inner.what)
            .field("source", &self.inner.source)
            .finish()
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

/// A rule that the peer broke, and so what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    kind: ErrorKind,
    what: &'static str,
}

impl Violation {
    pub(super) fn protocol(what: &'static str) -> Self {
        Self {
            kind: ErrorKind::Protocol,
            what,
        }
    }

    pub(super) fn text() -> Self {
        Self {
            kind: ErrorKind::InvalidText,
            what: "text that is not UTF-8",
        }
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self {
            kind: ErrorKind::TooLarge { limit },
            what: "a message that is too large",
        }
    }

    /// Returns the code of the close frame.
    pub(super) fn code(self) -> CloseCode {
        match self.kind {
            ErrorKind::InvalidText => CloseCode::INVALID_DATA,
            ErrorKind::TooLarge { .. } => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL,
        }
    }

    /// Returns the reason of the close frame.
    pub(super) fn what(self) -> &'static str {
        self.what
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::about(violation.kind, violation.what)
    }
}

impl Error {
    /// Creates the error of a message of the wrong kind.
    pub(super) fn unexpected(what: &'static str) -> Self {
        Self::about(ErrorKind::UnexpectedMessage, what)
    }
}
