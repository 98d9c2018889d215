//! The parts of a request that a time limit applies to.

use std::fmt;

/// A part of a request that has a time limit of its own; see [`Timeouts`](crate::Timeouts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// From asking for a connection to having one.
    Connect,
    /// From the last byte of the request to the response head.
    ResponseHead,
    /// Between two pieces of the response body.
    BodyRead,
}

impl fmt::Display for Phase {
    /// Prints what the client was doing, such as `connecting`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::ResponseHead => "waiting for the response head",
            Self::BodyRead => "reading the response body",
        })
    }
}
