//! Forms as browsers send them: `application/x-www-form-urlencoded`.

mod parts;
mod writer;

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;

use writer::{Place, Writer};

/// Encodes a value as a form, or as the query of a URL (URL standard §5.2).
///
/// The value is a struct, a map, or a list of pairs. Fields are texts, numbers, booleans, variants without data, and lists
/// of these, which repeat the name; one that is `None` or an empty list is left out. The content type of a body is
/// [`ContentType::form`](crate::header::ContentType::form).
///
/// # Errors
///
/// [`FormError`] for a field that a form has no place for, such as a struct.
///
/// # Examples
///
/// ```
/// #[derive(serde::Serialize)]
/// struct Search {
///     text: &'static str,
///     tag: Vec<u32>,
///     page: Option<u32>,
/// }
///
/// let search = Search { text: "fish & chips", tag: vec![1, 2], page: None };
/// assert_eq!(wharf_http::form::encode(&search)?, "text=fish+%26+chips&tag=1&tag=2");
/// assert_eq!(wharf_http::form::encode(&[("ä", "1"), ("ä", "2")])?, "%C3%A4=1&%C3%A4=2");
/// # Ok::<(), wharf_http::form::FormError>(())
/// ```
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<String, FormError> {
    let mut text = String::new();
    value.serialize(Writer::new(&mut text, Place::Form))?;
    Ok(text)
}

/// Why a value cannot be encoded as a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError {
    field: Option<String>,
    problem: String,
}

impl FormError {
    fn new(problem: impl fmt::Display) -> Self {
        Self {
            field: None,
            problem: problem.to_string(),
        }
    }

    fn at(mut self, field: &str) -> Self {
        self.field.get_or_insert_with(|| field.to_owned());
        self
    }

    /// Returns the name of the field that cannot be encoded, where it is known.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "the field {field:?} cannot be part of a form"),
            None => f.write_str("this cannot be a form"),
        }?;
        write!(f, ": {}", self.problem)
    }
}

impl StdError for FormError {}

impl serde::ser::Error for FormError {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::new(problem)
    }
}

#[cfg(test)]
mod tests;
