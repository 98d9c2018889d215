//! Settings of a jar to be.

use std::fmt;
use std::time::SystemTime;

use url::Url;

use super::CookieJar;
use super::rules::Rules;
use super::storage::Limits;
use crate::{Error, ErrorKind};

/// Tells the time; tests have one of their own.
pub(super) type Clock = Box<dyn Fn() -> SystemTime + Send + Sync>;

/// Settings of a [`CookieJar`] to be.
///
/// # Examples
///
/// ```
/// use wharf_client::jar::CookieJar;
///
/// let jar = CookieJar::builder().secure_origin("http://localhost:8080").build()?;
/// jar.add_line(&"http://localhost:8080/".parse()?, "__Host-session=abc; Secure; Path=/")?;
/// assert_eq!(jar.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct CookieJarBuilder {
    ip_hosts: bool,
    secure_origins: Vec<String>,
    limits: Limits,
    session_saved: bool,
    clock: Clock,
}

impl CookieJarBuilder {
    pub(super) fn new() -> Self {
        Self {
            ip_hosts: true,
            secure_origins: Vec::new(),
            limits: Limits {
                per_domain: 50,
                total: 3000,
            },
            session_saved: true,
            clock: Box::new(SystemTime::now),
        }
    }

    /// Sets whether hosts that are IP addresses have cookies, each its own.
    ///
    /// RFC 6265bis allows that, and tests against `127.0.0.1` live on it. A `Domain` never makes such a cookie reach
    /// further: none names part of an address (§5.1.3). Switch it off where addresses change hands, as in a cluster, so
    /// that the next one who has an address is not sent the cookies of the last.
    ///
    /// Default: yes.
    pub fn ip_hosts(mut self, allowed: bool) -> Self {
        self.ip_hosts = allowed;
        self
    }

    /// Adds an origin over plain HTTP that is treated as if it had TLS, such as `http://localhost:8080`.
    ///
    /// `Secure` cookies are taken from it and sent to it. Name only what never leaves the machine or a network that is
    /// yours.
    ///
    /// Default: none.
    pub fn secure_origin(mut self, origin: impl Into<String>) -> Self {
        self.secure_origins.push(origin.into());
        self
    }

    /// Sets how many cookies a domain has at most; the least recently used makes room, `Secure` ones last.
    ///
    /// Default: 50. Zero takes no cookies.
    pub fn max_per_domain(mut self, cookies: usize) -> Self {
        self.limits.per_domain = cookies;
        self
    }

    /// Sets how many cookies the jar has at most; the least recently used makes room.
    ///
    /// Default: 3,000. Zero takes no cookies.
    pub fn max_cookies(mut self, cookies: usize) -> Self {
        self.limits.total = cookies;
        self
    }

    /// Sets whether [`save`](CookieJar::save) writes cookies that end with the session too.
    ///
    /// A browser forgets them when it is closed. A program that is started anew would have to log in again.
    ///
    /// Default: yes.
    pub fn save_session_cookies(mut self, saved: bool) -> Self {
        self.session_saved = saved;
        self
    }

    #[cfg(test)]
    pub(super) fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Makes the jar.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when a [`secure_origin`](Self::secure_origin) is not a scheme, a host and perhaps a port.
    pub fn build(mut self) -> Result<CookieJar, Error> {
        let origins = std::mem::take(&mut self.secure_origins);
        let mut rules = Rules {
            ip_hosts: self.ip_hosts,
            secure_origins: Vec::with_capacity(origins.len()),
        };
        for origin in origins {
            let url =
                Url::parse(&origin).map_err(|error| bad_origin(&format!("is no URL: {error}")))?;
            let bare = url.origin().is_tuple()
                && url.path() == "/"
                && url.query().or(url.fragment()).or(url.password()).is_none()
                && url.username().is_empty();
            if !bare {
                return Err(bad_origin("is more than a scheme, a host and a port"));
            }
            rules.secure_origins.push(url.origin());
        }
        Ok(self.finish(rules))
    }

    /// Makes a jar of the default settings.
    pub(super) fn default_jar() -> CookieJar {
        let builder = Self::new();
        let rules = Rules {
            ip_hosts: builder.ip_hosts,
            secure_origins: Vec::new(),
        };
        builder.finish(rules)
    }

    fn finish(self, rules: Rules) -> CookieJar {
        CookieJar::assemble(rules, self.limits, self.session_saved, self.clock)
    }
}

impl fmt::Debug for CookieJarBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieJarBuilder")
            .field("ip_hosts", &self.ip_hosts)
            .field("secure_origins", &self.secure_origins.len())
            .field("limits", &self.limits)
            .field("session_saved", &self.session_saved)
            .finish_non_exhaustive()
    }
}

/// The text of an origin is not printed: credentials may be what is wrong with it.
fn bad_origin(why: &str) -> Error {
    Error::new(ErrorKind::Config).because(format!("a secure origin {why}"))
}
