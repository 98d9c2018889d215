//! [`RateLimit`]: so many requests in so much time, for each client or whatever else tells requests apart.
//!
//! What counts is the crate governor, by the generic cell rate algorithm: of each key it is known when its quota will be whole
//! again, and nothing else. The table of the keys is ours, and bounded.

mod clock;
mod key;
mod limiter;
mod quota;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use wharf_http::{Middleware, Request, Response};

use self::key::Fingerprint;
use self::limiter::{Limiter, Verdict};
use self::quota::Quota;
use super::retry_after::{retry_after, whole_seconds};
use super::{Next, Served};
use crate::error::HttpError;
use crate::extract::Scope;
use crate::response::IntoResponse;

// draft-ietf-httpapi-ratelimit-headers-10 §3 and §4.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Answers 429 to clients that send more requests than they may (RFC 6585 §4), with `Retry-After`.
///
/// Wrapped around an app, a mounted app or a route. Each client has a quota of its own, such as 100 requests a minute: it may send
/// that many at once, its [burst](Self::burst), and earns one back every 0.6 seconds. A client that comes evenly is never
/// refused, and one that was silent for a while may send no more than its burst. A request that is refused costs nothing, and its body
/// is not read.
///
/// Clients are told apart by their addresses, as the socket or a trusted proxy tells: IPv6 by the first 64 bits, as a customer has all
/// addresses below them. All clients on unix sockets and in the same process are one. [`by_header`](Self::by_header) and
/// [`by`](Self::by) tell requests apart in other ways. Clones share their quotas: one that is wrapped around two routes counts
/// both together, unless another burst or number of keys is set on it.
///
/// # Header fields
///
/// Every answer says what is left, by a draft of the IETF (draft-ietf-httpapi-ratelimit-headers-10), unless
/// [`fields`](Self::fields) are switched off. Nested limits each add theirs; give them [names](Self::name).
///
/// ```text
/// ratelimit-policy: "default";q=100;w=60    100 requests in 60 seconds
/// ratelimit: "default";r=99;t=1             99 are left, and one more in a second
/// ```
///
/// Pages of other origins see them where [`Cors`](super::Cors) exposes them.
///
/// # Memory
///
/// A key takes about 35 bytes, and no more than [`max_keys`](Self::max_keys) are kept. One whose quota is whole again is
/// forgotten when its place is needed. When there is no place, because more clients than that have used some of their quotas of late, new ones
/// are answered 503 with `Retry-After` and known ones go on as before; [`fail_open`](Self::fail_open) lets the new ones in
/// uncounted instead. Either is logged, once a minute.
///
/// Of a key no more is kept than 64 bits, made with a secret number. Of a million clients two share a quota with a probability
/// of one to 37 million.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use wharf_core::middleware::RateLimit;
/// use wharf_core::{App, post};
///
/// let logins = RateLimit::new(5, Duration::from_secs(60)).name("logins");
/// let app = App::new().routes([post("/login", async || "welcome").wrap(logins)]);
/// # app.check().unwrap();
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let running = app.start().await.unwrap();
/// # let log_in = async || running.handle(http::Request::post("/login").body("".into()).unwrap()).await;
/// let answer = log_in().await;
/// assert_eq!(answer.headers()["ratelimit-policy"], r#""logins";q=5;w=60"#);
/// assert_eq!(answer.headers()["ratelimit"], r#""logins";r=4;t=12"#);
/// # for _ in 0..4 {
/// #     log_in().await;
/// # }
/// let sixth = log_in().await;
/// assert_eq!(sixth.status(), 429);
/// assert_eq!(sixth.headers()["retry-after"], "12");
/// # });
/// ```
#[derive(Clone)]
pub struct RateLimit {
    quota: Quota,
    max_keys: usize,
    limiter: Arc<Limiter>,
    fingerprint: Arc<Fingerprint>,
    name: String,
    /// `None` is a name that cannot be told, and such an app does not start.
    policy: Option<HeaderValue>,
    fields: bool,
    fail_open: bool,
}

impl RateLimit {
    /// Creates the middleware with how many requests a client may send in how much time.
    ///
    /// What is no rate, such as zero requests, is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn new(requests: u32, period: Duration) -> Self {
        let quota = Quota {
            requests,
            period,
            burst: requests,
        };
        let max_keys = 1 << 20;
        let name = "default".to_owned();
        Self {
            quota,
            max_keys,
            limiter: Arc::new(Limiter::new(quota, max_keys)),
            fingerprint: key::by_peer().into(),
            policy: policy(&name, quota),
            name,
            fields: true,
            fail_open: false,
        }
    }

    /// Sets how many requests a client may send at once when it was silent for a while.
    ///
    /// Default: as many as in a period. 1 wants them evenly spread. Zero is a problem, and so is a burst that takes more than a year to
    /// be earned again.
    #[must_use]
    pub fn burst(mut self, requests: u32) -> Self {
        self.quota.burst = requests;
        self.anew()
    }

    /// Tells requests apart by a header field, such as an API key; those without it share one quota.
    ///
    /// Wrap it inside of whatever finds out whether the key is a real one: a client that makes up a new one for each request is never
    /// refused.
    #[must_use]
    pub fn by_header(mut self, name: HeaderName) -> Self {
        self.fingerprint = key::by_header(name).into();
        self
    }

    /// Tells requests apart by what `key` makes of the request head and what the app knows of it; those that it makes `None` of are not
    /// limited.
    ///
    /// # Examples
    ///
    /// Each user of an app has a quota, which a middleware outside of it has found out; administrators have none.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use wharf_core::middleware::RateLimit;
    ///
    /// #[derive(Clone)]
    /// struct User {
    ///     id: u64,
    ///     is_admin: bool,
    /// }
    ///
    /// let limit = RateLimit::new(1000, Duration::from_secs(3600)).by(|request, _scope| {
    ///     let user = request.extensions().get::<User>()?;
    ///     (!user.is_admin).then_some(user.id)
    /// });
    /// # wharf_core::App::new().wrap(limit).check().unwrap();
    /// ```
    #[must_use]
    pub fn by<K: Hash>(
        mut self,
        key: impl Fn(&Request, &Scope) -> Option<K> + Send + Sync + 'static,
    ) -> Self {
        self.fingerprint = key::by(key).into();
        self
    }

    /// Sets under which name the header fields speak of this limit: printable ASCII without `"` and `\`.
    ///
    /// Default: `default`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self.policy = policy(&self.name, self.quota);
        self
    }

    /// Sets whether answers say what is left. The `Retry-After` of a refusal stays in any case.
    ///
    /// Default: `true`.
    #[must_use]
    pub fn fields(mut self, on: bool) -> Self {
        self.fields = on;
        self
    }

    /// Sets how many keys may be kept at a time.
    ///
    /// Default: 1,048,576, which take up to 36 MiB when all are in use. They are spread over up to 64 parts of one size, and a new key
    /// finds no place when its part is full: a few in a hundred before all are. Zero is a problem.
    #[must_use]
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.max_keys = keys;
        self.anew()
    }

    /// Sets whether requests with a new key are let in uncounted while there is no place for it.
    ///
    /// Default: `false`, they are answered 503: what is limited for the sake of security stays so. `true` is for limits that merely
    /// keep order.
    #[must_use]
    pub fn fail_open(mut self, on: bool) -> Self {
        self.fail_open = on;
        self
    }

    /// Returns how many keys are kept now, those whose quotas are whole again and that were not forgotten yet included.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.limiter.keys()
    }

    /// Begins to count anew, by the settings as they are now.
    fn anew(mut self) -> Self {
        self.limiter = Arc::new(Limiter::new(self.quota, self.max_keys));
        self
    }

    /// Adds what is left, and in how much time there will be more.
    fn tell(&self, headers: &mut HeaderMap, remaining: u32, more_in: Duration) {
        if !self.fields {
            return;
        }
        let seconds = whole_seconds(more_in);
        let left = format!("\"{}\";r={remaining};t={seconds}", self.name);
        if let (Some(policy), Ok(left)) = (&self.policy, HeaderValue::try_from(left)) {
            // Limits outside and inside have fields of their own: each is a list, of whose members these are some.
            headers.append(RATE_LIMIT_POLICY, policy.clone());
            headers.append(RATE_LIMIT, left);
        }
    }
}

impl Middleware<Served> for RateLimit {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let Some(fingerprint) = (self.fingerprint)(&request, next.scope()) else {
            return next.run(request).await;
        };
        match self.limiter.take(fingerprint) {
            Verdict::Pass { remaining, more_in } => {
                let mut response = next.run(request).await;
                self.tell(response.headers_mut(), remaining, more_in);
                response
            }
            Verdict::Wait(wait) => {
                // Less than a nanosecond is left of it, if anything.
                let wait = wait.max(Duration::from_nanos(1));
                let seconds = whole_seconds(wait);
                let mut response = HttpError::too_many_requests(format!(
                    "too many requests, try again in {seconds} s"
                ))
                .header(RETRY_AFTER, retry_after(wait))
                .into_response();
                self.tell(response.headers_mut(), 0, wait);
                response
            }
            Verdict::Full if self.fail_open => next.run(request).await,
            Verdict::Full => {
                HttpError::unavailable("there are too many clients at the moment, try again later")
                    .header(RETRY_AFTER, retry_after(self.quota.interval()))
                    .into_response()
            }
        }
    }

    fn problem(&self) -> Option<String> {
        // RFC 9651 §3.3.3; the two that would have to be escaped are in no sensible name.
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        if let Some(problem) = self.quota.problem() {
            return Some(problem.to_owned());
        }
        if self.max_keys == 0 {
            return Some("a rate limit that may keep no keys counts nothing".to_owned());
        }
        (!self.name.bytes().all(is_plain)).then(|| {
            format!(
                "{:?} is no name of a rate limit: expected printable ASCII without quotes and backslashes",
                self.name
            )
        })
    }
}

/// Tells name and rate, as each answer does.
fn policy(name: &str, quota: Quota) -> Option<HeaderValue> {
    let (requests, window) = quota.told();
    HeaderValue::try_from(format!("\"{name}\";q={requests};w={window}")).ok()
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("name", &self.name)
            .field("quota", &self.quota)
            .field("max_keys", &self.max_keys)
            .field("fields", &self.fields)
            .field("fail_open", &self.fail_open)
            .finish_non_exhaustive()
    }
}
