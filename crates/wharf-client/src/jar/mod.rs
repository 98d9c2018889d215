//! A cookie jar: what servers set comes back to them, and to nobody else.
//!
//! It follows the successor of RFC 6265, draft-ietf-httpbis-rfc6265bis, in its revision 20; "RFC 6265bis" means that. What
//! that leaves to clients, or what makes no sense outside a browser:
//!
//! - `SameSite` is kept and not acted on: no request is made on behalf of another site.
//! - `HttpOnly` is kept and hides nothing: there are no scripts. `Partitioned` is passed over.
//! - Values are kept as they came, with quotes and escapes. Names and values that are not UTF-8 or hold a tab are refused.
//! - Cookies for all hosts below a public suffix such as `co.uk` are refused with the feature `public-suffix`. Without it
//!   only single labels such as `com` are known for public.
//! - Cookies are not kept apart by port or, unless `Secure`, by scheme (§8.5).
//!
//! # Rooms
//!
//! `set_cookie` reads a field, with `date`; `rules` decides what to make of it, with `domain` and `path`; `storage` holds
//! cookies within their limits; `sending` makes fields of them, `contents` looks them through, `file` reads and writes them.

mod builder;
mod contents;
mod cookie;
mod date;
mod domain;
mod file;
mod path;
mod refused;
mod rules;
mod sending;
mod set_cookie;
mod storage;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use http::header::{self, HeaderMap};
use url::Url;

pub use builder::CookieJarBuilder;
pub use cookie::{Cookie, SameSite};
pub use refused::RefusedCookie;

use builder::Clock;
use rules::Rules;
use set_cookie::SetCookie;
use storage::{Limits, Storage};

/// The cookies of a client. Cheap to clone; clones share their cookies.
///
/// Debug output shows names and counts, never values.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, header};
/// use wharf_client::jar::CookieJar;
///
/// let jar = CookieJar::new();
/// let mut response = HeaderMap::new();
/// response.append(header::SET_COOKIE, "session=abc; Path=/; Secure; HttpOnly".parse()?);
/// response.append(header::SET_COOKIE, "theme=dark; Domain=quay.test; Max-Age=3600".parse()?);
/// jar.store(&"https://www.quay.test/login".parse()?, &response);
///
/// let line = |url: &str| Ok::<_, url::ParseError>(jar.header(&url.parse()?));
/// assert_eq!(line("https://www.quay.test/ships")?.unwrap(), "session=abc; theme=dark");
/// assert_eq!(line("https://quay.test/")?.unwrap(), "theme=dark");
/// assert_eq!(line("https://other.test/")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CookieJar {
    inner: Arc<Inner>,
}

struct Inner {
    rules: Rules,
    limits: Limits,
    session_saved: bool,
    clock: Clock,
    storage: Mutex<Storage>,
}

impl CookieJar {
    /// Creates an empty jar with the default settings.
    #[must_use]
    pub fn new() -> Self {
        CookieJarBuilder::default_jar()
    }

    /// Starts the making of a jar with other settings.
    pub fn builder() -> CookieJarBuilder {
        CookieJarBuilder::new()
    }

    fn assemble(rules: Rules, limits: Limits, session_saved: bool, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner {
                rules,
                limits,
                session_saved,
                clock,
                storage: Mutex::new(Storage::new(limits)),
            }),
        }
    }

    /// Takes the cookies that a response from `url` sets. What the rules refuse is passed over.
    ///
    /// It reads all `Set-Cookie` fields. A redirect sets cookies as any response does.
    pub fn store(&self, url: &Url, headers: &HeaderMap) {
        for field in headers.get_all(header::SET_COOKIE) {
            let Ok(field) = str::from_utf8(field.as_bytes()) else {
                continue;
            };
            // A server that sets what it may not is not the caller's to mend.
            let _refused = self.add_line(url, field);
        }
    }

    /// Takes one cookie as if a response from `url` had set it with `Set-Cookie: line`.
    ///
    /// # Errors
    ///
    /// When a rule forbids it, as for a `Domain` that does not cover the host or `Secure` from an insecure origin.
    pub fn add_line(&self, url: &Url, line: &str) -> Result<(), RefusedCookie> {
        let set = SetCookie::parse(line).map_err(|why| RefusedCookie::new("", why))?;
        self.receive(url, &set)
    }

    /// Adds a cookie for the host of `url` alone and all its paths, which ends with the session.
    ///
    /// It is sent over TLS alone if `url` has the scheme `https`. One of the same kind and name is replaced.
    ///
    /// # Errors
    ///
    /// When name or value hold a control character, a semicolon or white space around them, the name is empty or holds an
    /// equals sign, both have more than 4,096 bytes together, or a rule forbids it.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_client::jar::CookieJar;
    ///
    /// let jar = CookieJar::new();
    /// let url = "https://quay.test/".parse()?;
    /// jar.add(&url, "theme", "dark")?;
    /// assert_eq!(jar.header(&url).unwrap(), "theme=dark");
    /// assert!(jar.add(&url, "theme", "dark; Domain=test").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add(&self, url: &Url, name: &str, value: &str) -> Result<(), RefusedCookie> {
        set_cookie::check_own(name, value).map_err(|why| RefusedCookie::new(name, why))?;
        let set = SetCookie {
            name,
            value,
            path: Some(Some("/")),
            secure: self.inner.rules.is_secure(url),
            ..SetCookie::default()
        };
        self.receive(url, &set)
    }

    fn receive(&self, url: &Url, set: &SetCookie<'_>) -> Result<(), RefusedCookie> {
        let now = self.now();
        let refused = |why| RefusedCookie::new(set.name, why);
        let rules = &self.inner.rules;
        let cookie = rules.receive(url, set, now).map_err(refused)?;
        let mut storage = self.storage(now);
        if !cookie.secure && !rules.is_secure(url) && storage.shadows_secure(&cookie) {
            return Err(refused(
                "a `Secure` one has its name, and its URL is not secure",
            ));
        }
        storage.insert(cookie, now);
        Ok(())
    }

    /// Returns the time since 1970; a clock before that stands still.
    fn now(&self) -> Duration {
        (self.inner.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    /// Locks the cookies, without those that have expired.
    fn storage(&self, now: Duration) -> MutexGuard<'_, Storage> {
        let lock = self.inner.storage.lock();
        let mut storage = lock.unwrap_or_else(PoisonError::into_inner);
        storage.expire(now);
        storage
    }
}

impl Default for CookieJar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cookies = self.storage(self.now()).all();
        let names: Vec<_> = cookies.iter().map(|cookie| &cookie.name).collect();
        f.debug_struct("CookieJar")
            .field("cookies", &names.len())
            .field("names", &names)
            .finish_non_exhaustive()
    }
}
