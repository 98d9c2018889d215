//! One cookie as a jar holds it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A cookie as a jar holds it. Debug output does not show its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) domain: String,
    pub(super) host_only: bool,
    pub(super) path: String,
    /// Seconds since 1970; `None` for a session cookie.
    pub(super) expires: Option<u64>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: Option<SameSite>,
}

/// Which requests that other sites make should carry a cookie.
///
/// The jar keeps what the server said and does not act on it: a program that is no browser makes no request on behalf of
/// another site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SameSite {
    /// None.
    Strict,
    /// Only those that lead the user to the site.
    Lax,
    /// All.
    None,
}

impl Cookie {
    /// Returns the name, which may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value as it came, quotes and escapes included.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the host that set the cookie, or the domain that it named; in lower case, without a leading dot.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Tells whether the cookie is sent to that host alone, and not to those below it.
    #[must_use]
    pub fn host_only(&self) -> bool {
        self.host_only
    }

    /// Returns the path below which the cookie is sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns when the cookie ends, in whole seconds; `None` for one that ends with the session.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.expires?))
    }

    /// Tells whether the cookie is sent over TLS alone.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// Tells whether browsers hide the cookie from scripts.
    #[must_use]
    pub fn http_only(&self) -> bool {
        self.http_only
    }

    /// Returns which requests of other sites should carry the cookie; `None` when the server did not say.
    #[must_use]
    pub fn same_site(&self) -> Option<SameSite> {
        self.same_site
    }

    pub(super) fn pair(&self) -> (&str, &str) {
        (&self.name, &self.value)
    }

    pub(super) fn has_expired(&self, now: Duration) -> bool {
        self.expires.is_some_and(|end| end <= now.as_secs())
    }

    /// Tells whether this cookie takes the place of the other (RFC 6265bis §5.7).
    pub(super) fn replaces(&self, other: &Self) -> bool {
        (&self.name, &self.domain, self.host_only, &self.path)
            == (&other.name, &other.domain, other.host_only, &other.path)
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &self.name)
            .field("domain", &self.domain)
            .field("host_only", &self.host_only)
            .field("path", &self.path)
            .field("expires", &self.expires())
            .field("secure", &self.secure)
            .finish_non_exhaustive()
    }
}
