//! How many requests in how much time: the settings, what is wrong with them, and how they are told to clients.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::middleware::retry_after::whole_seconds;

/// In how much time a quota has to be whole again at the latest: what lies beyond is no rate.
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The largest integer of a structured field (RFC 9651 §3.3.1).
const MAX_INTEGER: u128 = 999_999_999_999_999;

#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub(super) requests: u32,
    pub(super) period: Duration,
    pub(super) burst: u32,
}

impl Quota {
    /// In how much time one request is earned again; at least a nanosecond.
    pub(super) fn interval(self) -> Duration {
        let interval = self.period / self.requests.max(1);
        interval.clamp(Duration::from_nanos(1), YEAR)
    }

    /// Makes the quota of the crate that counts. What cannot be is made possible; the app does not start with it.
    pub(super) fn to_governor(self) -> governor::Quota {
        let interval = self.interval();
        let most = YEAR.as_nanos() / interval.as_nanos();
        let burst = self.burst.min(u32::try_from(most).unwrap_or(u32::MAX));
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        governor::Quota::with_period(interval)
            .expect("an interval is at least a nanosecond")
            .allow_burst(burst)
    }

    pub(super) fn problem(self) -> Option<&'static str> {
        let interval = self.period.checked_div(self.requests).unwrap_or_default();
        if self.requests == 0 || self.burst == 0 {
            Some("a quota of zero requests lets nobody in")
        } else if interval.is_zero() {
            Some("a period has at least a nanosecond for each request")
        } else if interval
            .checked_mul(self.burst)
            .is_none_or(|whole| whole > YEAR)
        {
            Some("a burst has to be earned again within a year")
        } else {
            None
        }
    }

    /// The same rate in whole seconds, as it is told: requests, and the seconds of their window.
    pub(super) fn told(self) -> (u128, u64) {
        let window = whole_seconds(self.period).max(1);
        let period = self.period.as_nanos().max(1);
        let requests = u128::from(self.requests) * Duration::from_secs(window).as_nanos() / period;
        (requests.min(MAX_INTEGER), window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rate_is_a_problem_and_no_panic() {
        let day = Duration::from_secs(24 * 60 * 60);
        for (requests, period, burst, is_fine) in [
            (100, Duration::from_secs(60), 100, true),
            (1, day * 30, 12, true),
            (1, day * 30, 13, false),
            (u32::MAX, Duration::from_secs(5), 1, true),
            (u32::MAX, Duration::from_secs(4), 1, false),
            (0, Duration::from_secs(1), 1, false),
            (1, Duration::ZERO, 1, false),
            (1, Duration::from_secs(1), 0, false),
            (1, Duration::MAX, 1, false),
            (1, Duration::MAX, u32::MAX, false),
            (u32::MAX, Duration::from_nanos(1), u32::MAX, false),
        ] {
            let quota = Quota {
                requests,
                period,
                burst,
            };
            assert_eq!(quota.problem().is_none(), is_fine, "{quota:?}");
            let made = quota.to_governor();
            if is_fine {
                assert_eq!(made.replenish_interval(), period / requests);
                assert_eq!(made.burst_size().get(), burst);
            }
            quota.told();
        }
    }

    #[test]
    fn a_period_is_told_in_whole_seconds() {
        for (requests, milliseconds, told) in [
            (50, 60_000, (50, 60)),
            (10, 500, (20, 1)),
            (3, 1500, (4, 2)),
            (1, 1, (1000, 1)),
        ] {
            let quota = Quota {
                requests,
                period: Duration::from_millis(milliseconds),
                burst: 1,
            };
            assert_eq!(quota.told(), told);
        }
    }
}
