//! The parts of a request that a time limit applies to.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::Error;

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

/// A limit that was reached while a body was read: the cause of the body's error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    pub(crate) phase: Phase,
    pub(crate) limit: Option<Duration>,
}

impl From<Reached> for Error {
    fn from(reached: Reached) -> Self {
        Self::timeout(reached.phase, reached.limit)
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Error::from(*self), f)
    }
}

impl std::error::Error for Reached {}

/// When a call has to be over, response body included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    phase: Phase,
    limit: Option<Duration>,
}

impl Deadline {
    /// Starts the clock of a call.
    pub(crate) fn start(total: Option<Duration>) -> Self {
        Self {
            at: total.and_then(|limit| Instant::now().checked_add(limit)),
            phase: Phase::Total,
            limit: total,
        }
    }

    /// Keeps within a deadline that somebody else has set.
    pub(crate) fn within(self, other: Option<Instant>) -> Self {
        match (self.at, other) {
            (None, Some(_)) => {}
            (Some(own), Some(other)) if other < own => {}
            _ => return self,
        }
        Self {
            at: other,
            phase: Phase::Deadline,
            limit: None,
        }
    }

    pub(crate) fn at(&self) -> Option<Instant> {
        self.at
    }

    pub(crate) fn reached(&self) -> Reached {
        Reached {
            phase: self.phase,
            limit: self.limit,
        }
    }

    /// Waits for `future` until the deadline.
    pub(crate) async fn run<T>(
        &self,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match self.at {
            None => future.await,
            // Not even begun, although it could get far at once.
            Some(at) if at <= Instant::now() => Err(self.reached().into()),
            // Boxed, since most calls have no deadline and a timer is large.
            Some(at) => match Box::pin(timeout_at(at, future)).await {
                Ok(result) => result,
                Err(_elapsed) => Err(self.reached().into()),
            },
        }
    }
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
