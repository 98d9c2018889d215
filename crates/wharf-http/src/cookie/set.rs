use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use cookie::Cookie;
use cookie::time::OffsetDateTime;
use http::header::HeaderValue;
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use super::NOT_IN_VALUE;
use crate::header::Date;

/// A cookie to set: `Set-Cookie` (RFC 6265 §4.1).
///
/// Unless told otherwise it is sent back for all paths of the host, until the browser is closed, hidden from scripts
/// (`HttpOnly`) and kept from requests that other sites make (`SameSite=Lax`). Its value may be any text: what cookies
/// cannot hold is percent-encoded, and [`Cookies::get`](super::Cookies::get) decodes it. Debug output does not show it, since it
/// may be a secret.
///
/// What would come out as something else than this one cookie, or be thrown away by browsers without a word, is an error
/// of [`into_value`](Self::into_value), never a header field.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_http::cookie::SetCookie;
///
/// let cookie = SetCookie::new("theme", "dark blue").max_age(Duration::from_secs(3600)).secure(true);
/// assert_eq!(
///     cookie.into_value()?,
///     "theme=dark%20blue; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600",
/// );
/// # Ok::<(), wharf_http::cookie::BadCookie>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct SetCookie {
    cookie: Cookie<'static>,
}

/// Which requests that other sites make carry a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SameSite {
    /// None.
    Strict,
    /// Only those that lead the user to this site. What browsers do unless told otherwise.
    Lax,
    /// All. The cookie is `Secure` then, since browsers refuse it if not.
    None,
}

impl SetCookie {
    /// Makes a cookie; the value may be any text.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl AsRef<str>) -> Self {
        let value = utf8_percent_encode(value.as_ref(), NOT_IN_VALUE).to_string();
        Self::verbatim(name, value)
    }

    /// Makes a cookie whose value is sent as it is. One that cookies cannot have is refused when it is written.
    #[must_use]
    pub fn verbatim(name: impl Into<String>, value: impl Into<String>) -> Self {
        let mut cookie = Cookie::new(name.into(), value.into());
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_same_site(cookie::SameSite::Lax);
        Self { cookie }
    }

    /// Makes the cookie that removes another of the same name. It has to have the same path and domain.
    #[must_use]
    pub fn removal(name: impl Into<String>) -> Self {
        Self::verbatim(name, "")
            .max_age(Duration::ZERO)
            .expires(SystemTime::UNIX_EPOCH)
    }

    /// Reads the value of a `Set-Cookie` field; `None` when it has no name and value. What is not said stays unset.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let cookie = Cookie::parse(text.to_owned()).ok()?;
        Some(Self { cookie })
    }

    /// Sets the path below which the cookie is sent back. Default: `/`.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.cookie.set_path(path.into());
        self
    }

    /// Sets the domain whose hosts all get the cookie. Default: none, and only this host gets it.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.cookie.set_domain(domain.into());
        self
    }

    /// Sets how long the cookie is kept, in whole seconds; zero removes it. Default: until the browser is closed.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        self.cookie
            .set_max_age(cookie::time::Duration::seconds(seconds));
        self
    }

    /// Sets when the cookie ends, for clients too old for [`max_age`](Self::max_age). Default: when the browser is closed.
    #[must_use]
    pub fn expires(mut self, at: SystemTime) -> Self {
        // Brought into the range of both libraries: from 1970 to 9999.
        let at = OffsetDateTime::from(Date::from(at).time());
        self.cookie.set_expires(at);
        self
    }

    /// Sets whether the cookie is sent back over encrypted connections alone. Default: no.
    ///
    /// It always is where browsers ask for it: with `SameSite=None`, `Partitioned`, and names that begin with
    /// `__Secure-` or `__Host-`.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.cookie.set_secure(secure);
        self
    }

    /// Sets whether scripts cannot read the cookie. Default: yes.
    #[must_use]
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.cookie.set_http_only(http_only);
        self
    }

    /// Sets which requests that other sites make carry the cookie; `None` leaves it to the browser.
    ///
    /// Default: [`SameSite::Lax`].
    #[must_use]
    pub fn same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        let same_site = same_site.into().map(|same_site| match same_site {
            SameSite::Strict => cookie::SameSite::Strict,
            SameSite::Lax => cookie::SameSite::Lax,
            SameSite::None => cookie::SameSite::None,
        });
        self.cookie.set_same_site(same_site);
        self
    }

    /// Sets whether each site that embeds this one has a cookie of its own. Default: no.
    #[must_use]
    pub fn partitioned(mut self, partitioned: bool) -> Self {
        self.cookie.set_partitioned(partitioned);
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.cookie.name()
    }

    /// Returns the value, with percent escapes decoded where that gives UTF-8.
    #[must_use]
    pub fn value(&self) -> Cow<'_, str> {
        let value = self.cookie.value_trimmed();
        percent_decode_str(value)
            .decode_utf8()
            .unwrap_or(Cow::Borrowed(value))
    }

    /// Writes the value of the field.
    ///
    /// # Errors
    ///
    /// [`BadCookie`] for what would not come out as one cookie, such as a name with a semicolon or a path with a line
    /// break, and for what browsers refuse or read as something else: a name that begins with `__Host-` with a domain or a
    /// path, a path that does not begin with a slash, a domain that is no host name, and name and value of more than
    /// 4,096 bytes together.
    pub fn into_value(mut self) -> Result<HeaderValue, BadCookie> {
        let bad = |cookie: &Cookie<'_>, problem| BadCookie {
            name: cookie.name().to_owned(),
            problem,
        };
        self.check().map_err(|problem| bad(&self.cookie, problem))?;
        let prefixed = [SECURE, HOST]
            .iter()
            .any(|prefix| has_prefix(self.name(), prefix));
        let for_other_sites = self.cookie.same_site() == Some(cookie::SameSite::None);
        if prefixed || for_other_sites || self.cookie.partitioned() == Some(true) {
            self.cookie.set_secure(true);
        }
        HeaderValue::try_from(self.cookie.to_string())
            .map_err(|_invalid| bad(&self.cookie, "it is no valid field value"))
    }

    fn check(&self) -> Result<(), &'static str> {
        let cookie = &self.cookie;
        if !is_name(cookie.name()) {
            return Err("its name is not made of letters, digits and `!#$%&'*+-.^_`|~`");
        }
        if !is_value(cookie.value()) {
            return Err("its value holds what cookies cannot hold");
        }
        if cookie.name().len() + cookie.value().len() > MAX_LENGTH {
            return Err("its name and value have more than 4096 bytes together");
        }
        if !cookie.path().is_none_or(is_path) {
            return Err(
                "its path does not begin with a slash, or holds a semicolon, a comma, a control character, or what is not ASCII",
            );
        }
        if !cookie.domain().is_none_or(is_domain) {
            return Err("its domain is no host name in ASCII");
        }
        let bound = cookie.domain().is_none() && cookie.path() == Some("/");
        if has_prefix(cookie.name(), HOST) && !bound {
            return Err(
                "its name begins with `__Host-`, which allows no domain and no path but `/`",
            );
        }
        Ok(())
    }
}

const SECURE: &str = "__Secure-";
const HOST: &str = "__Host-";

/// The most bytes of name and value that browsers keep (draft-ietf-httpbis-rfc6265bis §5.6).
const MAX_LENGTH: usize = 4096;

/// Browsers compare these prefixes without regard to case (draft-ietf-httpbis-rfc6265bis §4.1.3).
fn has_prefix(name: &str, prefix: &str) -> bool {
    let start = name.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn is_name(name: &str) -> bool {
    crate::header::grammar::is_token(name)
}

/// Octets of a cookie, with or without quotes around them (RFC 6265 §4.1.1).
fn is_value(value: &str) -> bool {
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    unquoted.unwrap_or(value).bytes().all(allowed)
}

/// A path that browsers take for one (RFC 6265 §5.2.4). A comma would divide a line that somebody made of several fields.
fn is_path(path: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b' '..=b'~') && !b",;".contains(&byte);
    path.starts_with('/') && path.bytes().all(allowed)
}

/// Labels of letters, digits, `-` and `_`; browsers ignore a dot before them (RFC 6265 §5.2.3).
fn is_domain(domain: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut labels = domain.strip_prefix('.').unwrap_or(domain).split('.');
    labels.all(|label| !label.is_empty() && label.bytes().all(allowed))
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// A cookie that cannot be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCookie {
    name: String,
    problem: &'static str,
}

impl fmt::Display for BadCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the cookie {:?} cannot be set: {}",
            self.name, self.problem
        )
    }
}

impl StdError for BadCookie {}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::header::{self, HeaderMap};
    use proptest::prelude::*;

    use super::super::Cookies;
    use super::*;

    fn written(cookie: SetCookie) -> String {
        match cookie.into_value() {
            Ok(value) => value.to_str().unwrap().to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_attribute_is_written() {
        let base = || SetCookie::new("a", "b").http_only(false).same_site(None);
        let day = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (cookie, expected) in [
            (
                SetCookie::new("a", ""),
                "a=; HttpOnly; SameSite=Lax; Path=/",
            ),
            (base(), "a=b; Path=/"),
            (base().path("/x"), "a=b; Path=/x"),
            (base().domain("a.test"), "a=b; Path=/; Domain=a.test"),
            (
                base()
                    .domain("xn--hfen-5qa.x_1.test")
                    .path("/a b%2C/=\"c\""),
                "a=b; Path=/a b%2C/=\"c\"; Domain=xn--hfen-5qa.x_1.test",
            ),
            (
                SetCookie::new("a", "1;2,3\r\nä%"),
                "a=1%3B2%2C3%0D%0A%C3%A4%25; HttpOnly; SameSite=Lax; Path=/",
            ),
            (
                SetCookie::new("__Secure-a", "b")
                    .domain("a.test")
                    .path("/x"),
                "__Secure-a=b; HttpOnly; SameSite=Lax; Secure; Path=/x; Domain=a.test",
            ),
            (
                base().max_age(Duration::from_millis(1500)),
                "a=b; Path=/; Max-Age=1",
            ),
            (
                base().max_age(Duration::MAX),
                "a=b; Path=/; Max-Age=9223372036854775807",
            ),
            (
                base().expires(day),
                "a=b; Path=/; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
            ),
            (
                base().expires(UNIX_EPOCH + Duration::from_secs(1 << 40)),
                "a=b; Path=/; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
            ),
            (base().secure(true), "a=b; Secure; Path=/"),
            (base().http_only(true), "a=b; HttpOnly; Path=/"),
            (
                base().same_site(SameSite::Strict),
                "a=b; SameSite=Strict; Path=/",
            ),
            (
                base().same_site(SameSite::None).secure(false),
                "a=b; SameSite=None; Secure; Path=/",
            ),
            (base().partitioned(true), "a=b; Partitioned; Secure; Path=/"),
            (
                SetCookie::removal("a").path("/x"),
                "a=; HttpOnly; SameSite=Lax; Path=/x; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            ),
            (
                SetCookie::new("__host-a", "b").secure(false),
                "__host-a=b; HttpOnly; SameSite=Lax; Secure; Path=/",
            ),
        ] {
            assert_eq!(written(cookie), expected);
        }
    }

    #[test]
    fn what_is_not_one_cookie_is_refused() {
        let name = "its name is not made of letters, digits and `!#$%&'*+-.^_`|~`";
        let value = "its value holds what cookies cannot hold";
        let path = "its path does not begin with a slash, or holds a semicolon, a comma, a control character, or what is not ASCII";
        let domain = "its domain is no host name in ASCII";
        let length = "its name and value have more than 4096 bytes together";
        let host = "its name begins with `__Host-`, which allows no domain and no path but `/`";
        for (cookie, expected) in [
            (SetCookie::new("", "x"), name),
            (SetCookie::new("a;b", "x"), name),
            (SetCookie::new("a=b", "x"), name),
            (SetCookie::new("a\r\nb", "x"), name),
            (SetCookie::verbatim("a", "b; Domain=evil.test"), value),
            (SetCookie::verbatim("a", "b\r\nset-cookie: c=d"), value),
            (SetCookie::verbatim("a", "\"b\"c\""), value),
            (SetCookie::verbatim("a", "b,c"), value),
            (SetCookie::verbatim("a", "b c"), value),
            (SetCookie::verbatim("a", "ä"), value),
            (SetCookie::verbatim("a", "b\0"), value),
            (SetCookie::new("ä", "b"), name),
            (SetCookie::new("a,b", "c"), name),
            (SetCookie::new("a", "b".repeat(4096)), length),
            (SetCookie::new("a", "b").path("/; Domain=evil.test"), path),
            (SetCookie::new("a", "b").path("/a, c=d"), path),
            (SetCookie::new("a", "b").path("/\r\nset-cookie: c=d"), path),
            (SetCookie::new("a", "b").path("/ä"), path),
            (SetCookie::new("a", "b").path("x"), path),
            (SetCookie::new("a", "b").path(""), path),
            (SetCookie::new("a", "b").domain("a\n"), domain),
            (SetCookie::new("a", "b").domain("a.test; Path=/x"), domain),
            (SetCookie::new("a", "b").domain("a.test, b=c"), domain),
            (SetCookie::new("a", "b").domain("hafen.ä.test"), domain),
            (SetCookie::new("a", "b").domain("a..test"), domain),
            (SetCookie::new("a", "b").domain(""), domain),
            (SetCookie::new("__Host-a", "b").domain("a.test"), host),
            (SetCookie::new("__Host-a", "b").path("/x"), host),
        ] {
            let text = written(cookie);
            assert!(text.ends_with(expected) && !text.contains('\n'), "{text}");
        }
    }

    #[test]
    fn a_set_cookie_field_is_read() {
        let cookie = SetCookie::parse("a=%C3%A4; Path=/x; Secure; Max-Age=5").unwrap();
        assert_eq!((cookie.name(), cookie.value().as_ref()), ("a", "ä"));
        assert_eq!(written(cookie), "a=%C3%A4; Secure; Path=/x; Max-Age=5");
        assert_eq!(SetCookie::parse("no pair"), None);
    }

    #[test]
    fn the_value_is_not_shown() {
        let cookie = SetCookie::new("session", "hunter2").domain("a.test");
        assert_eq!(format!("{cookie:?}"), "SetCookie { name: \"session\", .. }");
    }

    /// What a user may have typed, and what an attacker would have.
    const ANY: &str = "(/|[a-z.]{0,3}|[;,=\r\n\t\0 \"\\\\%]|é){0,6}";

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(value in any::<String>()) {
            let field = SetCookie::new("a", &value).into_value().unwrap();
            let pair = field.to_str().unwrap().split(';').next().unwrap().to_owned();
            let headers = HeaderMap::from_iter([(header::COOKIE, pair.parse().unwrap())]);
            let cookies = Cookies::of(&headers);
            prop_assert_eq!(cookies.get("a").unwrap(), value);
        }

        #[test]
        fn no_text_adds_an_attribute(name in ANY, value in ANY, path in ANY, domain in ANY) {
            let cookie = SetCookie::verbatim(name, value).path(path).domain(domain);
            if let Ok(field) = cookie.same_site(None).http_only(false).into_value() {
                let field = field.to_str().unwrap();
                prop_assert_eq!(field.matches(';').count(), 2, "{}", field);
                prop_assert!(!field.contains([',', '\r', '\n']), "{}", field);
            }
        }

        #[test]
        fn no_value_is_refused_or_leaves_its_place(value in any::<String>()) {
            let field = SetCookie::new("a", value).into_value().unwrap();
            let field = field.to_str().unwrap();
            prop_assert!(field.ends_with("; HttpOnly; SameSite=Lax; Path=/"));
            prop_assert_eq!(field.matches([';', ',', '\r', '\n']).count(), 3);
        }
    }
}
