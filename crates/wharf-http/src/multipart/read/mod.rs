//! Reading: one part after the other, each as it comes.

mod disposition;
mod file_name;
mod part;
#[cfg(feature = "fs")]
mod save;
mod source;
mod transfer;

pub use file_name::safe_file_name;
pub use part::PartReader;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap};

use super::boundary::Boundary;
use super::error::PartName;
use super::parse::Parser;
use super::{Error, ErrorKind, Limits};
use crate::Body;
use crate::header::ContentType;
use part::Head;
use source::Shared;

/// How long the name of a charset may be that a form gives in the field `_charset_`.
const LONGEST_CHARSET: usize = 64;

/// Reads a multipart body of any subtype, part by part, as it comes.
///
/// What is left unread of a part is passed over when the next one is asked for. Held in memory are one piece of the body
/// and the head of one part; [`Limits`] say how long that may be, and how much may come.
///
/// Lines have to end with CRLF, the boundary has to stand on a line of its own, and what is before the first and after the
/// last one is passed over (RFC 2046 §5.1.1). A body that ends before its last boundary is an error, except for
/// `multipart/x-mixed-replace`, which servers send until the connection ends.
///
/// In `multipart/form-data` a field `_charset_` is not handed out: it names the charset of the texts after it
/// (RFC 7578 §4.6).
///
/// # Examples
///
/// ```
/// use wharf_http::Body;
/// use wharf_http::multipart::{Form, MultipartReader, Part};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let form = Form::new().add("title", "Größe").add("file", Part::new("1,2").file_name("a.csv")).build()?;
/// let kind = form.content_type().to_str()?.to_owned();
///
/// let mut parts = MultipartReader::new(&kind, form.into_body())?;
/// let mut title = parts.next_part().await?.unwrap();
/// assert_eq!(title.name(), Some("title"));
/// assert_eq!(title.text(1024).await?, "Größe");
/// let mut file = parts.next_part().await?.unwrap();
/// assert_eq!(file.file_name(), Some("a.csv"));
/// while let Some(piece) = file.chunk().await? {
///     assert_eq!(piece, "1,2");
/// }
/// assert!(parts.next_part().await?.is_none());
/// # Ok::<(), wharf_http::BoxError>(()) }).unwrap();
/// ```
pub struct MultipartReader {
    shared: Shared,
    kind: ContentType,
    limits: Limits,
    depth: usize,
    charset: Option<Arc<str>>,
}

impl MultipartReader {
    /// Starts to read a body, whose `Content-Type` names the boundary.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotMultipart`] and [`ErrorKind::BadBoundary`], when the content type is none of this kind.
    pub fn new(content_type: &str, body: impl Into<Body>) -> Result<Self, Error> {
        Self::with_limits(content_type, body, Limits::default())
    }

    /// Starts to read a body with limits of its own.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_limits(
        content_type: &str,
        body: impl Into<Body>,
        limits: Limits,
    ) -> Result<Self, Error> {
        let kind = ContentType::parse(content_type)
            .map_err(|error| Error::new(ErrorKind::NotMultipart).because(error))?;
        Self::nested(kind, body.into(), limits, 1)
    }

    /// Starts to read the body of a message with these header fields.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_http::multipart::{ErrorKind, Limits, MultipartReader};
    /// use wharf_http::{Body, HeaderMap};
    ///
    /// let error = MultipartReader::of(&HeaderMap::new(), Body::empty(), Limits::new()).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::NotMultipart);
    /// assert_eq!(error.status(), 415);
    /// ```
    pub fn of(headers: &HeaderMap, body: impl Into<Body>, limits: Limits) -> Result<Self, Error> {
        let content_type = headers.get(CONTENT_TYPE).ok_or_else(|| {
            Error::new(ErrorKind::NotMultipart).because("the content type is missing")
        })?;
        let content_type = String::from_utf8_lossy(content_type.as_bytes());
        Self::with_limits(&content_type, body, limits)
    }

    fn nested(kind: ContentType, body: Body, limits: Limits, depth: usize) -> Result<Self, Error> {
        if !kind.essence().starts_with("multipart/") {
            let what = format!("the content type is `{}`", kind.essence());
            return Err(Error::new(ErrorKind::NotMultipart).because(what));
        }
        let boundary = kind.parameter("boundary");
        let bad = || Error::new(ErrorKind::BadBoundary);
        let boundary = Boundary::chosen(boundary.ok_or_else(bad)?.to_owned())
            .map_err(|error| bad().because(error))?;
        let mut parser = Parser::new(boundary.as_str(), &limits);
        if kind.essence() == "multipart/x-mixed-replace" {
            parser = parser.endless();
        }
        Ok(Self {
            shared: Shared::new(body, parser, limits),
            kind,
            limits,
            depth,
            charset: None,
        })
    }

    /// Sets other limits, before the first part.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.shared.lock().set_limits(limits);
        self.limits = limits;
        self
    }

    /// Returns the content type, such as `multipart/form-data`, with its parameters.
    #[must_use]
    pub fn content_type(&self) -> &ContentType {
        &self.kind
    }

    /// Returns the charset that a field `_charset_` gave, for the parts that name none.
    #[must_use]
    pub fn default_charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    /// Returns the next part, passing over what is left of the last one; `None` after the last part.
    ///
    /// A part can be read as long as no other one was asked for, by another task as well; after that reading fails with
    /// [`ErrorKind::PassedOver`].
    ///
    /// # Errors
    ///
    /// The limit that was passed, what is wrong with the format, or what went wrong with the body. Nothing can be read after
    /// an error.
    ///
    /// # Cancel safety
    ///
    /// Safe: the part comes at the next call when the future is dropped. What was left of the last part is then lost.
    pub async fn next_part(&mut self) -> Result<Option<PartReader>, Error> {
        loop {
            let Some(part) = self.any_part().await? else {
                return Ok(None);
            };
            let form = self.kind.essence() == "multipart/form-data";
            if !form || part.name() != Some("_charset_") {
                return Ok(Some(part));
            }
            let mut part = part;
            let name = part.bytes(LONGEST_CHARSET).await?;
            let name = String::from_utf8_lossy(&name);
            self.charset = Some(name.trim().into());
        }
    }

    async fn any_part(&mut self) -> Result<Option<PartReader>, Error> {
        let (head, number) = poll_fn(|cx| {
            let mut source = self.shared.lock();
            let head = source.poll_head(cx);
            head.map_ok(|head| (head, source.current()))
        })
        .await?;
        let Some(headers) = head else {
            return Ok(None);
        };
        let head = Head::new(headers, number, self.charset.clone());
        head.check(self.limits.name_bytes)?;
        let body = head.body(&self.shared)?;
        Ok(Some(PartReader::new(head, body, self.limits, self.depth)))
    }
}

impl fmt::Debug for MultipartReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultipartReader")
            .field("content_type", &self.kind.essence())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Names a part in errors.
fn part_name(name: Option<&str>, number: usize) -> PartName {
    match name {
        Some(name) => PartName::Field(name.into()),
        None => PartName::Number(number),
    }
}

#[cfg(test)]
mod tests;
