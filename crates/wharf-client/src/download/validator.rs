//! What tells whether the content is still the same.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderValue};
use wharf_http::header::{Date, ETag, IfRange, LastModified, TypedHeader};

/// How much older than the response the content has to be, for its date to change with every change of it.
const SETTLED: Duration = Duration::from_secs(1);

/// What changes with every change of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validator(IfRange);

impl Validator {
    /// Finds a strong validator in a response: its tag, or else its date (RFC 9110 §8.8.2.2, §13.1.5).
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if let Ok(Some(tag)) = ETag::decode(headers)
            && !tag.is_weak()
        {
            return Some(Self(IfRange::Tag(tag)));
        }
        let LastModified(modified) = LastModified::decode(headers).ok()??;
        let sent = Date::parse(headers.get(DATE)?.to_str().ok()?)?;
        let age = sent.time().duration_since(modified.time()).ok()?;
        (age >= SETTLED).then_some(Self(IfRange::Date(modified)))
    }

    /// Reads what [`Display`](fmt::Display) has written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tag = ETag::parse(text).filter(|tag| !tag.is_weak());
        let tag = tag.map(IfRange::Tag);
        tag.or_else(|| Date::parse(text).map(IfRange::Date))
            .map(Self)
    }

    /// Returns the value of `if-range`.
    pub(super) fn if_range(&self) -> Option<HeaderValue> {
        self.0.encode()
    }

    /// Tells whether a part that was sent for the sake of this validator is of the same content.
    ///
    /// Some servers do not look at `if-range`. A part comes with the tag of its content (RFC 9110 §15.3.7), but may leave out
    /// the date.
    pub(super) fn agrees(&self, headers: &HeaderMap) -> bool {
        match &self.0 {
            IfRange::Tag(tag) => matches!(
                ETag::decode(headers),
                Ok(Some(other)) if other.matches_strongly(tag)
            ),
            IfRange::Date(date) => match LastModified::decode(headers) {
                Ok(Some(LastModified(other))) => other == *date,
                Ok(None) => true,
                Err(_) => false,
            },
            _ => false,
        }
    }
}

impl fmt::Display for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            IfRange::Tag(tag) => tag.fmt(f),
            IfRange::Date(date) => date.fmt(f),
            _ => Ok(()),
        }
    }
}
