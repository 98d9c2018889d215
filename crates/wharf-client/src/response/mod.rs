//! Reading a response: its head, and its body in the form that suits.
//!
//! [`Response`] has the head, and reads the body as a whole or by pieces. It turns into a [`BodyStream`], a [`BodyReader`] or
//! [`Lines`]. [`Links`] are those of its `link` field.

pub(crate) mod charset;
mod excerpt;
mod lines;
mod links;
mod read;
mod reader;
#[cfg(feature = "fs")]
pub(crate) mod save;
mod stream;

pub use lines::Lines;
pub use links::{Link, Links};
pub use reader::BodyReader;
#[cfg(feature = "blocking")]
pub(crate) use reader::to_io;
pub use stream::BodyStream;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode, Version};
use url::Url;
use wharf_http::Body;

use crate::redirect::Hop;
use crate::retry::retry_after;
use crate::send::Scope;
use crate::trace::{Call, Timing};
use crate::{Error, ErrorKind};

/// What is known of how a response came.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) peer: Option<SocketAddr>,
    #[cfg(feature = "tls-core")]
    pub(crate) tls: Option<crate::tls::TlsInfo>,
}

/// A response: its head has come, its body is read on demand.
///
/// A body that was read to its end returns the connection for the next request; dropping the response before that closes
/// the connection.
pub struct Response {
    /// Boxed, so that a response is cheap to move.
    inner: Box<Inner>,
}

struct Inner {
    response: http::Response<Body>,
    excerpt: Bytes,
    scope: Arc<Scope>,
    url: Url,
    history: Vec<Hop>,
    arrival: Option<Arrival>,
}

impl Response {
    /// Takes over a response.
    pub(crate) fn new(
        mut response: http::Response<Body>,
        scope: Arc<Scope>,
        url: Url,
        history: Vec<Hop>,
    ) -> Self {
        let arrival = response.extensions_mut().remove();
        let arrival = arrival.or_else(|| scope.call.arrive(None));
        if let Some(report) = &scope.settings.download {
            report.start();
        }
        let inner = Inner {
            response,
            excerpt: Bytes::new(),
            scope,
            url,
            history,
            arrival,
        };
        Self {
            inner: Box::new(inner),
        }
    }

    /// Tells whether the start of the body is to be [read ahead](Self::read_ahead).
    pub(crate) fn is_error(&self) -> bool {
        is_error(self.status())
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.response.status()
    }

    /// Tells whether the status is one of success, 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status().is_success()
    }

    /// Returns the version of HTTP that the peer speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.inner.response.version()
    }

    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.response.headers()
    }

    /// Returns the text of a header field, the first when it is there twice; `None` when it is missing or not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// Returns the media type as it was sent, with its parameters. RFC 9110 §8.3 has a recipient take
    /// `application/octet-stream` for a missing one, or look at the bytes.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.header(CONTENT_TYPE.as_str())
    }

    /// Returns the charset that the media type names, as it was sent.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        charset::parameter(self.content_type()?)
    }

    /// Returns what `content-length` says, which after a `HEAD` is the length that a `GET` would have had. How much is to come is
    /// [`body_len`](Self::body_len).
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.header(CONTENT_LENGTH.as_str())?.trim().parse().ok()
    }

    /// Returns how long the server wants to be left alone, by `retry-after` (RFC 9110 §10.2.3), in seconds or by a date.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(self.headers(), SystemTime::now())
    }

    /// Returns where the `link` field leads (RFC 8288), with absolute URLs.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
    /// let mut page = client.get("http://quay.test/ships").send().await?.ok()?;
    /// while let Some(next) = page.links().rel("next") {
    ///     page = client.get(next.url()).send().await?.ok()?;
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn links(&self) -> Links {
        Links::of(self.headers(), &self.inner.url)
    }

    /// Returns the URL that has answered, after all redirects, with its fragment.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.inner.url
    }

    /// Returns the responses that were redirects and were followed, the first one first.
    #[must_use]
    pub fn history(&self) -> &[Hop] {
        &self.inner.history
    }

    /// Returns the address of the other end of the connection, which may be that of a proxy; `None` where it has none, and
    /// when a middleware has answered.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.inner.arrival.as_ref()?.peer
    }

    /// Returns what TLS has come to: version, cipher suite, certificate. `None` when the response did not come over TLS.
    #[cfg(feature = "tls-core")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls-core")))]
    #[must_use]
    pub fn tls(&self) -> Option<&crate::tls::TlsInfo> {
        self.inner.arrival.as_ref()?.tls.as_ref()
    }

    /// Returns how long the phases of the call have taken until now.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.inner.scope.call.timing()
    }

    /// Returns the call that the response belongs to.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.inner.scope.call
    }

    /// Returns the number of body bytes to come when it is known.
    #[must_use]
    pub fn body_len(&self) -> Option<u64> {
        self.inner.response.body().len()
    }

    /// Goes on when the status is below 400.
    ///
    /// For the sake of this method, a response with status 400 or above is handed out when the first KiB of its body has
    /// come, or all of a shorter one, or one second has passed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`] else; the error keeps the start of the body, see [`Error::body_excerpt`].
    pub fn ok(self) -> Result<Self, Error> {
        match self.ok_ref() {
            Ok(_) => Ok(self),
            Err(error) => Err(error),
        }
    }

    /// Does what [`ok`](Self::ok) does, and leaves the response where it is, with all of its body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`] when the status is 400 or above.
    pub fn ok_ref(&self) -> Result<&Self, Error> {
        let status = self.status();
        if !is_error(status) {
            return Ok(self);
        }
        let error = Error::new(ErrorKind::Status(status)).at_url(&self.inner.url);
        Err(error.excerpt(self.inner.excerpt.clone()))
    }

    /// Returns the body as a stream of pieces, in the sizes that they arrive in.
    #[must_use]
    pub fn into_stream(self) -> BodyStream {
        BodyStream::new(self.inner.response.into_body(), self.inner.url)
    }

    /// Returns the body as something to read bytes from: with `read_exact`, `read_until`, `copy` and what else tokio has for it.
    #[must_use]
    pub fn into_reader(self) -> BodyReader {
        BodyReader::new(self.into_stream())
    }

    /// Returns the lines of the body, as they arrive.
    #[must_use]
    pub fn into_lines(self) -> Lines {
        let charset = charset::Charset::declared(self.content_type());
        Lines::new(charset, self.into_stream())
    }

    /// Reads the body part by part, as of `multipart/byteranges`, `multipart/mixed` or a stream of pictures without end.
    ///
    /// # Errors
    ///
    /// [`NotMultipart`](wharf_http::multipart::ErrorKind::NotMultipart) and
    /// [`BadBoundary`](wharf_http::multipart::ErrorKind::BadBoundary), when the content type is none of this kind.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use wharf_http::multipart::Limits;
    ///
    /// # async fn example(client: wharf_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = client.get("http://quay.test/chart").header("range", "bytes=0-99,500-599");
    /// let mut parts = request.send().await?.ok()?.into_multipart(Limits::new())?;
    /// while let Some(mut part) = parts.next_part().await? {
    ///     let bytes = part.bytes(100).await?;
    ///     println!("{:?}: {} bytes", part.headers().get("content-range"), bytes.len());
    /// }
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "multipart")]
    #[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
    pub fn into_multipart(
        self,
        limits: wharf_http::multipart::Limits,
    ) -> Result<wharf_http::multipart::MultipartReader, wharf_http::multipart::Error> {
        let (head, body) = self.inner.response.into_parts();
        wharf_http::multipart::MultipartReader::of(&head.headers, body, limits)
    }

    /// Returns the body, to be read or sent on elsewhere.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.inner.response.into_body()
    }

    /// Takes out what was put beside the response.
    #[cfg(feature = "ws")]
    pub(crate) fn take_extension<T: Clone + Send + Sync + 'static>(&mut self) -> Option<T> {
        self.inner.response.extensions_mut().remove()
    }

    /// Puts the body into another.
    #[cfg(feature = "blocking")]
    pub(crate) fn map_body(mut self, wrap: impl FnOnce(Body) -> Body) -> Self {
        self.inner.response = self.inner.response.map(wrap);
        self
    }

    /// Returns the response as servers and middleware use it, to be answered with or taken apart.
    #[must_use]
    pub fn into_http(self) -> wharf_http::Response {
        self.inner.response
    }

    fn undecodable(&self, why: impl Into<wharf_http::BoxError>) -> Error {
        undecodable(&self.inner.url, why)
    }
}

fn undecodable(url: &Url, why: impl Into<wharf_http::BoxError>) -> Error {
    Error::new(ErrorKind::Decode).at_url(url).because(why)
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

impl From<Response> for wharf_http::Response {
    fn from(response: Response) -> Self {
        response.into_http()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("version", &self.version())
            .field("body_len", &self.body_len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
