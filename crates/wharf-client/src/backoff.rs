//! [`Attempts`]: whether something that has ended is opened again, and when, by its [`Backoff`].

use std::time::Duration;

use tokio::time::Instant;

/// How it goes with something that is opened again when it has ended.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    pub(crate) backoff: Backoff,
    /// After how many failures in a row it is given up; `None` never gives up.
    pub(crate) most: Option<u32>,
    failures: u32,
    opened: Option<Instant>,
    opens: u64,
}

impl Attempts {
    /// Returns how often it was opened.
    pub(crate) fn opens(&self) -> u64 {
        self.opens
    }

    /// Returns how often it failed in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Takes note that it is open.
    pub(crate) fn opened(&mut self) {
        self.opens += 1;
        self.opened = Some(Instant::now());
    }

    /// Takes note that it is of use: the next failure is the first.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Takes note that it has ended, or could not be opened, and tells whether that was once too often.
    pub(crate) fn failed(&mut self) -> bool {
        let lasted = self.opened.take().map(|opened| opened.elapsed());
        if lasted.is_some_and(|lasted| lasted >= self.backoff.longest) {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.most.is_some_and(|most| self.failures >= most)
    }

    /// Returns how long to wait before it is opened again.
    pub(crate) fn wait(&self) -> Duration {
        self.backoff.wait(self.failures)
    }

    /// Returns the same where the other end has said what the first wait is at least.
    #[cfg(feature = "sse")]
    pub(crate) fn wait_at_least(&self, first: Duration) -> Duration {
        Backoff::new(first, self.backoff.longest).wait_at_least(self.failures)
    }
}

/// A wait that doubles from one failure to the next, up to the longest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        let longest = longest.max(first);
        Self { first, longest }
    }

    /// Returns how long to wait after so many failures in a row: a random part between half and all of the time, so that many
    /// clients of one server do not come back at the same moment.
    fn wait(&self, failures: u32) -> Duration {
        jittered(self.time(failures))
    }

    /// Returns how long to wait where the time is the least, with a random part of up to half of it on top.
    #[cfg(feature = "sse")]
    fn wait_at_least(&self, failures: u32) -> Duration {
        let time = self.time(failures);
        time.saturating_add(time.saturating_sub(jittered(time)))
    }

    fn time(&self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(30))
    }
}

/// A random part of a time between half and all of it; all where the system has no random numbers.
fn jittered(time: Duration) -> Duration {
    let mut random = [u8::MAX; 2];
    let _all_of_it = getrandom::fill(&mut random);
    let part = f64::from(u16::from_ne_bytes(random)) / f64::from(u16::MAX);
    let seconds = time.as_secs_f64() * (0.5 + part / 2.0);
    // The longest time of all is rounded up to one that is too long.
    Duration::try_from_secs_f64(seconds).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_at_least_half() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for (failures, seconds) in [(1, 1), (2, 2), (3, 4), (4, 5), (u32::MAX, 5)] {
            let wait = backoff.wait(failures);
            let all = Duration::from_secs(seconds);
            assert!(wait >= all / 2 && wait <= all, "{failures}: {wait:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_count_in_a_row_and_what_lasted_begins_anew() {
        let mut attempts = Attempts {
            most: Some(3),
            ..Attempts::default()
        };
        assert!(!attempts.failed());
        attempts.opened();
        assert!(!attempts.failed());
        assert_eq!((attempts.failures(), attempts.opens()), (2, 1));
        attempts.succeeded();
        assert!(!attempts.failed() && !attempts.failed());
        attempts.opened();
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(!attempts.failed() && !attempts.failed());
        assert!(attempts.failed());
    }

    #[test]
    fn any_wait_can_be_asked_for() {
        let backoff = Backoff::new(Duration::MAX, Duration::ZERO);
        assert!(backoff.wait(3) >= Duration::MAX / 2);
        assert_eq!(
            Backoff::new(Duration::ZERO, Duration::ZERO).wait(9),
            Duration::ZERO
        );
    }
}
