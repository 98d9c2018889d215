//! Reading a response, waiting for it.
//!
//! [`Response`] turns into a [`BodyStream`] of pieces, a [`BodyReader`] or [`Lines`].

mod lines;
mod reader;
mod stream;

pub use lines::Lines;
pub use reader::BodyReader;
pub use stream::BodyStream;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use url::Url;
use wharf_http::Body;

use super::Background;
use super::remote::Remote;
use crate::Error;
use crate::redirect::Hop;
use crate::response::Links;
use crate::trace::{Call, Timing};

/// A response: its head has come, its body is read on demand.
///
/// A body that was read to its end returns the connection for the next request; dropping the response before that closes
/// the connection. The thread of the client lives on until then, also when the client is dropped.
pub struct Response {
    inner: crate::Response,
    background: Background,
}

impl Response {
    pub(super) fn new(response: crate::Response, background: Background) -> Self {
        Self {
            inner: response.map_body(|body| Remote::body(body, &background)),
            background,
        }
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// Tells whether the status is one of success, 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.inner.is_success()
    }

    /// Returns the version of HTTP that the peer speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.inner.version()
    }

    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// Returns the text of a header field, the first when it is there twice; `None` when it is missing or not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.inner.header(name)
    }

    /// Returns the media type as it was sent, with its parameters.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.inner.content_type()
    }

    /// Returns the charset that the media type names, as it was sent.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.inner.charset()
    }

    /// Returns what `content-length` says; see [`content_length`](crate::Response::content_length).
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.inner.content_length()
    }

    /// Returns how long the server wants to be left alone, by `retry-after` (RFC 9110 §10.2.3), in seconds or by a date.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after()
    }

    /// Returns where the `link` field leads (RFC 8288), with absolute URLs.
    #[must_use]
    pub fn links(&self) -> Links {
        self.inner.links()
    }

    /// Returns the URL that has answered, after all redirects, with its fragment.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.inner.url()
    }

    /// Returns the responses that were redirects and were followed, the first one first.
    #[must_use]
    pub fn history(&self) -> &[Hop] {
        self.inner.history()
    }

    /// Returns the address of the other end of the connection; see [`peer_addr`](crate::Response::peer_addr).
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Returns what TLS has come to: version, cipher suite, certificate. `None` when the response did not come over TLS.
    #[cfg(feature = "tls-core")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls-core")))]
    #[must_use]
    pub fn tls(&self) -> Option<&crate::tls::TlsInfo> {
        self.inner.tls()
    }

    /// Returns how long the phases of the call have taken until now.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.inner.timing()
    }

    /// Returns the call that the response belongs to.
    #[must_use]
    pub fn call(&self) -> &Call {
        self.inner.call()
    }

    /// Returns the number of body bytes to come when it is known.
    #[must_use]
    pub fn body_len(&self) -> Option<u64> {
        self.inner.body_len()
    }

    /// Goes on when the status is below 400.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`](crate::ErrorKind::Status) else; see [`Response::ok`](crate::Response::ok).
    pub fn ok(self) -> Result<Self, Error> {
        let Self { inner, background } = self;
        let inner = inner.ok()?;
        Ok(Self { inner, background })
    }

    /// Does what [`ok`](Self::ok) does, and leaves the response where it is, with all of its body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`](crate::ErrorKind::Status) when the status is 400 or above.
    pub fn ok_ref(&self) -> Result<&Self, Error> {
        self.inner.ok_ref()?;
        Ok(self)
    }

    /// Reads the whole body and keeps it: a second call, or `text` after `json`, reads the same bytes.
    ///
    /// # Errors
    ///
    /// As [`Response::bytes`](crate::Response::bytes).
    pub fn bytes(&mut self) -> Result<Bytes, Error> {
        self.background.wait(self.inner.bytes())
    }

    /// Reads the whole body as text, in the charset that a byte order mark tells, or else that `content-type` names.
    ///
    /// # Errors
    ///
    /// As [`Response::text`](crate::Response::text).
    pub fn text(&mut self) -> Result<String, Error> {
        self.background.wait(self.inner.text())
    }

    /// Reads the whole body as [`text`](Self::text) does, and asks `guess` for the charset where nothing tells it.
    ///
    /// `guess` gets `content-type` and the bytes, and returns the name of a charset; `None` is UTF-8.
    ///
    /// # Errors
    ///
    /// As [`Response::text`](crate::Response::text).
    pub fn text_with(
        &mut self,
        guess: impl FnOnce(Option<&str>, &[u8]) -> Option<String>,
    ) -> Result<String, Error> {
        self.background.wait(self.inner.text_with(guess))
    }

    /// Reads the whole body as JSON.
    ///
    /// # Errors
    ///
    /// As [`Response::json`](crate::Response::json).
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        self.background.wait(self.inner.json())
    }

    /// Returns the next piece of the body, in the size it arrived in; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`Response::chunk`](crate::Response::chunk).
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.background.wait(self.inner.chunk())
    }

    /// Writes the body to a file and returns its length in bytes; an existing file is replaced. See
    /// [`save_to`](crate::Response::save_to).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::File`](crate::ErrorKind::File) when the file could not be written; else as [`chunk`](Self::chunk).
    #[cfg(feature = "fs")]
    #[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
    pub fn save_to(&mut self, path: impl Into<std::path::PathBuf>) -> Result<u64, Error> {
        let _files_are_written_by_its_threads = self.background.enter();
        self.background.wait(self.inner.save_to(path))
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once the body was read to its end; `None` before, and when there are none.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.inner.trailers()
    }

    /// Returns the pieces of the body, in the sizes that they arrive in.
    #[must_use]
    pub fn into_stream(self) -> BodyStream {
        BodyStream::new(self)
    }

    /// Returns the body as something to read bytes from, in all ways that the standard library has for it.
    #[must_use]
    pub fn into_reader(self) -> BodyReader {
        BodyReader::new(self)
    }

    /// Returns the lines of the body, as they arrive.
    #[must_use]
    pub fn into_lines(self) -> Lines {
        Lines::new(self.inner.into_lines(), self.background)
    }

    /// Returns the body, to be read or sent on elsewhere: in asynchronous code too, on any runtime.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.inner.into_body()
    }

    /// Returns the response as servers and middleware use it, to be answered with or taken apart.
    #[must_use]
    pub fn into_http(self) -> wharf_http::Response {
        self.inner.into_http()
    }
}

impl From<Response> for wharf_http::Response {
    fn from(response: Response) -> Self {
        response.into_http()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
