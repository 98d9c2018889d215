//! [`ResponseCookie`], a cookie that a response sets.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::SET_COOKIE;
use percent_encoding::percent_decode_str;

/// A cookie that a response sets (RFC 6265 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseCookie {
    name: String,
    value: String,
    attributes: Vec<(String, Option<String>)>,
}

impl ResponseCookie {
    /// Reads one `Set-Cookie` field; `None` when it names no cookie.
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        if name.trim().is_empty() {
            return None;
        }
        let attributes = parts.filter(|part| !part.is_empty());
        Some(Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            attributes: attributes.map(attribute).collect(),
        })
    }

    /// Reads those that the header fields of a response set, in order.
    pub(super) fn of(headers: &HeaderMap) -> Vec<Self> {
        let lines = headers.get_all(SET_COOKIE).iter();
        lines
            .filter_map(|line| Self::parse(line.to_str().ok()?))
            .collect()
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value, without the quotes around it and with its percent-escapes undone.
    #[must_use]
    pub fn value(&self) -> Cow<'_, str> {
        let value = self.value.strip_prefix('"');
        let value = value.and_then(|value| value.strip_suffix('"'));
        percent_decode_str(value.unwrap_or(&self.value)).decode_utf8_lossy()
    }

    /// Returns the value as it was sent.
    #[must_use]
    pub fn raw_value(&self) -> &str {
        &self.value
    }

    /// Returns the value of an attribute, such as `Path` or `Max-Age`: empty for one without, such as `Secure`, and `None` when
    /// it is not there. Upper and lower case do not matter.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let (_, value) = attributes.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value.as_deref().unwrap_or_default())
    }

    /// Tells which of some attributes, written like `Path=/; Secure`, are not there or have other values.
    pub(super) fn lacking<'a>(&self, expected: &'a str) -> Vec<&'a str> {
        let expected = expected.split(';').map(str::trim);
        let expected = expected.filter(|part| !part.is_empty());
        expected
            .filter(|part| {
                let (name, value) = attribute(part);
                let value = value.unwrap_or_default();
                let got = self.attribute(&name);
                !got.is_some_and(|got| got.eq_ignore_ascii_case(&value))
            })
            .collect()
    }
}

fn attribute(part: &str) -> (String, Option<String>) {
    match part.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
        None => (part.to_owned(), None),
    }
}
