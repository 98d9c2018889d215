use bytes::BufMut as _;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::{BadForm, Multipart};
use crate::Body;
use crate::header::ContentType;

/// One part of a [`Form`](super::Form): a body, a file name and header fields.
///
/// # Examples
///
/// ```
/// use wharf_http::multipart::Part;
///
/// let table = Part::new("a,b\n1,2\n").file_name("table.csv").content_type("text/csv");
/// assert_eq!(table.len(), Some(8));
/// ```
#[derive(Debug)]
pub struct Part {
    body: Body,
    file_name: Option<String>,
    headers: HeaderMap,
    problem: Option<BadForm>,
}

impl Part {
    /// Creates a part of text, bytes or a body that streams.
    #[must_use]
    pub fn new(body: impl Into<Body>) -> Self {
        Self {
            body: body.into(),
            file_name: None,
            headers: HeaderMap::new(),
            problem: None,
        }
    }

    /// Opens a file as a part with its name, of the type `application/octet-stream`.
    ///
    /// # Errors
    ///
    /// As [`Body::from_path`].
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime; so does reading.
    ///
    /// # Cancel safety
    ///
    /// Safe: the file is closed when the future is dropped.
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub async fn file(path: impl AsRef<std::path::Path>) -> std::io::Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self::new(Body::from_path(path).await?).file_name(name))
    }

    /// Sets the name of the file that the part is, which makes it a file for the receiver.
    ///
    /// Any text will do: it is sent as UTF-8, and quotes and line breaks are escaped as browsers do.
    #[must_use]
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Sets the type of the content.
    ///
    /// Default: `application/octet-stream` for a part with a file name, and none for others, which then are text
    /// (RFC 7578 §4.4). What is no content type is an error of
    /// [`Form::build`](super::Form::build).
    #[must_use]
    pub fn content_type(mut self, kind: impl AsRef<str>) -> Self {
        let kind = kind.as_ref();
        match (ContentType::parse(kind), HeaderValue::try_from(kind)) {
            (Ok(_), Ok(value)) => {
                self.headers.insert(CONTENT_TYPE, value);
            }
            _ => {
                let text = format!("{kind:?} is no content type");
                self.problem = self.problem.or(Some(BadForm::new(text)));
            }
        }
        self
    }

    /// Adds a header field.
    ///
    /// Receivers of forms pass over all but `Content-Disposition` and `Content-Type` (RFC 7578 §4.8); other `multipart`
    /// types use more. A `Content-Disposition` takes the place of the one that is made of the names.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Returns the number of bytes of the body when it is known.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.body.len()
    }

    /// Tells whether it is known that the body has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Returns the body, after its head was written: the header fields and the empty line.
    pub(super) fn begin(self, name: Option<&str>, head: &mut Vec<u8>) -> Result<Body, BadForm> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let mut headers = self.headers;
        if !headers.contains_key(CONTENT_DISPOSITION) {
            disposition(name, self.file_name.as_deref(), head)?;
        }
        if self.file_name.is_some() {
            let bytes = HeaderValue::from_static("application/octet-stream");
            headers.entry(CONTENT_TYPE).or_insert(bytes);
        }
        for (name, value) in &headers {
            // Some receivers compare these two with regard to case.
            let name = match *name {
                CONTENT_DISPOSITION => "Content-Disposition",
                CONTENT_TYPE => "Content-Type",
                ref other => other.as_str(),
            };
            for piece in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                head.put_slice(piece);
            }
        }
        head.put_slice(b"\r\n");
        Ok(self.body)
    }
}

/// Writes the field that names a part (RFC 7578 §4.2), or none where there is nothing to say.
fn disposition(
    name: Option<&str>,
    file_name: Option<&str>,
    head: &mut Vec<u8>,
) -> Result<(), BadForm> {
    let kind: &[u8] = match (name, file_name) {
        (None, None) => return Ok(()),
        (Some(_), _) => b"form-data",
        (None, Some(_)) => b"attachment",
    };
    head.put_slice(b"Content-Disposition: ");
    head.put_slice(kind);
    for (parameter, value) in [("name", name), ("filename", file_name)] {
        if let Some(value) = value {
            for piece in ["; ", parameter, "=\""] {
                head.put_slice(piece.as_bytes());
            }
            escape(value, head)?;
            head.put_u8(b'"');
        }
    }
    head.put_slice(b"\r\n");
    Ok(())
}

/// Writes a name as browsers do (HTML standard §4.10.21.8): UTF-8 as it is, and percent signs for three bytes alone.
fn escape(name: &str, head: &mut Vec<u8>) -> Result<(), BadForm> {
    for byte in name.bytes() {
        match byte {
            b'"' => head.put_slice(b"%22"),
            b'\r' => head.put_slice(b"%0D"),
            b'\n' => head.put_slice(b"%0A"),
            0 => return Err(BadForm::new(format!("the name {name:?} holds a NUL"))),
            _ => head.put_u8(byte),
        }
    }
    Ok(())
}

impl From<Multipart> for Part {
    /// Makes a part of several parts, such as the `multipart/alternative` in a `multipart/mixed`.
    fn from(inner: Multipart) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, inner.content_type().clone());
        Self {
            headers,
            ..Self::new(inner.into_body())
        }
    }
}

impl<B: Into<Body>> From<B> for Part {
    fn from(body: B) -> Self {
        Self::new(body)
    }
}
