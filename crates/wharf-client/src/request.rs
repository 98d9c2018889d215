//! Building a request.

use std::fmt;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri};
use url::Url;
use wharf_http::{Body, BoxError, Request};

use crate::{Client, Error, ErrorKind, Response, Timeouts};

/// A request to be sent; made by [`Client::get`] and its like.
///
/// A mistake made on the way, such as a malformed URL, is the error of [`send`](Self::send).
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: Client,
    timeouts: Option<Timeouts>,
    body_limit: Option<Option<usize>>,
    draft: Result<Draft, Error>,
}

struct Draft {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Body,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, url: Result<Url, Error>) -> Self {
        Self {
            client,
            timeouts: None,
            body_limit: None,
            draft: url.map(|url| Draft {
                method,
                url,
                headers: HeaderMap::new(),
                body: Body::empty(),
            }),
        }
    }

    /// Adds a header field, beside those of the same name that are there already.
    ///
    /// `host`, `accept` and `user-agent` are sent by themselves unless they are set here.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        self.change(|draft| {
            let name = name.try_into().map_err(unsendable)?;
            let value = value.try_into().map_err(unsendable)?;
            draft.headers.append(name, value);
            Ok(())
        })
    }

    /// Adds one pair to the query of the URL, both sides percent-encoded.
    pub fn query(self, name: &str, value: impl fmt::Display) -> Self {
        self.change(|draft| {
            draft
                .url
                .query_pairs_mut()
                .append_pair(name, &value.to_string());
            Ok(())
        })
    }

    /// Sets the body. Its type is told with a `content-type` header.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.change(|draft| {
            draft.body = body.into();
            Ok(())
        })
    }

    /// Sets the body to `value` as JSON, and `content-type` to `application/json` unless another one is set.
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Self {
        use wharf_http::json::{JsonCodec, SerdeJson};
        self.change(|draft| {
            draft.body = SerdeJson::encode(value).map_err(unsendable)?.into();
            draft
                .headers
                .entry(http::header::CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/json"));
            Ok(())
        })
    }

    /// Sets the time limits of this request, all of them, in place of those of the client.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Sets how many bytes of the response body [`bytes`](Response::bytes), [`text`](Response::text) and `json` accept.
    ///
    /// Default: that of the client, see [`ClientBuilder::body_limit`](crate::ClientBuilder::body_limit). `None` accepts as
    /// many as come.
    pub fn body_limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.body_limit = Some(bytes.into());
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Draft) -> Result<(), Error>) -> Self {
        if let Ok(draft) = &mut self.draft
            && let Err(error) = change(draft)
        {
            self.draft = Err(error);
        }
        self
    }

    /// Returns the finished request, with an absolute URI.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, a header or the body.
    pub fn build(self) -> Result<Request, Error> {
        let Draft {
            method,
            url,
            headers,
            body,
        } = self.draft?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri(url)?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Sends the request and waits for the response head.
    ///
    /// # Errors
    ///
    /// Whatever kept the response from coming; a response with status 404 is no error before [`Response::ok`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the request up and closes its connection; the server may have acted on it.
    pub async fn send(mut self) -> Result<Response, Error> {
        let client = self.client.clone();
        let (timeouts, body_limit) = (self.timeouts.take(), self.body_limit.take());
        if let Some(timeouts) = &timeouts {
            timeouts.check()?;
        }
        let request = self.build()?;
        Box::pin(client.send_with(request, timeouts, body_limit)).await
    }
}

fn unsendable(error: impl Into<BoxError>) -> Error {
    Error::new(ErrorKind::Request).because(error)
}

fn uri(mut url: Url) -> Result<Uri, Error> {
    url.set_fragment(None);
    Uri::try_from(String::from(url)).map_err(|error| Error::new(ErrorKind::Url).because(error))
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RequestBuilder");
        match &self.draft {
            Ok(draft) => debug
                .field("method", &draft.method)
                .field("host", &draft.url.host_str()),
            Err(error) => debug.field("error", error),
        };
        debug.finish_non_exhaustive()
    }
}
