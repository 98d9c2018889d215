//! The client: a cheap handle, and its builder.

use std::fmt;
use std::sync::Arc;

use http::Method;
use url::{ParseError, Url};
use wharf_http::{BoxError, Request};

use crate::config::BODY_LIMIT;
use crate::connect::{Connector, Erased, TcpConnector};
use crate::pool::Pool;
use crate::{Error, ErrorKind, PoolConfig, RequestBuilder, Response, Timeouts, send};

/// An HTTP client. Cheap to clone; clones share settings and idle connections.
///
/// Connections are driven by tasks of the tokio runtime that a request is sent on, which has to have its timers and its
/// input and output enabled.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), wharf_client::Error> {
/// let client = wharf_client::Client::new();
/// let text = client.get("http://quay.test/ships").send().await?.ok()?.text().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    base: Option<Url>,
    timeouts: Timeouts,
    body_limit: Option<usize>,
    pub(crate) connector: Box<dyn Erased>,
    pub(crate) pool: Arc<Pool>,
}

impl Client {
    /// Creates a client with the default settings.
    #[must_use]
    pub fn new() -> Self {
        ClientBuilder::new().finish(None)
    }

    /// Starts the building of a client with other settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// Starts a `GET` request; `url` is joined to the [base](ClientBuilder::base) if it is relative.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Starts a `HEAD` request.
    pub fn head(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Starts a `POST` request.
    pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Starts a `PUT` request.
    pub fn put(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Starts a `PATCH` request.
    pub fn patch(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Starts a `DELETE` request.
    pub fn delete(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Starts an `OPTIONS` request.
    pub fn options(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::OPTIONS, url)
    }

    /// Starts a request with any method.
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> RequestBuilder {
        let url = resolve(self.inner.base.as_ref(), url.as_ref());
        RequestBuilder::new(self.clone(), method, url)
    }

    /// Sends a request that was made elsewhere, such as one that a server received; its URI has to be absolute.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the request up and closes its connection; the server may have acted on it.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        Box::pin(self.send_with(request, None, None)).await
    }

    pub(crate) async fn send_with(
        &self,
        request: Request,
        timeouts: Option<Timeouts>,
        body_limit: Option<Option<usize>>,
    ) -> Result<Response, Error> {
        let timeouts = timeouts.as_ref().unwrap_or(&self.inner.timeouts);
        let body_limit = body_limit.unwrap_or(self.inner.body_limit);
        let (response, target) = send::send(&self.inner, request, timeouts).await?;
        Ok(Response::new(response, target, timeouts.body_read, body_limit).await)
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.inner.base.as_ref().map(|base| base.origin());
        f.debug_struct("Client")
            .field("base", &base.map(|origin| origin.ascii_serialization()))
            .field("timeouts", &self.inner.timeouts)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Client`] to be.
#[must_use]
pub struct ClientBuilder {
    base: Option<String>,
    timeouts: Timeouts,
    pool: PoolConfig,
    body_limit: Option<usize>,
    connector: Box<dyn Erased>,
}

impl ClientBuilder {
    fn new() -> Self {
        Self {
            base: None,
            timeouts: Timeouts::new(),
            pool: PoolConfig::new(),
            body_limit: Some(BODY_LIMIT),
            connector: Box::new(TcpConnector::new()),
        }
    }

    /// Sets the URL that relative ones are joined to (RFC 3986 §5.2). Its path has to end in a slash.
    ///
    /// With the base `http://api.test/v1/`, `users` leads to `/v1/users` and `/users` to `/users`. An absolute URL goes where
    /// it says. A relative one never leaves the host: `//other.test/` is refused.
    ///
    /// Default: none, so that only absolute URLs are accepted.
    pub fn base(mut self, url: impl Into<String>) -> Self {
        self.base = Some(url.into());
        self
    }

    /// Sets the time limits of requests that set none themselves.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets how idle connections are kept.
    pub fn pool(mut self, config: PoolConfig) -> Self {
        self.pool = config;
        self
    }

    /// Sets how many bytes of a response body [`bytes`](Response::bytes), [`text`](Response::text) and `json` accept.
    ///
    /// Reading it piece by piece is not limited. Default: 64 MiB. `None` accepts as many as come.
    pub fn body_limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.body_limit = bytes.into();
        self
    }

    /// Sets what opens connections. Default: [`TcpConnector`].
    pub fn connector(mut self, connector: impl Connector) -> Self {
        self.connector = Box::new(connector);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`] when the base is malformed, not absolute, or has a path that does not end in a slash, a query or a
    /// fragment; [`ErrorKind::Config`] when a time limit is zero.
    pub fn build(mut self) -> Result<Client, Error> {
        self.timeouts.check()?;
        let base = self.base.take().map(|base| parse_base(&base)).transpose()?;
        Ok(self.finish(base))
    }

    fn finish(self, base: Option<Url>) -> Client {
        Client {
            inner: Arc::new(Inner {
                base,
                timeouts: self.timeouts,
                body_limit: self.body_limit,
                connector: self.connector,
                pool: Arc::new(Pool::new(self.pool)),
            }),
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("timeouts", &self.timeouts)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

fn parse_base(base: &str) -> Result<Url, Error> {
    let invalid = |why: &str| Err(Error::new(ErrorKind::Url).because(format!("the base {why}")));
    let url = Url::parse(base).map_err(|error| Error::new(ErrorKind::Url).because(error))?;
    if url.scheme() != "http" {
        return invalid(&format!(
            "has the scheme `{}`, which is not supported",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("holds credentials; they belong in the `authorization` header");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return invalid("has a query or a fragment, which no joined URL would keep");
    }
    if !url.path().ends_with('/') {
        return invalid(
            "has a path that does not end in a slash, so that joining would drop its last segment",
        );
    }
    Ok(url)
}

fn resolve(base: Option<&Url>, url: &str) -> Result<Url, Error> {
    let invalid = |why: BoxError| Error::new(ErrorKind::Url).because(why);
    match (Url::parse(url), base) {
        (Ok(url), _) => Ok(url),
        (Err(ParseError::RelativeUrlWithoutBase), Some(base)) => {
            let joined = base.join(url).map_err(|error| invalid(error.into()))?;
            // `//other` and `\\other` name a host: a path made of somebody's input must not redirect the request.
            if joined.origin() != base.origin()
                || !joined.username().is_empty()
                || joined.password().is_some()
            {
                return Err(invalid("a relative one cannot lead to another host".into()));
            }
            Ok(joined)
        }
        (Err(error), _) => Err(invalid(error.into())),
    }
}

#[cfg(test)]
mod tests;
