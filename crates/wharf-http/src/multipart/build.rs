use std::error::Error as StdError;
use std::fmt;
use std::mem;

use http::header::HeaderValue;

use super::Part;
use super::boundary::Boundary;
use crate::Body;
use crate::header::grammar::{Quoted, is_token};

/// Parts up to this size travel with the lines around them: few writes beat few copies.
const SMALL: usize = 4096;

/// Builds a body of several parts.
///
/// # Examples
///
/// ```
/// use wharf_http::multipart::{Form, Part};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let form = Form::new()
///     .boundary("x")
///     .add("title", "Größe")
///     .add("file", Part::new("1,2").file_name("a.csv").content_type("text/csv"))
///     .build()?;
/// assert_eq!(form.content_type(), "multipart/form-data; boundary=x");
/// let text = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nGröße\r\n\
///     --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
///     Content-Type: text/csv\r\n\r\n1,2\r\n--x--\r\n";
/// assert_eq!(form.into_body().bytes(1024).await?, text);
/// # Ok::<(), wharf_http::BoxError>(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct Form {
    subtype: String,
    boundary: Option<String>,
    parts: Vec<(Option<String>, Part)>,
}

impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

impl Form {
    /// Creates a form without parts, of the type `multipart/form-data`.
    #[must_use]
    pub fn new() -> Self {
        Self::of("form-data")
    }

    /// Creates a body without parts of another type, such as `mixed` or `related`.
    #[must_use]
    pub fn of(subtype: impl Into<String>) -> Self {
        Self {
            subtype: subtype.into(),
            boundary: None,
            parts: Vec::new(),
        }
    }

    /// Sets what separates the parts: 1 to 70 characters (RFC 2046 §5.1.1).
    ///
    /// Default: 128 random bits. Whoever knows the boundary can make a part look like several; parts in memory are checked
    /// for one that was set, parts that stream are not.
    #[must_use]
    pub fn boundary(mut self, boundary: impl Into<String>) -> Self {
        self.boundary = Some(boundary.into());
        self
    }

    /// Adds a field. Several may have one name.
    ///
    /// A field is text, bytes, a [`Body`] or a [`Part`].
    #[must_use]
    pub fn add(mut self, name: impl Into<String>, part: impl Into<Part>) -> Self {
        self.parts.push((Some(name.into()), part.into()));
        self
    }

    /// Adds a part without the name of a field, as types other than forms have them.
    #[must_use]
    pub fn add_unnamed(mut self, part: impl Into<Part>) -> Self {
        self.parts.push((None, part.into()));
        self
    }

    /// Makes the body.
    ///
    /// # Errors
    ///
    /// [`BadForm`] when the subtype, the boundary, a content type or a name is none, when a part in memory holds a boundary
    /// that was set, or when the system has no random bytes for one.
    pub fn build(self) -> Result<Multipart, BadForm> {
        let boundary = match self.boundary {
            Some(text) => Boundary::chosen(text)?,
            None => Boundary::random()?,
        };
        let subtype = self.subtype;
        let kind = format!(
            "multipart/{subtype}; boundary={}",
            Quoted(boundary.as_str())
        );
        let content_type = match HeaderValue::try_from(kind) {
            Ok(content_type) if is_token(&subtype) => content_type,
            _ => return Err(BadForm::new(format!("{subtype:?} is no type of content"))),
        };
        let mut pieces = Vec::new();
        // What is sent before the next part that is long or streams.
        let mut lines = Vec::new();
        for (name, part) in self.parts {
            lines.extend_from_slice(format!("--{}\r\n", boundary.as_str()).as_bytes());
            let body = part.begin(name.as_deref(), &mut lines)?;
            if let Some(bytes) = body.as_bytes() {
                boundary.check(bytes)?;
            }
            match body.as_bytes() {
                Some(bytes) if bytes.len() <= SMALL => lines.extend_from_slice(bytes),
                _ => {
                    pieces.push(mem::take(&mut lines).into());
                    pieces.push(body);
                }
            }
            lines.extend_from_slice(b"\r\n");
        }
        lines.extend_from_slice(format!("--{}--\r\n", boundary.as_str()).as_bytes());
        let body = if pieces.is_empty() {
            lines.into()
        } else {
            pieces.push(lines.into());
            Body::concat(pieces)
        };
        Ok(Multipart { content_type, body })
    }
}

/// A body of several parts, and its content type.
#[derive(Debug)]
pub struct Multipart {
    content_type: HeaderValue,
    body: Body,
}

impl Multipart {
    /// Returns the value of `Content-Type`, which holds the boundary: without it nobody can read the body.
    #[must_use]
    pub fn content_type(&self) -> &HeaderValue {
        &self.content_type
    }

    /// Returns the number of bytes of the whole when that of each part is known.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "it is never empty: it ends with a boundary"
    )]
    pub fn len(&self) -> Option<u64> {
        self.body.len()
    }

    /// Returns the body. It can be [made anew](Body::try_clone) when each part can.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }
}

/// Why a [`Form`] cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadForm {
    problem: String,
}

impl BadForm {
    pub(super) fn new(problem: String) -> Self {
        Self { problem }
    }
}

impl fmt::Display for BadForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the form cannot be built: {}", self.problem)
    }
}

impl StdError for BadForm {}
