use std::fmt;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{BadHeader, Date, TypedHeader, grammar};

/// A name of one state of the content: `ETag` (RFC 9110 §8.8.3).
///
/// # Examples
///
/// ```
/// use wharf_http::header::ETag;
///
/// let tag = ETag::strong("v7").unwrap();
/// assert_eq!(tag.to_string(), "\"v7\"");
/// assert!(ETag::parse("W/\"v7\"").unwrap().matches_weakly(&tag));
/// assert!(!ETag::parse("W/\"v7\"").unwrap().matches_strongly(&tag));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag {
    weak: bool,
    /// Without its quotes.
    tag: String,
}

impl ETag {
    /// Makes a tag that changes with every byte of the content; the quotes are added.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] when the text holds a quote, white space or a control character.
    pub fn strong(tag: impl Into<String>) -> Result<Self, BadHeader> {
        Self::new(false, tag.into())
    }

    /// Makes a tag that changes with the meaning of the content; the quotes and `W/` are added.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] when the text holds a quote, white space or a control character.
    pub fn weak(tag: impl Into<String>) -> Result<Self, BadHeader> {
        Self::new(true, tag.into())
    }

    fn new(weak: bool, tag: String) -> Result<Self, BadHeader> {
        match tag.chars().all(is_tag_char) {
            true => Ok(Self { weak, tag }),
            false => Err(BadHeader::new(
                &header::ETAG,
                "expected no quotes, white space or control characters",
            )),
        }
    }

    /// Reads `"tag"` or `W/"tag"`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match Self::read(grammar::trim(text))? {
            (tag, "") => Some(tag),
            _ => None,
        }
    }

    /// Reads a tag, and returns what follows it. There are no escapes within the quotes.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (weak, quoted) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (tag, rest) = quoted.strip_prefix('"')?.split_once('"')?;
        let tag = Self::new(weak, tag.to_owned()).ok()?;
        Some((tag, rest))
    }

    /// Returns the text between the quotes.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Tells whether the tag is a weak one.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// Compares in the way that only strong tags can be equal (RFC 9110 §8.8.3.2).
    #[must_use]
    pub fn matches_strongly(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.tag == other.tag
    }

    /// Compares the texts alone (RFC 9110 §8.8.3.2).
    #[must_use]
    pub fn matches_weakly(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

fn is_tag_char(char: char) -> bool {
    char == '!' || ('#'..='~').contains(&char) || (!char.is_ascii() && !char.is_control())
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weak = if self.weak { "W/" } else { "" };
        write!(f, "{weak}\"{}\"", self.tag)
    }
}

impl TypedHeader for ETag {
    const NAME: HeaderName = header::ETAG;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let Some(text) = super::single_text(headers, &Self::NAME)? else {
            return Ok(None);
        };
        match Self::parse(text) {
            Some(tag) => Ok(Some(tag)),
            None => Err(BadHeader::new(&Self::NAME, "expected a quoted tag")),
        }
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

/// Any tag, or one of several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ETags {
    /// `*`
    Any,
    /// One of these.
    OneOf(Vec<ETag>),
}

impl ETags {
    /// Reads `*`, or tags with commas between them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = grammar::trim(text);
        if rest == "*" {
            return Some(Self::Any);
        }
        let separators = [' ', '\t', ','];
        let mut tags = Vec::new();
        while !rest.is_empty() {
            let (tag, after) = ETag::read(rest)?;
            tags.push(tag);
            let next = after.trim_start_matches(separators);
            // Between two tags there is a comma.
            if !next.is_empty() && !after[..after.len() - next.len()].contains(',') {
                return None;
            }
            rest = next;
        }
        (!tags.is_empty()).then_some(Self::OneOf(tags))
    }

    fn decode(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, BadHeader> {
        let Some(text) = super::joined(headers, name)? else {
            return Ok(None);
        };
        match Self::parse(&text) {
            Some(tags) => Ok(Some(tags)),
            None => Err(BadHeader::new(name, "expected `*` or quoted tags")),
        }
    }
}

impl fmt::Display for ETags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::OneOf(tags) => {
                for (index, tag) in tags.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{tag}")?;
                }
                Ok(())
            }
        }
    }
}

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident $header:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $name(pub ETags);

            impl TypedHeader for $name {
                const NAME: HeaderName = header::$header;

                fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
                    Ok(ETags::decode(headers, &Self::NAME)?.map(Self))
                }

                fn encode(&self) -> Option<HeaderValue> {
                    HeaderValue::try_from(self.0.to_string()).ok()
                }
            }
        )*
    };
}

tags! {
    /// Act only if the content is in one of these states: `If-Match` (RFC 9110 §13.1.1).
    IfMatch IF_MATCH;
    /// Act only if the content is in none of these states: `If-None-Match` (RFC 9110 §13.1.2).
    IfNoneMatch IF_NONE_MATCH;
}

/// Send the range only if the content is still this: `If-Range` (RFC 9110 §13.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IfRange {
    /// In this state.
    Tag(ETag),
    /// Last changed then.
    Date(Date),
}

impl TypedHeader for IfRange {
    const NAME: HeaderName = header::IF_RANGE;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let Some(text) = super::single_text(headers, &Self::NAME)? else {
            return Ok(None);
        };
        let tag = ETag::parse(text).map(Self::Tag);
        match tag.or_else(|| Date::parse(text).map(Self::Date)) {
            Some(condition) => Ok(Some(condition)),
            None => Err(BadHeader::new(
                &Self::NAME,
                "expected a quoted tag or a date",
            )),
        }
    }

    fn encode(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Tag(tag) => tag.to_string(),
            Self::Date(date) => date.to_string(),
        };
        HeaderValue::try_from(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_read_one_or_several() {
        let rows = [
            ("*", Some("*")),
            (r#""a""#, Some(r#""a""#)),
            (r#"W/"a" ,"b,c" ,, """#, Some(r#"W/"a", "b,c", """#)),
            // A backslash is no escape here.
            (r#""a\", "b""#, Some(r#""a\", "b""#)),
            (r#""ä""#, Some(r#""ä""#)),
            ("", None),
            (",", None),
            ("a", None),
            (r#""a"#, None),
            (r#""a" "b""#, None),
            (r#""a b""#, None),
            (r#"w/"a""#, None),
            (r#"W/*"#, None),
            (r#"*, "a""#, None),
        ];
        for (text, expected) in rows {
            let got = ETags::parse(text).map(|tags| tags.to_string());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
        for text in ["", "a", "\"a\" ,", "\"a\"b", "*"] {
            assert_eq!(ETag::parse(text), None, "{text}");
        }
        assert!(ETag::strong("a\"b").is_err() && ETag::weak("a\nb").is_err());
    }

    #[test]
    fn tags_on_several_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        for value in ["\"a\"", "\"b\""] {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        let tags = IfMatch::decode(&headers).unwrap().unwrap();
        assert_eq!(tags.encode().unwrap(), "\"a\", \"b\"");
        headers.append(
            header::IF_RANGE,
            "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap(),
        );
        assert!(matches!(
            IfRange::decode(&headers),
            Ok(Some(IfRange::Date(_)))
        ));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_the_same(text in "[W/\"ab*, \\\\é]{0,20}") {
            if let Some(tags) = ETags::parse(&text) {
                prop_assert_eq!(ETags::parse(&tags.to_string()), Some(tags));
            }
        }
    }
}
