use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use http::StatusCode;

use super::{Attempt, Outcome, RetryPolicy, Verdict, after};
use crate::timeout::Phase;
use crate::{Error, ErrorKind};

impl RetryPolicy {
    /// Decides what follows an attempt, whatever came of other requests. `random` is asked when there is a wait.
    pub(super) fn decide(&self, attempt: &Attempt<'_>, random: impl FnOnce() -> u64) -> Verdict {
        if !attempt.repeatable || attempt.number >= self.attempts {
            return Verdict::Done;
        }
        let asked = match attempt.outcome {
            Outcome::Response(status, _) if !self.statuses.contains(&status) => {
                return Verdict::Done;
            }
            Outcome::Failed(error) if !may_pass(error) => return Verdict::Done,
            Outcome::Response(
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE,
                headers,
            ) => after::read(headers, attempt.now),
            Outcome::Response(..) | Outcome::Failed(_) => None,
        };
        let mut wait = by_chance(self.longest_wait(attempt.number), random());
        if let (Some(asked), Some(max)) = (asked, self.retry_after) {
            if asked > max {
                return Verdict::Done;
            }
            wait = wait.saturating_add(asked);
        }
        // The outcome at hand says more than a time-out would.
        match attempt.left {
            Some(left) if left <= wait => Verdict::Done,
            _ => Verdict::After(wait),
        }
    }

    /// Tells whether an outcome shows that the peer is well.
    pub(super) fn is_success(&self, outcome: Outcome<'_>) -> bool {
        match outcome {
            Outcome::Response(status, _) => !self.statuses.contains(&status),
            Outcome::Failed(_) => false,
        }
    }

    fn longest_wait(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.max)
    }
}

/// Takes any part of `longest`, by a random number.
fn by_chance(longest: Duration, random: u64) -> Duration {
    let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
    let part = (u128::from(longest) * u128::from(random)) >> 64;
    // The part is below the whole, which fits.
    Duration::from_nanos(u64::try_from(part).unwrap_or(longest))
}

/// Tells whether a request may fare better the next time.
fn may_pass(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Connect => !is_lasting(error),
        ErrorKind::Proxy => error.status().is_none_or(|status| status.is_server_error()),
        ErrorKind::Dns | ErrorKind::Timeout(Phase::Connect) | ErrorKind::Disconnected => true,
        _ => false,
    }
}

/// Tells whether no connection came about for a reason that stays: a certificate that is not trusted, which is invalid
/// data to the TLS stream, or an address that is forbidden.
fn is_lasting(error: &Error) -> bool {
    let mut next = error.cause();
    while let Some(cause) = next {
        let Some(cause) = cause.downcast_ref::<io::Error>() else {
            next = match cause.downcast_ref::<Error>() {
                Some(error) => error.cause(),
                None => cause.source(),
            };
            continue;
        };
        if matches!(
            cause.kind(),
            io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::Unsupported
        ) {
            return true;
        }
        // Its `source` leaves out the error that it is made from.
        next = cause
            .get_ref()
            .map(|inner| -> &(dyn StdError + 'static) { inner });
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_grow_twofold_up_to_the_longest() {
        let policy =
            RetryPolicy::new().backoff(Duration::from_millis(100), Duration::from_millis(1500));
        let waits = [1, 2, 3, 4, 5, 6, 40, u32::MAX].map(|attempt| {
            let wait = policy.longest_wait(attempt);
            wait.as_millis()
        });
        assert_eq!(waits, [100, 200, 400, 800, 1500, 1500, 1500, 1500]);
    }

    proptest! {
        #[test]
        fn a_wait_is_any_part_of_the_longest(millis in 0..100_000_u64, random: u64) {
            let longest = Duration::from_millis(millis);
            let wait = by_chance(longest, random);
            prop_assert!(wait <= longest);
            let part = wait.as_secs_f64() - longest.as_secs_f64() * (random as f64 / u64::MAX as f64);
            prop_assert!(part.abs() < 1e-6);
            prop_assert!(by_chance(Duration::MAX, random) <= Duration::MAX);
        }
    }
}
