use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::disposition::Disposition;
use super::source::{Content, Shared};
use super::transfer::Encoding;
use super::{MultipartReader, part_name, safe_file_name};
use crate::header::ContentType;
use crate::multipart::error::PartName;
use crate::multipart::{Error, ErrorKind, Limits};
use crate::{Body, body, charset};

const TRANSFER_ENCODING: HeaderName = HeaderName::from_static("content-transfer-encoding");

/// A part that is read: its head, and its content as it comes.
///
/// A transfer encoding, base64 or quoted-printable, is undone; a content coding is when [`decode`](Self::decode) is called.
#[derive(Debug)]
pub struct PartReader {
    head: Head,
    body: Body,
    limits: Limits,
    depth: usize,
}

/// What is known of a part before its first byte.
pub(super) struct Head {
    headers: HeaderMap,
    names: Disposition,
    kind: Option<ContentType>,
    charset: Option<Arc<str>>,
    number: usize,
    label: PartName,
}

impl Head {
    pub(super) fn new(headers: HeaderMap, number: usize, charset: Option<Arc<str>>) -> Self {
        let text = |name| {
            let value: Option<&HeaderValue> = headers.get(name);
            value.map(|value| String::from_utf8_lossy(value.as_bytes()))
        };
        let names = text(CONTENT_DISPOSITION).map(|text| Disposition::parse(&text));
        let kind = text(CONTENT_TYPE).and_then(|text| ContentType::parse(&text).ok());
        let names = names.unwrap_or_default();
        Self {
            kind,
            charset,
            number,
            label: part_name(names.name.as_deref(), number),
            names,
            headers,
        }
    }

    /// Checks how long the names are.
    pub(super) fn check(&self, limit: usize) -> Result<(), Error> {
        let names = [&self.names.name, &self.names.file_name];
        match names.into_iter().flatten().all(|name| name.len() <= limit) {
            true => Ok(()),
            // By its number: the name is what is too long.
            false => {
                Err(Error::new(ErrorKind::NameTooLong { limit }).of(&PartName::Number(self.number)))
            }
        }
    }

    /// Makes the content a body, with the transfer encoding undone.
    pub(super) fn body(&self, shared: &Shared) -> Result<Body, Error> {
        let content = Content::new(shared.clone(), self.number, self.label.clone());
        let body = Body::new(content);
        let Some(encoding) = self.headers.get(TRANSFER_ENCODING) else {
            return Ok(body);
        };
        let name = String::from_utf8_lossy(encoding.as_bytes());
        match Encoding::named(&name) {
            Ok(None) => Ok(body),
            Ok(Some(encoding)) => Ok(encoding.undo(body)),
            Err(name) => {
                let what = format!("the transfer encoding {name:?} is not supported");
                Err(Error::new(ErrorKind::Encoding)
                    .because(what)
                    .of(&self.label))
            }
        }
    }
}

impl PartReader {
    pub(super) fn new(head: Head, body: Body, limits: Limits, depth: usize) -> Self {
        Self {
            head,
            body,
            limits,
            depth,
        }
    }

    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns the number of the part in its body, counted from 1.
    #[must_use]
    pub fn number(&self) -> usize {
        self.head.number
    }

    /// Returns the name of the form field (RFC 7578 §4.2).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.head.names.name.as_deref()
    }

    /// Returns the name of the file as it was sent, which may be anything: never use it as a path (RFC 7578 §4.2).
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.head.names.file_name.as_deref()
    }

    /// Returns the name of the file made safe by [`safe_file_name`]; `None` when there is none, or nothing is left of it.
    #[must_use]
    pub fn safe_file_name(&self) -> Option<String> {
        self.file_name().and_then(safe_file_name)
    }

    /// Returns the type of the content; `None` when it is not named, which in a form means text (RFC 7578 §4.4), or
    /// malformed.
    #[must_use]
    pub fn content_type(&self) -> Option<&ContentType> {
        self.head.kind.as_ref()
    }

    /// Returns the charset of text: that of the content type, or else the one that a field `_charset_` gave.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        let own = self.content_type().and_then(ContentType::charset);
        own.or(self.head.charset.as_deref())
    }

    /// Undoes the content codings that `Content-Encoding` names, and tells whether there were any.
    ///
    /// Parts of a form have none by right (RFC 7578 §4.8), and other types rarely. `limits` bound what it decodes to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encoding`] when a coding is unknown or not compiled in.
    #[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
    #[cfg_attr(
        docsrs,
        doc(cfg(any(feature = "brotli", feature = "gzip", feature = "zstd")))
    )]
    pub fn decode(&mut self, limits: crate::coding::Limits) -> Result<bool, Error> {
        crate::coding::decode(&mut self.body, &self.head.headers, limits)
            .map_err(|error| self.error(Error::new(ErrorKind::Encoding).because(error)))
    }

    /// Returns the next piece; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`MultipartReader::next_part`], and [`ErrorKind::PassedOver`] when the next part was asked for.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = self.body.chunk().await.transpose();
        piece.map_err(|error| self.body_error(error))
    }

    /// Reads all of it and keeps it; `limit` is in bytes, `None` reads as much as comes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PartTooLarge`] when there are more than `limit` bytes, else as [`chunk`](Self::chunk).
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    pub async fn bytes(&mut self, limit: impl Into<Option<usize>>) -> Result<Bytes, Error> {
        let bytes = self.body.bytes(limit).await;
        bytes.map_err(|error| self.body_error(error))
    }

    /// Reads all of it as text in its [`charset`](Self::charset), UTF-8 where none is named. `limit` is in bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Charset`] when the charset is not one of [`charset::decode`], [`ErrorKind::Content`] when it is not valid
    /// in it; else as [`bytes`](Self::bytes).
    ///
    /// # Cancel safety
    ///
    /// As [`bytes`](Self::bytes).
    pub async fn text(&mut self, limit: impl Into<Option<usize>>) -> Result<String, Error> {
        let bytes = self.bytes(limit).await?;
        let text = charset::decode(self.charset().unwrap_or("utf-8"), &bytes);
        text.map_err(|error| {
            let kind = match error.is_unknown() {
                true => ErrorKind::Charset,
                false => ErrorKind::Content,
            };
            self.error(Error::new(kind).because(error))
        })
    }

    /// Reads all of it as JSON, whatever its content type. `limit` is in bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Content`] with a [`JsonError`](crate::json::JsonError) as the cause; else as [`bytes`](Self::bytes).
    ///
    /// # Cancel safety
    ///
    /// As [`bytes`](Self::bytes).
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub async fn json<T: serde::de::DeserializeOwned>(
        &mut self,
        limit: impl Into<Option<usize>>,
    ) -> Result<T, Error> {
        use crate::json::{JsonCodec as _, SerdeJson};

        let bytes = self.bytes(limit).await?;
        SerdeJson::decode(&bytes)
            .map_err(|error| self.error(Error::new(ErrorKind::Content).because(error)))
    }

    /// Writes it to a new file, and returns how many bytes that were. On an error the file is removed.
    ///
    /// # Errors
    ///
    /// What the system says of the file, one that exists included; an [`Error`] of the part is inside one of
    /// [`InvalidData`](std::io::ErrorKind::InvalidData) and its like, and found by [`get_ref`](std::io::Error::get_ref).
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Not safe: the file is removed when the future is dropped half way.
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub async fn save_to(self, path: impl Into<std::path::PathBuf>) -> std::io::Result<u64> {
        super::save::save(self.body, path.into()).await
    }

    /// Reads it as a multipart body of its own, with the same limits; the number of bytes of a part holds for this one
    /// as a whole, too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooDeep`] when [`Limits::depth`] is passed, else as [`MultipartReader::new`].
    pub fn multipart(self) -> Result<MultipartReader, Error> {
        let label = self.head.label;
        let limit = self.limits.depth;
        if self.depth >= limit {
            return Err(Error::new(ErrorKind::TooDeep { limit }).of(&label));
        }
        let none = || Error::new(ErrorKind::NotMultipart);
        let kind = self.head.kind.ok_or_else(none);
        kind.and_then(|kind| MultipartReader::nested(kind, self.body, self.limits, self.depth + 1))
            .map_err(|error| error.of(&label))
    }

    /// Turns it into a body, such as one to send on. An [`Error`] of the part is the cause of one of the body.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Turns it into a [reader](body::Reader) by count, by separator and by line, which is tokio's `AsyncRead` too.
    #[must_use]
    pub fn into_reader(self) -> body::Reader {
        self.body.into_reader()
    }

    fn error(&self, error: Error) -> Error {
        error.of(&self.head.label)
    }

    fn body_error(&self, error: body::Error) -> Error {
        let cause = error.clone();
        let known = Error::from_body(error);
        if known.kind() != ErrorKind::Body {
            return self.error(known);
        }
        self.error(match cause.kind() {
            body::ErrorKind::TooLarge { limit } => {
                let limit = limit as u64;
                Error::new(ErrorKind::PartTooLarge { limit })
            }
            // Only the encodings of the part make the body itself malformed.
            body::ErrorKind::Malformed if self.is_encoded() => {
                Error::new(ErrorKind::Encoding).because(cause)
            }
            _ => known,
        })
    }

    fn is_encoded(&self) -> bool {
        let headers = &self.head.headers;
        headers.contains_key(TRANSFER_ENCODING)
            || headers.contains_key(http::header::CONTENT_ENCODING)
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("number", &self.number)
            .field("names", &self.names)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
