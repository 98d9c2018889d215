use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;

use super::clock::Clock;
use super::quota::Quota;
use super::table::{Table, Turn};

/// How often it is logged that the table is full, in nanoseconds.
const MINUTE: u64 = 60_000_000_000;

/// Counts the requests of all keys.
pub(super) struct Limiter {
    governor: RateLimiter<Turn, Table, Clock, StateInformationMiddleware>,
    table: Table,
    interval: u64,
    burst: u32,
    /// When it may be logged again that the table is full.
    log_at: AtomicU64,
}

/// What is to be done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is let in; so many more might be now, and another in so much time.
    Pass { remaining: u32, more_in: Duration },
    /// It would be let in after this time.
    Wait(Duration),
    /// Its key is new, and there is no room for it.
    Full,
}

impl Limiter {
    pub(super) fn new(quota: Quota, max_keys: usize) -> Self {
        let clock = Clock::new();
        let quota = quota.to_governor();
        let interval = quota.replenish_interval().as_nanos();
        let table = Table::new(max_keys, clock);
        Self {
            governor: RateLimiter::new(quota, table.clone(), clock),
            table,
            interval: u64::try_from(interval).unwrap_or(u64::MAX),
            burst: quota.burst_size().get(),
            log_at: AtomicU64::new(0),
        }
    }

    /// Counts one request.
    pub(super) fn take(&self, fingerprint: u64) -> Verdict {
        let turn = Turn::new(fingerprint);
        let state = match self.governor.check_key(&turn) {
            Ok(state) => state,
            Err(later) => return Verdict::Wait(later.wait_time_from(self.governor.clock().now())),
        };
        let Some(whole_at) = turn.kept() else {
            self.log_full();
            return Verdict::Full;
        };
        let remaining = state.remaining_burst_capacity();
        // Each request that is missing takes one interval, the last one ends when the quota is whole.
        let missing = u64::from(self.burst - remaining.min(self.burst)).saturating_sub(1);
        let more_at = whole_at.saturating_sub(missing * self.interval);
        let now = self.governor.clock().now().as_u64();
        Verdict::Pass {
            remaining,
            more_in: Duration::from_nanos(more_at.saturating_sub(now)),
        }
    }

    /// Returns how many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.table.len()
    }

    /// Says that the table is full, once in a while: who fills it would fill the log as well.
    fn log_full(&self) {
        let now = self.governor.clock().now().as_u64();
        let log_at = self.log_at.load(Ordering::Relaxed);
        let next = now.saturating_add(MINUTE);
        let is_time = now >= log_at
            && self
                .log_at
                .compare_exchange(log_at, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_time {
            tracing::warn!(
                "a rate limit has no room for more keys: raise `max_keys`, or look who comes with so many"
            );
        }
    }
}
