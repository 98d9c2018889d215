//! [`Stats`], live counters that cost a request two additions in memory of its own core.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Live counters of connections and requests. Clones share the counters.
///
/// The figures are read one after the other while others count: they are each right, but need not fit together.
///
/// # Examples
///
/// ```
/// let stats = wharf_server::Stats::new();
/// assert_eq!((stats.connections(), stats.requests(), stats.in_flight()), (0, 0, 0));
/// ```
#[derive(Clone)]
pub struct Stats {
    shards: Arc<[Shard; SHARDS]>,
    next: Arc<AtomicUsize>,
    /// Few and far between: one counter will do.
    tls_failures: Arc<AtomicU64>,
}

/// Connections take turns, so that the workers rarely write to the same cache line.
const SHARDS: usize = 16;

#[derive(Default)]
#[repr(align(128))]
struct Shard {
    opened: AtomicU64,
    closed: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

impl Stats {
    /// Creates counters that stand at zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: Arc::default(),
            next: Arc::default(),
            tls_failures: Arc::default(),
        }
    }

    /// Returns how many connections are open.
    #[must_use]
    pub fn connections(&self) -> u64 {
        // What ended is read first, so that the difference is never negative.
        let closed = self.sum(|shard| &shard.closed);
        self.sum(|shard| &shard.opened).saturating_sub(closed)
    }

    /// Returns how many connections there were, the open ones included.
    #[must_use]
    pub fn connections_accepted(&self) -> u64 {
        self.sum(|shard| &shard.opened)
    }

    /// Returns how many requests have been dealt with, the aborted ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.sum(|shard| &shard.ended)
    }

    /// Returns how many requests wait for the end of their answer.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        let ended = self.sum(|shard| &shard.ended);
        self.sum(|shard| &shard.begun).saturating_sub(ended)
    }

    /// Returns how many TLS handshakes have failed, for whatever reason.
    ///
    /// Connections that were closed before their first byte, and requests that came unencrypted, are not among them.
    #[must_use]
    pub fn tls_handshake_failures(&self) -> u64 {
        self.tls_failures.load(Relaxed)
    }

    #[cfg(feature = "tls-core")]
    pub(crate) fn tls_handshake_failed(&self) {
        self.tls_failures.fetch_add(1, Relaxed);
    }

    fn sum(&self, counter: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards
            .iter()
            .map(|shard| counter(shard).load(Relaxed))
            .sum()
    }

    /// Counts a connection in; dropping what it returns counts it out.
    pub(crate) fn connection(&self) -> ConnectionStats {
        let index = self.next.fetch_add(1, Relaxed) % SHARDS;
        let stats = ConnectionStats {
            shards: Arc::clone(&self.shards),
            index,
        };
        stats.shard().opened.fetch_add(1, Relaxed);
        stats
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stats")
            .field("connections", &self.connections())
            .field("requests", &self.requests())
            .field("in_flight", &self.in_flight())
            .finish()
    }
}

/// The counters of one open connection.
pub(crate) struct ConnectionStats {
    shards: Arc<[Shard; SHARDS]>,
    index: usize,
}

impl ConnectionStats {
    fn shard(&self) -> &Shard {
        &self.shards[self.index]
    }

    pub(crate) fn request_begun(&self) {
        self.shard().begun.fetch_add(1, Relaxed);
    }

    pub(crate) fn request_ended(&self) {
        self.shard().ended.fetch_add(1, Relaxed);
    }
}

impl Drop for ConnectionStats {
    fn drop(&mut self) {
        self.shard().closed.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_requests_are_counted_in_and_out() {
        let stats = Stats::new();
        let connections: Vec<_> = (0..40).map(|_| stats.connection()).collect();
        connections[3].request_begun();
        connections[20].request_begun();
        connections[20].request_ended();
        assert_eq!(stats.connections(), 40);
        assert_eq!((stats.requests(), stats.in_flight()), (1, 1));
        drop(connections);
        assert_eq!(stats.connections(), 0);
        assert_eq!(stats.connections_accepted(), 40);
    }
}
