//! Sending a request again when it failed in a way that may pass.
//!
//! ~~~text
//! attempt ─▶ outcome ─▶ decide ─▶ Done
//!    ▲                     └─▶ After(wait) ─▶ budget ─▶ Done, when it is spent
//!    └────────────────────────────────────────┘
//! ~~~
//!
//! [`RetryPolicy`] holds the rules and remembers nothing; the `Budget` of a client remembers how its requests fared
//! lately. A client without a policy sends each request once, save where a kept connection turned out to be closed.

mod after;
mod budget;
mod decide;
mod key;

use std::time::{Duration, SystemTime};

use http::header::HeaderMap;
use http::{Method, StatusCode};

pub(crate) use self::after::read as retry_after;
pub(crate) use self::budget::Budget;
pub use self::budget::RetryBudget;
use crate::{Error, ErrorKind};

/// When a request is sent again, and how long to wait before.
///
/// A request is sent again when no connection could be opened, when the connection ended before the response, and when
/// the status is 429, 502, 503 or 504. Never are one whose peer has shown a certificate that is not trusted, and one
/// whose address the client refuses.
///
/// Only what may arrive twice is sent again: a request whose method is idempotent (RFC 9110 §9.2.2), that is marked as
/// repeatable, or that has an `Idempotency-Key`; its body has to be in memory. What the client does by itself when a
/// kept connection turns out to be closed comes on top and is no attempt.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_client::retry::{RetryBudget, RetryPolicy};
///
/// let policy = RetryPolicy::new()
///     .attempts(5)
///     .backoff(Duration::from_millis(50), Duration::from_secs(2))
///     .budget(RetryBudget::new().burst(20))
///     .idempotency_key(true);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RetryPolicy {
    attempts: u32,
    first: Duration,
    max: Duration,
    retry_after: Option<Duration>,
    statuses: Vec<StatusCode>,
    budget: Option<RetryBudget>,
    idempotency_key: bool,
}

impl RetryPolicy {
    /// Creates the default policy.
    pub fn new() -> Self {
        Self {
            attempts: 3,
            first: Duration::from_millis(200),
            max: Duration::from_secs(10),
            retry_after: Some(Duration::from_secs(30)),
            statuses: vec![
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ],
            budget: Some(RetryBudget::new()),
            idempotency_key: false,
        }
    }

    /// Sets how often a request is sent in all. One sends it once; zero is refused when the client is built.
    ///
    /// Default: 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets how long to wait: after the first attempt anything between nothing and `first`, after each further one up to
    /// twice as much as before, but never more than `max`.
    ///
    /// The whole of it is left to chance, so that clients that failed together do not come back together. Zero for both
    /// waits never.
    ///
    /// Default: 200 milliseconds and 10 seconds.
    pub fn backoff(mut self, first: Duration, max: Duration) -> Self {
        self.first = first;
        self.max = max;
        self
    }

    /// Sets how long a server may have the client wait, by `Retry-After` with a status of 429 or 503 (RFC 9110 §10.2.3).
    ///
    /// The wait by chance comes on top. When a server asks for more, its response is returned as it is.
    ///
    /// Default: 30 seconds. `None` does not look at the field.
    pub fn retry_after(mut self, max: impl Into<Option<Duration>>) -> Self {
        self.retry_after = max.into();
        self
    }

    /// Sets the statuses with which a request is sent again.
    ///
    /// Default: 429, 502, 503 and 504.
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Sets how many retries all requests of a client may make together.
    ///
    /// Default: that of [`RetryBudget::new`]. `None` sets no limit, so that in an outage the client sends as many times
    /// what it sends otherwise as there are attempts.
    pub fn budget(mut self, budget: impl Into<Option<RetryBudget>>) -> Self {
        self.budget = budget.into();
        self
    }

    /// Sets whether requests of other methods than the idempotent ones are given an `Idempotency-Key`, unless they have
    /// one: a random UUID that is the same in all attempts of a request. It makes them repeatable.
    ///
    /// Only for servers that know the field; others act on each attempt.
    ///
    /// Default: `false`.
    pub fn idempotency_key(mut self, send: bool) -> Self {
        self.idempotency_key = send;
        self
    }

    /// Refuses what makes no sense.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let why = if self.attempts == 0 {
            "a retry policy of zero attempts sends nothing"
        } else if self.first > self.max {
            "the first back-off of the retry policy is longer than its longest"
        } else if self.budget.as_ref().is_some_and(RetryBudget::is_free) {
            "a retry budget of zero successes per retry limits nothing; `None` switches it off"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Config).because(why))
    }

    /// Makes the budget that all requests of a client share.
    pub(crate) fn shared_budget(&self) -> Budget {
        Budget::new(self.budget.as_ref())
    }

    /// Gives a request its key, if it is to have one. To be called once, before the first attempt.
    pub(crate) fn prepare(&self, method: &Method, headers: &mut HeaderMap) {
        if self.idempotency_key && !method.is_idempotent() && !headers.contains_key(key::NAME) {
            headers.extend(key::random().map(|value| (key::NAME, value)));
        }
    }

    /// Tells whether a request may arrive twice; `marked` when its sender says so.
    pub(crate) fn is_repeatable(method: &Method, headers: &HeaderMap, marked: bool) -> bool {
        marked || method.is_idempotent() || headers.contains_key(key::NAME)
    }

    /// Decides what follows an attempt, and keeps the books.
    pub(crate) fn verdict(&self, attempt: &Attempt<'_>, budget: &Budget) -> Verdict {
        // Without random bytes the wait is the longest.
        let random = || getrandom::u64().unwrap_or(u64::MAX);
        match self.decide(attempt, random) {
            Verdict::After(wait) if budget.spend() => Verdict::After(wait),
            Verdict::After(_) => Verdict::Done,
            Verdict::Done => {
                if self.is_success(attempt.outcome) {
                    budget.refill();
                }
                Verdict::Done
            }
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// An attempt that is over.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    /// Which one it was, the first being 1.
    pub(crate) number: u32,
    pub(crate) outcome: Outcome<'a>,
    /// Whether the request may arrive twice, and its body can be sent twice.
    pub(crate) repeatable: bool,
    /// How long the call as a whole may still take.
    pub(crate) left: Option<Duration>,
    pub(crate) now: SystemTime,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    Response(StatusCode, &'a HeaderMap),
    Failed(&'a Error),
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    /// Its outcome is that of the call.
    Done,
    /// Another one, after a wait.
    After(Duration),
}

#[cfg(test)]
mod tests;
