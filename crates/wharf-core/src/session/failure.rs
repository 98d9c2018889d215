//! [`Failure`]: why a session was not kept, and what is answered then.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use wharf_http::BoxError;
use wharf_http::cookie::BadCookie;

use crate::error::HttpError;

#[derive(Debug)]
pub(super) enum Failure {
    /// The store does not do its work.
    Store(BoxError),
    /// The store does not answer.
    Slow(Duration),
    /// Others have written the session again and again.
    Busy,
    /// Another request has ended the session.
    Ended,
    TooLarge {
        size: usize,
        limit: usize,
    },
    Encode(serde_json::Error),
    Cookie(BadCookie),
    NoRandomBytes,
}

impl Failure {
    /// Makes the error to answer with: what the client may know, and the cause for the log.
    pub(super) fn into_http(self) -> HttpError {
        let (status, detail) = match self {
            Self::Store(_) | Self::Slow(_) | Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "sessions are not available at the moment",
            ),
            Self::Ended => (
                StatusCode::CONFLICT,
                "the session has ended while this request was answered",
            ),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the session cannot be kept",
            ),
        };
        HttpError::new(status).detail(detail).because(self)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(_) => write!(f, "the store of the sessions has failed"),
            Self::Slow(limit) => write!(
                f,
                "the store of the sessions has not answered within {limit:?}"
            ),
            Self::Busy => write!(f, "the session is written by others again and again"),
            Self::Ended => write!(f, "another request has ended the session or rotated it"),
            Self::TooLarge { size, limit } => {
                write!(f, "the session has {size} bytes, and may have {limit}")
            }
            Self::Encode(_) => write!(f, "what is in the session cannot be written as JSON"),
            Self::Cookie(_) => write!(f, "the session has no valid cookie"),
            Self::NoRandomBytes => write!(f, "the system has no random bytes"),
        }
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Store(error) => Some(error.as_ref()),
            Self::Encode(error) => Some(error),
            Self::Cookie(error) => Some(error),
            _ => None,
        }
    }
}

impl From<BadCookie> for Failure {
    fn from(error: BadCookie) -> Self {
        Self::Cookie(error)
    }
}

impl From<getrandom::Error> for Failure {
    fn from(_error: getrandom::Error) -> Self {
        Self::NoRandomBytes
    }
}
