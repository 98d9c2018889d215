//! Reading a response.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, Version};
use http_body::Frame;
use tokio::time::timeout;
use url::Url;
use wharf_http::Body;

use crate::body::Replayed;
use crate::config::{EXCERPT, EXCERPT_WAIT};
use crate::redirect::Hop;
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
    inner: http::Response<Body>,
    excerpt: Bytes,
    scope: Arc<Scope>,
    url: Url,
    history: Vec<Hop>,
    arrival: Option<Arrival>,
}

impl Response {
    /// Takes over a response.
    pub(crate) fn new(
        mut inner: http::Response<Body>,
        scope: Arc<Scope>,
        url: Url,
        history: Vec<Hop>,
    ) -> Self {
        let arrival = inner.extensions_mut().remove();
        Self {
            inner,
            excerpt: Bytes::new(),
            scope,
            url,
            history,
            arrival,
        }
    }

    /// Tells whether the start of the body is to be [read ahead](Self::read_ahead).
    pub(crate) fn is_error(&self) -> bool {
        is_error(self.status())
    }

    /// Reads the start of an error's body, for the sake of [`ok`](Self::ok).
    pub(crate) async fn read_ahead(&mut self) {
        let mut body = std::mem::take(self.inner.body_mut());
        let mut taken = VecDeque::new();
        let mut excerpt = BytesMut::new();
        // An error of the body is kept by it, and waits for whoever reads on.
        let read = async {
            while excerpt.len() < EXCERPT
                && let Some(Ok(frame)) = body.frame().await
            {
                if let Some(data) = frame.data_ref() {
                    let rest = EXCERPT.saturating_sub(excerpt.len());
                    excerpt.extend_from_slice(&data[..data.len().min(rest)]);
                }
                taken.push_back(frame);
            }
        };
        let _what_came_in_time = timeout(EXCERPT_WAIT, read).await;
        self.excerpt = excerpt.freeze();
        *self.inner.body_mut() = match (taken.pop_front().map(Frame::into_data), taken.is_empty()) {
            (None, _) => body,
            (Some(Ok(only)), true) if body.is_empty() => only.into(),
            (Some(first), _) => {
                taken.push_front(first.map_or_else(|frame| frame, Frame::data));
                Body::new(Replayed::new(taken, body))
            }
        };
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
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

    /// Returns the URL that has answered, after all redirects, with its fragment.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the responses that were redirects and were followed, the first one first.
    #[must_use]
    pub fn history(&self) -> &[Hop] {
        &self.history
    }

    /// Returns the address of the other end of the connection, which may be that of a proxy; `None` where it has none, and
    /// when a middleware has answered.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.arrival.as_ref()?.peer
    }

    /// Returns what TLS has come to: version, cipher suite, certificate. `None` when the response did not come over TLS.
    #[cfg(feature = "tls-core")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls-core")))]
    #[must_use]
    pub fn tls(&self) -> Option<&crate::tls::TlsInfo> {
        self.arrival.as_ref()?.tls.as_ref()
    }

    /// Returns how long the phases of the call have taken until now.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.scope.call.timing()
    }

    /// Returns the call that the response belongs to.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.scope.call
    }

    /// Returns the number of body bytes to come when it is known.
    #[must_use]
    pub fn body_len(&self) -> Option<u64> {
        self.inner.body().len()
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
        let status = self.status();
        if is_error(status) {
            return Err(Error::new(ErrorKind::Status(status))
                .at_url(&self.url)
                .excerpt(self.excerpt));
        }
        Ok(self)
    }

    /// Reads the whole body and keeps it: a second call, or `text` after `json`, reads the same bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] when it is larger than the [limit](crate::ClientBuilder::body_limit), 64 MiB by default; a
    /// time-out of phase [`BodyRead`](crate::Phase::BodyRead); [`ErrorKind::ResponseBody`] when it broke off.
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        let limit = self.scope.settings.body_limit;
        let result = self.inner.body_mut().bytes(limit).await;
        result.map_err(|error| Error::body(error).at_url(&self.url))
    }

    /// Reads the whole body as text in UTF-8.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when it is not valid UTF-8, or `content-type` names another charset; else as
    /// [`bytes`](Self::bytes).
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    pub async fn text(&mut self) -> Result<String, Error> {
        if let Some(charset) = self.content_type().and_then(charset)
            && !["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| charset.eq_ignore_ascii_case(known))
        {
            let why = format!("the charset `{charset}` is not supported");
            return Err(self.undecodable(why));
        }
        let bytes = self.bytes().await?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(self.undecodable(error)),
        }
    }

    /// Reads the whole body as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when `content-type` names something else than JSON or a format that ends in `+json`, or when
    /// the body is not JSON or does not fit `T`; else as [`bytes`](Self::bytes).
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped half way, and later reads fail.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub async fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, Error> {
        use wharf_http::json::{JsonCodec, SerdeJson};
        if let Some(value) = self.content_type()
            && !is_json(value)
        {
            let why = format!("expected JSON, got `{value}`");
            return Err(self.undecodable(why));
        }
        let bytes = self.bytes().await?;
        SerdeJson::decode(&bytes).map_err(|error| self.undecodable(error))
    }

    /// Returns the next piece of the body, in the size it arrived in; `None` at the end.
    ///
    /// # Errors
    ///
    /// A time-out of phase [`BodyRead`](crate::Phase::BodyRead); [`ErrorKind::ResponseBody`] when the body broke off.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = self.inner.body_mut().chunk().await.transpose();
        piece.map_err(|error| Error::body(error).at_url(&self.url))
    }

    /// Returns the body, to be read or sent on elsewhere.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.inner.into_body()
    }

    /// Returns the response as servers and middleware use it, to be answered with or taken apart.
    #[must_use]
    pub fn into_http(self) -> wharf_http::Response {
        self.inner
    }

    fn content_type(&self) -> Option<&str> {
        self.headers().get(CONTENT_TYPE)?.to_str().ok()
    }

    fn undecodable(&self, why: impl Into<wharf_http::BoxError>) -> Error {
        Error::new(ErrorKind::Decode).at_url(&self.url).because(why)
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Returns the `charset` parameter of a media type (RFC 9110 §8.3.2).
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("charset")
            .then(|| value.trim_matches('"'))
    })
}

#[cfg(feature = "json")]
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let subtype = essence.split_once('/').map_or("", |(_, subtype)| subtype);
    let suffix = subtype.rsplit('+').next().unwrap_or_default();
    suffix.eq_ignore_ascii_case("json")
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
