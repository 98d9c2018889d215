//! [`Settings`]: where sessions are kept, and for how long.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cookie::CookieSettings;
use super::failure::Failure;
use super::record::Record;
use super::seal::Seal;
use super::store::Erased;

/// How long what never ends is kept: browsers keep no cookie for longer (draft-ietf-httpbis-rfc6265bis §5.5).
const FOREVER: Duration = Duration::from_secs(400 * 86_400);

/// The share of the idle time after which a session that is in use is written again.
const RENEWAL_SHARE: u64 = 4;

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) backend: Backend,
    pub(super) cookie: CookieSettings,
    pub(super) idle: Option<Duration>,
    pub(super) absolute: Option<Duration>,
    pub(super) data_limit: usize,
    pub(super) store_timeout: Option<Duration>,
    pub(super) clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

/// Where a session is: all of it in its cookie, or in a store.
#[derive(Clone)]
pub(super) enum Backend {
    Cookie(Seal),
    Store(Arc<dyn Erased>),
}

impl Settings {
    /// Returns the time in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        (self.clock)()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    /// Returns how long a session is kept from `now`; zero when it has ended.
    pub(super) fn keep(&self, record: &Record, now: u64) -> Duration {
        let left = |limit: Option<Duration>, since: u64| {
            let end = since.saturating_add(limit?.as_secs());
            Some(Duration::from_secs(end.saturating_sub(now)))
        };
        let idle = left(self.idle, record.seen).unwrap_or(FOREVER);
        let absolute = left(self.absolute, record.created).unwrap_or(FOREVER);
        idle.min(absolute).min(FOREVER)
    }

    /// Tells whether a session that is in use has to be written, so that it does not end.
    pub(super) fn renewal_is_due(&self, seen: u64, now: u64) -> bool {
        self.idle
            .is_some_and(|idle| now >= seen.saturating_add((idle.as_secs() / RENEWAL_SHARE).max(1)))
    }

    /// Waits for the store for as long as it may take.
    pub(super) async fn in_time<R>(
        &self,
        call: impl Future<Output = Result<R, wharf_http::BoxError>>,
    ) -> Result<R, Failure> {
        match self.store_timeout {
            None => call.await.map_err(Failure::Store),
            Some(limit) => match tokio::time::timeout(limit, call).await {
                Ok(answer) => answer.map_err(Failure::Store),
                Err(_elapsed) => Err(Failure::Slow(limit)),
            },
        }
    }

    pub(super) fn problem(&self) -> Option<String> {
        let second = Duration::from_secs(1);
        for (name, limit) in [("idle", self.idle), ("absolute", self.absolute)] {
            if limit.is_some_and(|limit| limit < second) {
                return Some(format!("the {name} time of sessions is less than a second"));
            }
        }
        if let (Some(idle), Some(absolute)) = (self.idle, self.absolute)
            && idle > absolute
        {
            return Some(format!(
                "the idle time of sessions, {idle:?}, is longer than they last at all, {absolute:?}"
            ));
        }
        self.cookie.problem()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("backend", &self.backend)
            .field("cookie", &self.cookie)
            .field("idle", &self.idle)
            .field("absolute", &self.absolute)
            .field("data_limit", &self.data_limit)
            .field("store_timeout", &self.store_timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie(seal) => f.debug_tuple("Cookie").field(seal).finish(),
            Self::Store(_) => f.write_str("Store"),
        }
    }
}
