//! The parts of a request that a time limit applies to.

use std::fmt;

/// A part of a request that has a time limit of its own; see [`Timeouts`](crate::Timeouts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for a connection while as many are in use as the pool allows.
    PoolWait,
    /// From the beginning of a name look-up to a connection that can be used.
    Connect,
    /// From the last byte of the request to the response head.
    ResponseHead,
    /// Between two pieces of the response body.
    BodyRead,
    /// The response body, while the peer sends it more slowly than the lowest rate that is accepted.
    MinRate,
    /// From the call to the last byte of the response.
    Total,
    /// What was left of the time of the request that this one was made [within](crate::RequestBuilder::within).
    Deadline,
}

impl fmt::Display for Phase {
    /// Prints what the client was doing, such as `connecting`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PoolWait => "waiting for a free connection",
            Self::Connect => "connecting",
            Self::ResponseHead => "waiting for the response head",
            Self::BodyRead => "reading the response body",
            Self::MinRate => "reading a response body that comes too slowly",
            Self::Total => "completing the request",
            Self::Deadline => "completing a request within another one",
        })
    }
}
