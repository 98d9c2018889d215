//! One `Set-Cookie` field, read (RFC 6265bis §5.6).

use super::cookie::SameSite;
use super::date;

/// The most bytes that name and value have together.
pub(super) const PAIR: usize = 4096;

/// The most bytes that the value of an attribute has; a longer one is as good as none.
pub(super) const ATTRIBUTE: usize = 1024;

const CONTROL: &str = "it holds a control character";

/// What a `Set-Cookie` field says; of an attribute that comes twice, the last counts.
#[derive(Debug, Default)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// Seconds since 1970.
    pub(super) expires: Option<i64>,
    /// Seconds; zero removes the cookie.
    pub(super) max_age: Option<u64>,
    /// Without the dot that some servers put in front.
    pub(super) domain: Option<&'a str>,
    /// `Some(None)` when the path is said to be what is none.
    pub(super) path: Option<Option<&'a str>>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: Option<SameSite>,
}

impl<'a> SetCookie<'a> {
    /// Reads a field, or says why it sets nothing.
    pub(super) fn parse(field: &'a str) -> Result<Self, &'static str> {
        let mut pieces = field.split(';');
        let pair = pieces.next().unwrap_or_default();
        // Without a sign of equality, everything is the value.
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let mut cookie = Self {
            name: trim(name),
            value: trim(value),
            ..Self::default()
        };
        // A tab would be allowed within; no server needs it, and the files that cookies are kept in are made of tabs.
        if field
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\t')
            || cookie.name.contains('\t')
            || cookie.value.contains('\t')
        {
            return Err(CONTROL);
        }
        check_pair(cookie.name, cookie.value)?;
        for piece in pieces {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let value = trim(value);
            if value.len() <= ATTRIBUTE {
                cookie.attribute(trim(name), value);
            }
        }
        if cookie
            .path
            .flatten()
            .is_some_and(|path| path.contains('\t'))
        {
            return Err(CONTROL);
        }
        Ok(cookie)
    }

    fn attribute(&mut self, name: &str, value: &'a str) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("expires") {
            self.expires = date::parse(value).or(self.expires);
        } else if is("max-age") {
            self.max_age = seconds(value).or(self.max_age);
        } else if is("domain") {
            self.domain = Some(value.strip_prefix('.').unwrap_or(value));
        } else if is("path") {
            self.path = Some(Some(value).filter(|path| path.starts_with('/')));
        } else if is("secure") {
            self.secure = true;
        } else if is("httponly") {
            self.http_only = true;
        } else if is("samesite") {
            self.same_site = same_site(value);
        }
    }
}

/// Checks what goes for every cookie, wherever it comes from.
pub(super) fn check_pair(name: &str, value: &str) -> Result<(), &'static str> {
    if name.is_empty() && value.is_empty() {
        return Err("it has neither a name nor a value");
    }
    if name.len() + value.len() > PAIR {
        return Err("its name and value have more than 4096 bytes");
    }
    Ok(())
}

/// Checks a pair that no server has set, so that it is that pair and nothing else when it is sent.
pub(super) fn check_own(name: &str, value: &str) -> Result<(), &'static str> {
    let is_bad = |text: &str| {
        let bad = |c: char| c == ';' || c.is_ascii_control();
        text.trim() != text || text.contains(bad)
    };
    if name.is_empty() || name.contains('=') || is_bad(name) {
        return Err("its name is empty, or holds what would end it");
    }
    if is_bad(value) {
        return Err("its value holds what would end it");
    }
    check_pair(name, value)
}

/// Reads a value of `SameSite`; an unknown one is as good as none.
pub(super) fn same_site(value: &str) -> Option<SameSite> {
    let values = [
        ("strict", SameSite::Strict),
        ("lax", SameSite::Lax),
        ("none", SameSite::None),
    ];
    let mut values = values.into_iter();
    values.find_map(|(name, known)| value.eq_ignore_ascii_case(name).then_some(known))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Reads a number of seconds; what is below zero is zero, and what is too large as large as can be.
fn seconds(value: &str) -> Option<u64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() < value.len() {
        return Some(0);
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pair_is_what_stands_before_the_first_semicolon() {
        for (field, expected) in [
            ("a=b", ("a", "b")),
            ("a=b; c=d", ("a", "b")),
            ("  a \t=\t b  ;x", ("a", "b")),
            ("a=b=c", ("a", "b=c")),
            ("a==", ("a", "=")),
            ("a=", ("a", "")),
            ("=b", ("", "b")),
            ("b", ("", "b")),
            ("a=\"b c\"", ("a", "\"b c\"")),
            ("a=\"b;c\"", ("a", "\"b")),
            ("a=\"\"", ("a", "\"\"")),
            ("a=b,c=d", ("a", "b,c=d")),
            ("a=%20ä", ("a", "%20ä")),
            ("a b=c d", ("a b", "c d")),
            ("[a]{\"b\"}=c", ("[a]{\"b\"}", "c")),
            ("expires=1", ("expires", "1")),
        ] {
            let cookie = SetCookie::parse(field).unwrap();
            assert_eq!((cookie.name, cookie.value), expected, "{field}");
        }
    }

    #[test]
    fn what_is_no_cookie_is_refused() {
        for field in [
            "",
            ";",
            "=",
            " = ; Path=/",
            "a\0=b",
            "a=b\nc",
            "a=b; Path=/\r\nx",
            "a=b\x7f",
            "a=b\tc",
            "a\tb=c",
            "a=b; Path=/\tx",
        ] {
            assert!(SetCookie::parse(field).is_err(), "{field:?}");
        }
        let long = "x".repeat(PAIR - 1);
        assert!(SetCookie::parse(&format!("a={long}")).is_ok());
        assert!(SetCookie::parse(&format!("ab={long}")).is_err());
        assert!(SetCookie::parse(&format!("a={long}; Max-Age=60; Path=/{long}")).is_ok());
    }

    #[test]
    fn attributes_are_read_in_any_case_and_order_and_the_last_counts() {
        let field = "a=b;PATH=/x ; path=/y;sEcUrE=no; HttpOnly ;domain=.A.test;Max-Age=5;max-age=7;;=;unknown=1;samesite=LAX";
        let cookie = SetCookie::parse(field).unwrap();
        assert_eq!(cookie.path, Some(Some("/y")));
        assert!(cookie.secure && cookie.http_only);
        assert_eq!(cookie.domain, Some("A.test"));
        assert_eq!(cookie.max_age, Some(7));
        assert_eq!(cookie.same_site, Some(SameSite::Lax));
    }

    #[test]
    fn an_age_is_digits_with_or_without_a_minus() {
        for (value, expected) in [
            ("0", Some(0)),
            ("60", Some(60)),
            ("-1", Some(0)),
            ("-99999999999999999999", Some(0)),
            ("99999999999999999999", Some(u64::MAX)),
            ("007", Some(7)),
            ("", None),
            ("-", None),
            ("+60", None),
            ("6 0", None),
            ("60s", None),
            ("1.5", None),
            ("\"60\"", None),
        ] {
            let field = format!("a=b; Max-Age={value}");
            assert_eq!(
                SetCookie::parse(&field).unwrap().max_age,
                expected,
                "{value}"
            );
        }
        // One that cannot be read leaves the one before it.
        let cookie = SetCookie::parse("a=b; Max-Age=5; Max-Age=x; Expires=x").unwrap();
        assert_eq!((cookie.max_age, cookie.expires), (Some(5), None));
    }

    #[test]
    fn an_attribute_that_is_too_long_or_odd_is_as_good_as_none() {
        let long = "x".repeat(ATTRIBUTE);
        for field in [
            format!("a=b; Path=/{long}"),
            format!("a=b; Domain=.{long}"),
            format!("a=b; SameSite={long}"),
            format!("a=b; SameSite=Sometimes; Path{long}=/x"),
        ] {
            let cookie = SetCookie::parse(&field).unwrap();
            assert!(cookie.path.is_none() && cookie.domain.is_none() && cookie.same_site.is_none());
        }
        assert_eq!(SetCookie::parse("a=b; Path=x").unwrap().path, Some(None));
        assert_eq!(SetCookie::parse("a=b; Path").unwrap().path, Some(None));
    }
}
