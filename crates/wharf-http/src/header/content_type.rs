use std::borrow::Cow;
use std::fmt;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{BadHeader, TypedHeader, grammar};

/// What kind of content a body is: `Content-Type` (RFC 9110 §8.3).
///
/// # Examples
///
/// ```
/// use wharf_http::header::ContentType;
///
/// let kind = ContentType::parse("application/problem+json; charset=\"utf-8\"").unwrap();
/// assert_eq!(kind.essence(), "application/problem+json");
/// assert!(kind.is_json());
/// assert_eq!(kind.charset(), Some("utf-8"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// In lower case, which is how types compare (RFC 9110 §8.3.1).
    essence: Cow<'static, str>,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    /// Returns `application/json`.
    #[must_use]
    pub fn json() -> Self {
        Self::fixed("application/json")
    }

    /// Returns `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form() -> Self {
        Self::fixed("application/x-www-form-urlencoded")
    }

    /// Returns `application/octet-stream`, which is bytes of which nothing is known.
    #[must_use]
    pub fn bytes() -> Self {
        Self::fixed("application/octet-stream")
    }

    /// Returns `text/plain; charset=utf-8`.
    #[must_use]
    pub fn text() -> Self {
        Self::fixed("text/plain").with("charset", "utf-8")
    }

    /// Returns `text/html; charset=utf-8`.
    #[must_use]
    pub fn html() -> Self {
        Self::fixed("text/html").with("charset", "utf-8")
    }

    fn fixed(essence: &'static str) -> Self {
        Self {
            essence: Cow::Borrowed(essence),
            parameters: Vec::new(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reads the value of the field.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] when it is not `type/subtype` with parameters.
    pub fn parse(text: &str) -> Result<Self, BadHeader> {
        Self::read(text).ok_or(BadHeader::new(
            &header::CONTENT_TYPE,
            "expected `type/subtype`",
        ))
    }

    fn read(text: &str) -> Option<Self> {
        let mut pieces = grammar::split(text, b';');
        // Parameters alone are no type.
        let essence = pieces
            .next()
            .filter(|_| !text.trim_start().starts_with(';'))?;
        let (kind, subtype) = essence.split_once('/')?;
        (grammar::is_token(kind) && grammar::is_token(subtype)).then_some(())?;
        let parameters = pieces.map(|piece| {
            let (name, value) = grammar::parameter(piece)?;
            Some((name.to_ascii_lowercase(), value.into_owned()))
        });
        Some(Self {
            essence: Cow::Owned(essence.to_ascii_lowercase()),
            parameters: parameters.collect::<Option<_>>()?,
        })
    }

    /// Returns type and subtype without parameters, in lower case.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// Returns a parameter; names are in lower case, values as they were sent.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the `charset` parameter as it was sent.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.parameter("charset")
    }

    /// Tells whether this is `application/json` or a type that ends in `+json` (RFC 6839 §3.1).
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.essence == "application/json" || self.essence.ends_with("+json")
    }

    /// Tells whether this is `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn is_form(&self) -> bool {
        self.essence == "application/x-www-form-urlencoded"
    }

    /// Tells whether text of this type is UTF-8: no charset is named, or UTF-8 or ASCII is.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        self.charset().is_none_or(|charset| {
            ["utf-8", "utf8", "us-ascii", "ascii"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(charset))
        })
    }
}

impl TypedHeader for ContentType {
    const NAME: HeaderName = header::CONTENT_TYPE;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        super::single(headers, &Self::NAME)?
            .map(Self::parse)
            .transpose()
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.essence)?;
        for (name, value) in &self.parameters {
            write!(f, "; {name}={}", grammar::Quoted(value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn content_types_are_read_and_written() {
        let rows = [
            ("text/html", Some("text/html")),
            ("Text/HTML;Charset=UTF-8", Some("text/html; charset=UTF-8")),
            (
                "text/html ; charset=\"utf-8\" ;",
                Some("text/html; charset=utf-8"),
            ),
            (
                "multipart/form-data; boundary=\"a b\"",
                Some("multipart/form-data; boundary=\"a b\""),
            ),
            (
                "application/vnd.a+json; a=\"\\\"\"",
                Some("application/vnd.a+json; a=\"\\\"\""),
            ),
            ("", None),
            ("text", None),
            ("text/", None),
            ("/html", None),
            ("text/html; charset", None),
            ("text/html; charset=", None),
            ("text /html", None),
            ("; charset=utf-8", None),
            ("text/html, text/plain", None),
        ];
        for (text, expected) in rows {
            let got = ContentType::parse(text).ok().map(|kind| kind.to_string());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn json_is_told_from_what_merely_looks_like_it() {
        for (text, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/problem+json", true),
            ("application/jsonp", false),
            ("text/json", false),
            ("application/json+xml", false),
        ] {
            assert_eq!(ContentType::parse(text).unwrap().is_json(), json, "{text}");
        }
    }

    #[test]
    fn only_charsets_that_are_utf8_count_as_such() {
        for (text, utf8) in [
            ("text/plain", true),
            ("text/plain; charset=UTF-8", true),
            ("text/plain; charset=us-ascii", true),
            ("text/plain; charset=latin1", false),
            ("text/plain; charset=utf-16", false),
        ] {
            assert_eq!(ContentType::parse(text).unwrap().is_utf8(), utf8, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_the_same(
            text in r#"([ab/;= "\\\\]|a/b|;c="d"){0,12}|.{0,40}"#,
        ) {
            if let Ok(kind) = ContentType::parse(&text) {
                prop_assert_eq!(ContentType::parse(&kind.to_string()), Ok(kind));
            }
        }
    }
}
