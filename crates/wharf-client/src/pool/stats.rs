//! Live numbers of a pool.

use std::fmt;
use std::time::Duration;

use super::Key;

/// Why a connection was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// It was idle for as long as idle connections are kept, or as the server keeps them.
    Idle,
    /// It was as old as a connection may get.
    Age,
    /// The peer has closed it, or it broke.
    Peer,
    /// A request was given up, or its response was not read to the end.
    Unread,
    /// Too many others were idle, or the client does not keep any.
    Surplus,
    /// Nothing came from the peer for so long that the connection is taken for dead.
    Dead,
    /// The client was closed.
    Client,
}

impl CloseReason {
    pub(super) const ALL: [Self; 7] = [
        Self::Idle,
        Self::Age,
        Self::Peer,
        Self::Unread,
        Self::Surplus,
        Self::Dead,
        Self::Client,
    ];
}

/// What a pool has done for one host.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) created: u64,
    pub(super) reused: u64,
    pub(super) waited: u64,
    pub(super) wait_time: Duration,
    pub(super) closed: [u64; CloseReason::ALL.len()],
}

impl Counters {
    pub(super) fn closed(&mut self, reason: CloseReason) {
        self.closed[reason as usize] += 1;
    }
}

/// The connections of a client, as they are at the moment, and what became of earlier ones.
#[derive(Clone, Debug)]
pub struct PoolStats {
    pub(super) hosts: Vec<HostStats>,
}

impl PoolStats {
    /// Returns the numbers of each host: scheme, host, port, and how it is reached. The pool forgets hosts that it has no
    /// connection to when it knows more than a thousand.
    #[must_use]
    pub fn hosts(&self) -> &[HostStats] {
        &self.hosts
    }

    /// Returns how many connections serve requests or are being opened.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.hosts.iter().map(|host| host.in_use).sum()
    }

    /// Returns how many connections are kept for later requests.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.hosts.iter().map(|host| host.idle).sum()
    }

    /// Returns how many requests wait for a connection.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.hosts.iter().map(|host| host.waiting).sum()
    }
}

/// The connections to one host.
#[derive(Clone)]
pub struct HostStats {
    pub(super) key: Key,
    pub(super) idle: usize,
    pub(super) in_use: usize,
    pub(super) streams: usize,
    pub(super) waiting: usize,
    pub(super) counters: Counters,
}

impl HostStats {
    /// Returns scheme, host and port, such as `https://quay.test:443`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{:?}", self.key)
    }

    /// Returns how many connections are kept for later requests.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.idle
    }

    /// Returns how many connections serve requests or are being opened.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.in_use
    }

    /// Returns how many requests share HTTP/2 connections.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Returns how many requests wait for a connection.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Returns how many requests had to wait.
    #[must_use]
    pub fn waited(&self) -> u64 {
        self.counters.waited
    }

    /// Returns how long requests have waited, all together.
    #[must_use]
    pub fn wait_time(&self) -> Duration {
        self.counters.wait_time
    }

    /// Returns how many connections were opened.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.counters.created
    }

    /// Returns how many requests were sent over a connection that was there already.
    #[must_use]
    pub fn reused(&self) -> u64 {
        self.counters.reused
    }

    /// Returns how many connections were closed for a reason.
    #[must_use]
    pub fn closed(&self, reason: CloseReason) -> u64 {
        self.counters.closed[reason as usize]
    }
}

impl fmt::Debug for HostStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("HostStats");
        debug
            .field("origin", &self.origin())
            .field("idle", &self.idle)
            .field("in_use", &self.in_use)
            .field("streams", &self.streams)
            .field("waiting", &self.waiting)
            .field("waited", &self.counters.waited)
            .field("wait_time", &self.counters.wait_time)
            .field("created", &self.counters.created)
            .field("reused", &self.counters.reused);
        for reason in CloseReason::ALL {
            let closed = self.closed(reason);
            if closed > 0 {
                debug.field(&format!("closed_{reason:?}").to_lowercase(), &closed);
            }
        }
        debug.finish()
    }
}
