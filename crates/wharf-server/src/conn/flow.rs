//! [`Flow`], what has gone over a connection and when; and the numbers that its parts tell each other.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;
use wharf_http::Context;

use super::patience::patience;
use crate::access_log::Outcome;
use crate::stats::{ConnectionStats, RouteMark};

/// The bytes of a connection, and its clock. Each number is written by one part and read by others.
pub(crate) struct Flow {
    /// Times are nanoseconds since one nanosecond before this, so that 0 means "not set".
    base: Instant,
    /// The time, as far as it was asked for since the connection was last woken.
    clock: Number,
    /// Bytes that came in.
    pub(crate) read: Number,
    /// Bytes that hyper handed over.
    pub(crate) accepted: Number,
    /// Bytes that the socket took.
    pub(crate) written: Number,
    /// Since when the socket has taken no byte while some wait.
    pub(crate) blocked_since: Number,
    /// For how long the client was the slow side since [`slow_mark`](Self::slow_mark).
    pub(crate) slow: Number,
    /// How much the socket had taken when [`slow`](Self::slow) began to count.
    pub(crate) slow_mark: Number,
    /// How much of what came in and went out was added to the server's counters.
    accounted: (Number, Number),
}

impl Flow {
    /// Creates the flow of a connection that was opened at `base`.
    pub(crate) fn new(base: Instant) -> Self {
        Self {
            base,
            clock: Number::default(),
            read: Number::default(),
            accepted: Number::default(),
            written: Number::default(),
            blocked_since: Number::default(),
            slow: Number::default(),
            slow_mark: Number::default(),
            accounted: Default::default(),
        }
    }

    /// Returns when the connection was opened.
    #[cfg(feature = "http2")]
    pub(crate) fn opened(&self) -> Instant {
        self.base
    }

    /// Starts a new look at the clock.
    pub(crate) fn woken(&self) {
        self.clock.set(0);
    }

    /// Returns the time; one look at the clock serves until the connection is woken again.
    pub(crate) fn now(&self) -> u64 {
        match self.clock.get() {
            0 => {
                let now = self.stamp(Instant::now());
                self.clock.set(now);
                now
            }
            now => now,
        }
    }

    /// Returns the time as [`now`](Self::now) does.
    #[cfg(feature = "http1")]
    pub(crate) fn time(&self) -> Instant {
        self.instant(self.now())
    }

    /// Makes a number of a time; 584 years fit.
    pub(crate) fn stamp(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.base).as_nanos() as u64 + 1
    }

    /// Makes a time of a number.
    pub(crate) fn instant(&self, stamp: u64) -> Instant {
        self.base + Duration::from_nanos(stamp - 1)
    }

    /// Adds to the server's counters what has come in and gone out since the last time.
    pub(crate) fn account(&self, stats: &ConnectionStats) {
        let (read, written) = (self.read.get(), self.written.get());
        stats.bytes(
            read.saturating_sub(self.accounted.0.get()),
            written.saturating_sub(self.accounted.1.get()),
        );
        self.accounted.0.set(read);
        self.accounted.1.set(written);
    }

    /// Begins to count anew how slow the client is.
    pub(crate) fn forgive(&self) {
        self.slow.set(0);
        self.slow_mark.set(self.written.get());
    }

    /// Returns until when the socket may go on to take nothing; `None` while it takes what there is, or without limit.
    pub(crate) fn patience_ends(
        &self,
        response_write: Option<Duration>,
        min_rate: Option<u32>,
        grace: Duration,
    ) -> Option<u64> {
        let since = self.blocked_since.get();
        if since == 0 {
            return None;
        }
        let write = response_write.map(|limit| after(since, limit));
        let rate = min_rate.map(|rate| {
            let bytes = self.written.get() - self.slow_mark.get();
            after(since, patience(bytes, rate, grace)).saturating_sub(self.slow.get())
        });
        [write, rate].into_iter().flatten().min()
    }
}

/// Returns the time `limit` after `since`.
pub(crate) fn after(since: u64, limit: Duration) -> u64 {
    since.saturating_add(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX))
}

/// What is known of the route of a request: its mark, and what it says of the rate of bodies, 0 nothing, else one more than
/// the rate, which is 0 for any.
#[derive(Default)]
pub(crate) struct Routed {
    rate: Number,
    mark: Number,
}

impl Routed {
    /// Notes what was said when the service was called.
    pub(crate) fn set(&self, context: &Context, stats: &ConnectionStats) {
        let rate = context.min_rate();
        self.rate
            .set(rate.map_or(0, |rate| u64::from(rate.unwrap_or(0)) + 1));
        let mark = RouteMark::of(context);
        self.mark.set(u64::from(mark.0));
        stats.request_routed(mark);
    }

    /// Returns the mark of the route.
    pub(crate) fn mark(&self) -> RouteMark {
        RouteMark(self.mark.get() as u32)
    }

    /// Forgets the route, and returns its mark.
    pub(crate) fn leave(&self) -> RouteMark {
        let mark = self.mark();
        self.mark.set(0);
        mark
    }

    /// Returns the least rate in bytes per second; `None` is any.
    pub(crate) fn or(&self, usual: Option<u32>) -> Option<u32> {
        match self.rate.get() {
            0 => usual,
            set => u32::try_from(set - 1).ok().filter(|&rate| rate > 0),
        }
    }
}

/// How a request or a connection ends, once that is known.
#[derive(Default)]
pub(crate) struct Ending(AtomicU8);

impl Ending {
    pub(crate) fn set(&self, outcome: Outcome) {
        let number = match outcome {
            Outcome::Complete | Outcome::Rejected => 1,
            Outcome::Left => 2,
            Outcome::Slow => 3,
            Outcome::Failed => 4,
            Outcome::Cut => 5,
        };
        self.0.store(number, Relaxed);
    }

    pub(crate) fn get(&self) -> Option<Outcome> {
        match self.0.load(Relaxed) {
            0 => None,
            1 => Some(Outcome::Complete),
            2 => Some(Outcome::Left),
            3 => Some(Outcome::Slow),
            4 => Some(Outcome::Failed),
            _ => Some(Outcome::Cut),
        }
    }
}

/// A number that one part writes and others read.
#[derive(Default)]
pub(crate) struct Number(AtomicU64);

impl Number {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, to: u64) {
        self.0.store(to, Relaxed);
    }

    /// Adds to it; no two parts may do so.
    pub(crate) fn add(&self, more: u64) {
        self.set(self.get() + more);
    }

    /// Sets it to `to` if it is `from`.
    #[cfg(feature = "http1")]
    pub(crate) fn swap(&self, from: u64, to: u64) {
        let _changed_meanwhile = self.0.compare_exchange(from, to, Relaxed, Relaxed);
    }
}

/// A flag that one part sets and others read.
#[derive(Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, to: bool) {
        self.0.store(to, Relaxed);
    }

    /// Returns it and takes it down; only one part may do so.
    #[cfg(feature = "http1")]
    pub(crate) fn take(&self) -> bool {
        let set = self.get();
        if set {
            self.set(false);
        }
        set
    }
}
