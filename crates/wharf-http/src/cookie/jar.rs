use std::borrow::Cow;
use std::fmt;

use http::header::{self, HeaderMap};
use percent_encoding::percent_decode_str;

/// The cookies that a request brought.
///
/// Reading is lenient, as the web is: odd names and values are taken as they are, and what has no name or is not UTF-8
/// is left out. Of several cookies with one name, the first counts: clients send those of longer paths first
/// (RFC 6265 §5.4). Debug output shows the names alone, since values may be secrets.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, header};
/// use wharf_http::cookie::Cookies;
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::COOKIE, "session=abc; theme=\"dark%20blue\"".parse()?);
/// let cookies = Cookies::of(&headers);
/// assert_eq!(cookies.get("theme").as_deref(), Some("dark blue"));
/// assert_eq!(cookies.raw("theme"), Some("dark%20blue"));
/// assert_eq!(cookies.get("other"), None);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cookies {
    pairs: Vec<(String, String)>,
}

impl Cookies {
    /// Reads the `Cookie` fields of a request.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::COOKIE).iter();
        let pieces = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
        Self {
            pairs: pieces.filter_map(pair).collect(),
        }
    }

    /// Returns the value of a cookie with its percent escapes decoded, which is what [`SetCookie`](super::SetCookie)
    /// writes; as it came when that would not be UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw(name).map(decode)
    }

    /// Returns the value of a cookie as it came, without quotes around it.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        pairs
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns names and decoded values in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), decode(value)))
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.pairs.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

fn decode(value: &str) -> Cow<'_, str> {
    percent_decode_str(value)
        .decode_utf8()
        .unwrap_or(Cow::Borrowed(value))
}

fn pair(piece: &[u8]) -> Option<(String, String)> {
    let (name, value) = str::from_utf8(piece).ok()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    (!name.is_empty()).then(|| (name.to_owned(), unquoted.unwrap_or(value).to_owned()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(value: &[u8]) -> Cookies {
        let value = HeaderValue::from_bytes(value).unwrap();
        Cookies::of(&HeaderMap::from_iter([(header::COOKIE, value)]))
    }

    #[test]
    fn cookies_are_read_leniently() {
        type Pairs = &'static [(&'static str, &'static str)];
        let rows: [(&[u8], Pairs); 9] = [
            (b"a=1; b=2", &[("a", "1"), ("b", "2")]),
            (b"a=1;b=2;", &[("a", "1"), ("b", "2")]),
            (b" a = 1 ;; c ; =d; e=", &[("a", "1"), ("e", "")]),
            (
                b"a[b]=x y; n:m={\"j\":1}",
                &[("a[b]", "x y"), ("n:m", "{\"j\":1}")],
            ),
            (b"a=b=c==", &[("a", "b=c==")]),
            (
                b"a=\"q\"; b=\"; c=\"\"",
                &[("a", "q"), ("b", "\""), ("c", "")],
            ),
            (
                b"a=%C3%A4; b=%zz; c=%ff",
                &[("a", "ä"), ("b", "%zz"), ("c", "%ff")],
            ),
            (b"a=\xff; b=\xc3\xa4", &[("b", "ä")]),
            (b"", &[]),
        ];
        for (value, expected) in rows {
            let cookies = read(value);
            let got: Vec<_> = cookies.iter().collect();
            let got: Vec<_> = got
                .iter()
                .map(|(name, value)| (*name, value.as_ref()))
                .collect();
            assert_eq!(got, expected, "{}", value.escape_ascii());
        }
        assert_eq!(read(b"a=1; a=2").get("a").as_deref(), Some("1"));
        assert_eq!(read(b"A=1").get("a"), None);
    }

    #[test]
    fn the_values_are_not_shown() {
        let shown = format!("{:?}", read(b"session=hunter2; theme=dark"));
        assert_eq!(shown, r#"{"session", "theme"}"#);
    }

    #[test]
    fn several_fields_are_one_list() {
        let mut headers = HeaderMap::new();
        for value in ["a=1", "b=2"] {
            headers.append(header::COOKIE, value.parse().unwrap());
        }
        assert_eq!(Cookies::of(&headers).iter().count(), 2);
    }

    proptest! {
        #[test]
        fn no_field_makes_it_panic(value in proptest::collection::vec(32..=126_u8, 0..60)) {
            let cookies = read(&value);
            prop_assert!(cookies.iter().all(|(name, _)| !name.is_empty()));
        }
    }
}
