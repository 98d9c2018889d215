//! [`Workers`], how many threads serve, and the rooms for what they do.
//!
//! ~~~text
//!            Supervisor                 on the main runtime: signals, listeners, the order of the end
//!                │ Command    ▲ Event
//!        ┌───────┼───────┐    │
//!     Worker   Worker   Worker          a thread and a runtime each, or one task on the runtime of the caller
//!        └─ Acceptor ─┴─ hands on what it has too much of
//! ~~~
//!
//! A worker accepts for itself and serves what it has accepted to the end, so that a connection never changes threads
//! and no lock is shared on the way of a request. Resources, hooks and background tasks of the service live on the main
//! runtime, which outlives all workers.

mod balance;
mod command;
mod crew;
mod thread;

pub(crate) use balance::{Load, Neighbours, Place};
pub(crate) use command::{Command, Event};
pub(crate) use crew::{Crew, Plan};

use std::num::NonZeroUsize;

use crate::error::{Error, ErrorKind};

/// How many threads serve, and for how long each.
///
/// Each worker has a runtime of its own and accepts for itself. What blocks one, such as a long computation outside
/// `spawn_blocking`, holds up the connections of that worker alone.
///
/// # Examples
///
/// ```
/// use wharf_server::Workers;
///
/// let workers = Workers::new().count(4).max_requests(100_000);
/// # let _ = workers;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    pub(crate) count: Option<usize>,
    pub(crate) affinity: bool,
    pub(crate) max_requests: Option<u64>,
    pub(crate) max_requests_jitter: u64,
}

impl Default for Workers {
    fn default() -> Self {
        Self::new()
    }
}

impl Workers {
    /// Creates the defaults: a worker for each core.
    #[must_use]
    pub fn new() -> Self {
        Self {
            count: None,
            affinity: false,
            max_requests: None,
            max_requests_jitter: 0,
        }
    }

    /// Sets the number of workers.
    ///
    /// Default: `None`, as many as this process may use cores. 0 is an error when the server starts.
    #[must_use]
    pub fn count(mut self, count: impl Into<Option<usize>>) -> Self {
        self.count = count.into();
        self
    }

    /// Sets whether each worker is bound to a core of its own. Without effect where the system has no such call.
    ///
    /// It helps where nothing else runs on the machine, and harms where something does.
    ///
    /// Default: false.
    #[must_use]
    pub fn affinity(mut self, on: bool) -> Self {
        self.affinity = on;
        self
    }

    /// Sets after how many requests a worker is replaced by a new one.
    ///
    /// The new one accepts first; then the old one ends its idle connections and finishes its requests. Its thread ends
    /// with its last task, so that connections which a client pool keeps there live on.
    ///
    /// Default: `None`, never. It is a crutch for code that grows with every request; memory that is lost to the process
    /// as a whole does not come back.
    #[must_use]
    pub fn max_requests(mut self, requests: impl Into<Option<u64>>) -> Self {
        self.max_requests = requests.into();
        self
    }

    /// Sets up to how many requests more each worker may serve, chosen at random, so that not all are replaced at once.
    ///
    /// Default: 0.
    #[must_use]
    pub fn max_requests_jitter(mut self, requests: u64) -> Self {
        self.max_requests_jitter = requests;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str| Err(Error::new(ErrorKind::Settings, what));
        if self.count == Some(0) {
            return wrong("a server needs at least one worker");
        }
        if self.max_requests == Some(0) {
            return wrong(
                "a worker that is replaced after 0 requests serves none: `None` keeps it for ever",
            );
        }
        Ok(())
    }

    /// Returns how many there are.
    pub(crate) fn number(&self) -> usize {
        self.count
            .or_else(|| {
                std::thread::available_parallelism()
                    .ok()
                    .map(NonZeroUsize::get)
            })
            .unwrap_or(1)
            .max(1)
    }

    /// Returns after how many requests the next worker is replaced.
    pub(crate) fn next_limit(&self) -> Option<u64> {
        use std::hash::{BuildHasher, RandomState};

        let jitter = match self.max_requests_jitter {
            0 => 0,
            // A new state is a new random number.
            most => RandomState::new().hash_one(()) % (most.saturating_add(1)).max(1),
        };
        self.max_requests
            .map(|requests| requests.saturating_add(jitter))
    }
}

impl From<usize> for Workers {
    fn from(count: usize) -> Self {
        Self::new().count(count)
    }
}

#[cfg(test)]
mod tests;
