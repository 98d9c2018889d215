//! Which cookies a jar takes (RFC 6265bis §5.7).

use std::time::Duration;

use url::{Origin, Url};

use super::cookie::Cookie;
use super::set_cookie::{self, ATTRIBUTE, SetCookie};
use super::{domain, path};

/// No cookie outlives 400 days (RFC 6265bis §5.5).
const LONGEST: u64 = 400 * 86_400;

/// The most bytes that a host name has (RFC 1035 §2.3.4).
const HOST: usize = 255;

/// What a jar goes by.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) ip_hosts: bool,
    pub(super) secure_origins: Vec<Origin>,
}

impl Rules {
    /// Tells whether nobody on the way to a URL reads or alters cookies.
    pub(super) fn is_secure(&self, url: &Url) -> bool {
        // Few jars have such origins, and the origin of a URL is an allocation.
        let named = || {
            self.secure_origins
                .iter()
                .any(|origin| *origin == url.origin())
        };
        matches!(url.scheme(), "https" | "wss") || named()
    }

    /// Makes the cookie that a response from `url` sets, or tells why it sets none.
    pub(super) fn receive(
        &self,
        url: &Url,
        set: &SetCookie<'_>,
        now: Duration,
    ) -> Result<Cookie, &'static str> {
        let host = domain::host_of(url).ok_or("its URL has no host")?;
        let (domain, host_only) = domain_of(host, set.domain)?;
        let path = set.path.flatten().unwrap_or(path::default_of(url.path()));
        let expires = match (set.max_age, set.expires) {
            // Rounded up, so that an age of a second lasts a second at least.
            (Some(age), _) if age > 0 => Some(whole(now).saturating_add(age)),
            (Some(_), _) => Some(0),
            (None, Some(date)) => Some(u64::try_from(date).unwrap_or(0)),
            (None, None) => None,
        };
        let cookie = Cookie {
            name: set.name.to_owned(),
            value: set.value.to_owned(),
            domain,
            host_only,
            path: path.to_owned(),
            expires,
            secure: set.secure,
            http_only: set.http_only,
            same_site: set.same_site,
        };
        if cookie.secure && !self.is_secure(url) {
            return Err("it is `Secure`, and its URL is not");
        }
        if is_prefixed(&cookie.name, "__Host-") && set.path.is_none() {
            return Err("its name begins with `__Host-`, which takes `Path=/`");
        }
        self.admit(cookie, now)
    }

    /// Checks what holds for cookies of every source, and brings their end into bounds.
    pub(super) fn admit(&self, mut cookie: Cookie, now: Duration) -> Result<Cookie, &'static str> {
        set_cookie::check_pair(&cookie.name, &cookie.value)?;
        if cookie.domain.len() > HOST || cookie.path.len() > ATTRIBUTE {
            return Err("its host has more than 255 bytes, or its path more than 1024");
        }
        if domain::is_address(&cookie.domain) && !(self.ip_hosts && cookie.host_only) {
            return Err("its host is an IP address");
        }
        if !cookie.host_only && domain::is_public_suffix(&cookie.domain) {
            return Err(PUBLIC);
        }
        check_prefix(&cookie)?;
        let last = whole(now).saturating_add(LONGEST);
        cookie.expires = cookie.expires.map(|end| end.min(last));
        Ok(cookie)
    }
}

const PUBLIC: &str = "its domain is a public suffix, below which are sites of strangers";

/// Returns the domain of a cookie, and whether it means the host alone.
fn domain_of(host: String, named: Option<&str>) -> Result<(String, bool), &'static str> {
    let named = named.unwrap_or_default().to_ascii_lowercase();
    if named.is_empty() {
        return Ok((host, true));
    }
    // Somebody who has a host has its cookies, even where the host is all there is: `localhost`, an address, `github.io`.
    let alone = domain::is_address(&host) || domain::is_public_suffix(&named);
    if alone && named == host {
        Ok((host, true))
    } else if !domain::covers(&named, &host) {
        Err("its domain does not cover the host that set it")
    } else if alone {
        Err(PUBLIC)
    } else {
        Ok((named, false))
    }
}

/// Holds names to what their prefix promises to servers (RFC 6265bis §5.4).
fn check_prefix(cookie: &Cookie) -> Result<(), &'static str> {
    let is = |prefix| is_prefixed(&cookie.name, prefix);
    if cookie.name.is_empty()
        && ["__Secure-", "__Host-"]
            .iter()
            .any(|prefix| is_prefixed(&cookie.value, prefix))
    {
        return Err("it has no name, and its value would pass for one with a prefix");
    }
    if is("__Secure-") && !cookie.secure {
        return Err("its name begins with `__Secure-`, which takes `Secure`");
    }
    if is("__Host-") && !(cookie.secure && cookie.host_only && cookie.path == "/") {
        return Err(
            "its name begins with `__Host-`, which takes `Secure`, `Path=/` and no `Domain`",
        );
    }
    Ok(())
}

fn is_prefixed(name: &str, prefix: &str) -> bool {
    let start = name.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Rounds up to whole seconds, the unit in which cookies end.
fn whole(time: Duration) -> u64 {
    time.as_secs()
        .saturating_add(u64::from(time.subsec_nanos() > 0))
}
