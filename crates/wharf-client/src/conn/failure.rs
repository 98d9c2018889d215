//! [`Failure`]: a request that got no response, and what is known of it.

use wharf_http::Body;

#[cfg(feature = "http2")]
use super::http2::{self, Verdict};
use crate::{Error, ErrorKind};

/// A request that got no response.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The body of the request, when nothing of that was written.
    pub(crate) unsent: Option<Body>,
    /// Whether the connection has ended, or takes no more requests.
    pub(crate) ended: bool,
    /// Whether it did so without a single byte of the response.
    pub(crate) silent: bool,
    /// Whether no byte of the request was written.
    pub(crate) untouched: bool,
    /// Whether the peer says itself that it has not begun with the request.
    pub(crate) refused: bool,
    /// Whether nothing at all came in while the time ran out, so that the connection itself is in doubt.
    pub(crate) dead: bool,
}

impl Failure {
    /// A request that was not even handed to the connection.
    pub(crate) fn of(error: Error) -> Self {
        Self {
            error,
            unsent: None,
            ended: false,
            silent: false,
            untouched: false,
            refused: false,
            dead: false,
        }
    }
}

/// Finds out what an error says of the request; `silent` when nothing of a response has come.
pub(super) fn judged(error: hyper::Error, silent: bool) -> Failure {
    let kind = kind_of(&error);
    let lost = kind == ErrorKind::Disconnected;
    #[cfg(feature = "http2")]
    if let Some(verdict) = http2::verdict(&error) {
        let kind = match verdict {
            Verdict::Malformed => ErrorKind::Malformed,
            _ => kind,
        };
        return Failure {
            ended: verdict == Verdict::GoneAway,
            refused: matches!(verdict, Verdict::GoneAway | Verdict::Refused),
            ..Failure::of(named(kind, error))
        };
    }
    Failure {
        ended: lost,
        silent: lost && silent,
        ..Failure::of(named(kind, error))
    }
}

fn named(kind: ErrorKind, error: hyper::Error) -> Error {
    #[cfg(feature = "tls-core")]
    if let Some(refusal) = crate::tls::refusal(&error) {
        return refusal;
    }
    Error::new(kind).because(error)
}

fn kind_of(error: &hyper::Error) -> ErrorKind {
    if error.is_parse() || broken(error) {
        ErrorKind::Malformed
    } else if error.is_body_write_aborted() {
        ErrorKind::RequestBody
    } else if error.is_user() {
        // Tells what of the request is to blame when hyper blames the request.
        match std::error::Error::source(error) {
            Some(source) if source.is::<wharf_http::body::Error>() => ErrorKind::RequestBody,
            _ => ErrorKind::Request,
        }
    } else {
        ErrorKind::Disconnected
    }
}

/// Tells whether the peer broke the rules of HTTP/2.
fn broken(error: &hyper::Error) -> bool {
    #[cfg(feature = "http2")]
    return http2::broken(error);
    #[cfg(not(feature = "http2"))]
    {
        let _no_rule_can_be = error;
        false
    }
}
