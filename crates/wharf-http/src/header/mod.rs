//! Typed header fields: those that both ends of a connection read or write.
//!
//! Each is a type with a `parse` that never panics and a `Display` that writes what `parse` reads; [`Header`] connects
//! it to a [`HeaderMap`].

mod accept;
mod content_type;
pub(crate) mod grammar;

pub use accept::{Accept, Preference};
pub use content_type::ContentType;

use std::error::Error as StdError;
use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// A header field with a type of its own.
pub trait Header: Sized {
    /// The name of the field.
    const NAME: HeaderName;

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
        write!(
            f,
            "the header field `{}` is malformed: {}",
            self.name, self.expected
        )
    }
}

impl StdError for BadHeader {}

/// Returns the text of a field that may be there once at most.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, BadHeader> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(BadHeader::new(name, "expected once"));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(grammar::trim(text))),
        Err(_not_ascii) => Err(BadHeader::new(name, "expected visible ASCII")),
    }
}
