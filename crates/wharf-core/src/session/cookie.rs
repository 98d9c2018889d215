//! The cookie of a session: its name, its attributes, its length.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use wharf_http::ErrorChain;
use wharf_http::cookie::{Cookies, SameSite, SetCookie};

use super::failure::Failure;

/// How long a cookie may be, its name and attributes included (RFC 6265 §6.1).
pub(super) const LONGEST: usize = 4096;

#[derive(Clone, Debug)]
pub(super) struct CookieSettings {
    pub(super) name: String,
    pub(super) domain: Option<String>,
    pub(super) same_site: SameSite,
    pub(super) plain_http: bool,
    /// Whether the browser forgets it when it is closed.
    pub(super) until_closed: bool,
}

impl CookieSettings {
    /// Returns the name with the prefix that has browsers hold to the attributes (draft-ietf-httpbis-rfc6265bis §4.1.3).
    pub(super) fn full_name(&self) -> String {
        let prefix = match (self.plain_http, &self.domain) {
            (true, _) => "",
            (false, None) => "__Host-",
            (false, Some(_)) => "__Secure-",
        };
        format!("{prefix}{}", self.name)
    }

    /// Returns the value that came, if one did that may have been sent from here.
    pub(super) fn came(&self, headers: &HeaderMap) -> Came {
        match Cookies::of(headers).raw(&self.full_name()) {
            None => Came::Nothing,
            Some(value) if value.len() > LONGEST => Came::TooLong,
            Some(value) => Came::Value(value.to_owned()),
        }
    }

    /// Writes the cookie; `keep` is how long the browser may keep it.
    pub(super) fn set(&self, value: String, keep: Duration) -> Result<HeaderValue, Failure> {
        let name = self.full_name();
        // Name and value alone may be too much for any cookie, which then cannot be made: the size is what helps to know.
        fits(name.len() + value.len())?;
        let mut cookie = self.attributes(SetCookie::verbatim(name, value));
        if !self.until_closed {
            cookie = cookie.max_age(keep);
        }
        let mut value = cookie.into_value()?;
        value.set_sensitive(true);
        fits(value.len())?;
        Ok(value)
    }

    /// Writes what has the browser forget the cookie.
    pub(super) fn removal(&self) -> Result<HeaderValue, Failure> {
        let cookie = self.attributes(SetCookie::removal(self.full_name()));
        Ok(cookie.into_value()?)
    }

    fn attributes(&self, mut cookie: SetCookie) -> SetCookie {
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain);
        }
        cookie.same_site(self.same_site).secure(!self.plain_http)
    }

    pub(super) fn problem(&self) -> Option<String> {
        if self.plain_http && self.same_site == SameSite::None {
            return Some("browsers take no cookie with `SameSite=None` over plain HTTP".to_owned());
        }
        let tried = self.set("A".repeat(43), Duration::ZERO);
        tried.err().map(|error| ErrorChain::new(&error).to_string())
    }
}

fn fits(size: usize) -> Result<(), Failure> {
    if size > LONGEST {
        return Err(Failure::TooLarge {
            size,
            limit: LONGEST,
        });
    }
    Ok(())
}

/// What a request brought.
#[derive(Debug, PartialEq)]
pub(super) enum Came {
    Nothing,
    TooLong,
    Value(String),
}
