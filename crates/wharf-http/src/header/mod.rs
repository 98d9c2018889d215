//! Typed header fields: those that both ends of a connection read or write.
//!
//! Each is a type that can be read from any text without a panic, and that writes what it reads; [`TypedHeader`]
//! connects it to a [`HeaderMap`]. [`Preconditions`] puts those together that make a request conditional.

mod accept;
mod accept_encoding;
mod authorization;
pub(crate) mod base64;
mod cache_control;
mod challenge;
mod content_disposition;
mod content_type;
mod date;
mod etag;
pub(crate) mod extended;
mod forwarded;
pub(crate) mod grammar;
mod link;
mod preconditions;
mod range;
mod vary;

pub use accept::{Accept, Preference};
pub use accept_encoding::AcceptEncoding;
pub use authorization::{Basic, Bearer};
pub use cache_control::CacheControl;
pub use challenge::{AuthParameters, Challenge};
pub use content_disposition::ContentDisposition;
pub use content_type::ContentType;
pub use date::{Date, Expires, IfModifiedSince, IfUnmodifiedSince, LastModified};
pub use etag::{ETag, ETags, IfMatch, IfNoneMatch, IfRange};
pub use forwarded::{Forwarded, ForwardedElement, ForwardedNode};
pub use link::{Link, Links};
pub use preconditions::{Preconditions, Validators, Verdict};
pub use range::{ByteRange, ContentRange, Range};
pub use vary::add_vary;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// A header field with a type of its own.
pub trait TypedHeader: Sized {
    /// The name of the field.
    const NAME: HeaderName;

    /// What an answer 401 asks for where the field is missing; `None` for fields that are no credentials
    /// (RFC 9110 §11.6.1).
    const CHALLENGE: Option<&'static str> = None;

    /// Reads the field; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`BadHeader`] when there is one but it breaks its grammar.
    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader>;

    /// Writes the value of the field; `None` when it holds what no field value can, such as a line break.
    fn encode(&self) -> Option<HeaderValue>;
}

/// A header field that breaks its grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHeader {
    name: HeaderName,
    expected: &'static str,
}

impl BadHeader {
    /// Creates an error; `expected` says what the field should have been, as in "expected a date".
    #[must_use]
    pub fn new(name: &HeaderName, expected: &'static str) -> Self {
        Self {
            name: name.clone(),
            expected,
        }
    }

    /// Returns the name of the field.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }
}

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected } = self;
        write!(f, "the header field `{name}` is malformed: {expected}")
    }
}

impl StdError for BadHeader {}

/// Returns the text of a field that may be there once at most, and is ASCII.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, BadHeader> {
    match single_text(headers, name)? {
        Some(text) if !text.is_ascii() => Err(BadHeader::new(name, "expected ASCII")),
        found => Ok(found),
    }
}

/// Returns the text of a field that may be there once at most.
fn single_text<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h str>, BadHeader> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(BadHeader::new(name, "expected once"));
    }
    text(value, name).map(Some)
}

/// Returns the text of a field that is a list, all its lines as one (RFC 9110 §5.3).
fn joined<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<Cow<'h, str>>, BadHeader> {
    let mut all: Option<Cow<'h, str>> = None;
    for value in headers.get_all(name) {
        let line = text(value, name)?;
        all = Some(match all {
            None => Cow::Borrowed(line),
            Some(before) => Cow::Owned(format!("{before}, {line}")),
        });
    }
    Ok(all)
}

fn text<'h>(value: &'h HeaderValue, name: &HeaderName) -> Result<&'h str, BadHeader> {
    match str::from_utf8(value.as_bytes()) {
        Ok(text) => Ok(grammar::trim(text)),
        Err(_) => Err(BadHeader::new(name, "expected UTF-8")),
    }
}
