//! The client: a cheap handle, and its builder.

mod base;
mod builder;
mod seen;
mod settings;

pub use builder::ClientBuilder;
pub(crate) use seen::{Place, Seen};
pub use settings::OriginConfig;
pub(crate) use settings::{Origins, Retry, Settings};

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use http::{HeaderValue, Method};
use url::Url;
use wharf_http::middleware::{Endpoint, SharedMiddleware};
use wharf_http::{BoxFuture, Chain, Request};

use crate::config::Http1Config;
#[cfg(feature = "http2")]
use crate::config::Http2Config;
use crate::conn::Driver;
use crate::connect::Opener;
use crate::middleware::Sending;
use crate::pool::{Pool, PoolStats};
use crate::send::{self, Direct, Exchange, Outgoing};
use crate::trace::Observer;
use crate::{Error, RequestBuilder, Response, Timeouts};

/// An HTTP client. Cheap to clone; clones share settings and connections.
///
/// It can be made anywhere and used from any tokio runtime that has timers, input and output enabled, and from several at once: a
/// connection is driven by the runtime that opened it, and used again by requests on that runtime only. Dropping the last clone
/// closes idle connections; requests and responses that are under way go on. [`close`](Self::close) waits until all
/// connections are gone.
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
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) origins: Origins,
    seen: Seen,
    pub(crate) timeouts: Timeouts,
    /// What requests begin with.
    pub(crate) settings: Arc<Settings>,
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) middleware: Vec<SharedMiddleware<Sending>>,
    pub(crate) chain: Arc<Chain<Sending>>,
    pub(crate) observers: Arc<[Arc<dyn Observer>]>,
    pub(crate) http1: Http1Config,
    #[cfg(feature = "http2")]
    pub(crate) http2: Http2Config,
    /// Hosts that are reached by a Unix socket.
    pub(crate) sockets: HashMap<String, Arc<Path>>,
    pub(crate) connector: Opener,
    /// Answers in place of connections.
    direct: Option<Direct>,
    pub(crate) driver: Driver,
    pub(crate) pool: Arc<Pool>,
    #[cfg(feature = "ws")]
    websockets: wharf_http::connection::WebSocketStats,
}

impl Inner {
    /// Returns what the middleware ends in.
    pub(crate) fn end(&self) -> Box<dyn Endpoint<Sending>> {
        end(self.direct.as_ref())
    }

    /// Tells whether a function answers in place of connections.
    pub(crate) fn is_answered_directly(&self) -> bool {
        self.direct.is_some()
    }

    /// Tells whether HTTP/2 may be what a new connection turns out to speak.
    #[cfg(feature = "http2")]
    pub(crate) fn speaks_http2(&self, secure: bool) -> bool {
        self.http2.prior_knowledge || secure && self.http2.offered
    }

    #[cfg(not(feature = "http2"))]
    pub(crate) fn speaks_http2(&self, _secure: bool) -> bool {
        false
    }
}

/// What the middleware of a client ends in.
fn end(direct: Option<&Direct>) -> Box<dyn Endpoint<Sending>> {
    match direct {
        Some(direct) => Box::new(direct.clone()),
        None => Box::new(Exchange),
    }
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
    ///
    /// `http+unix://%2Frun%2Fapp.sock/path` leads to the Unix socket `/run/app.sock`, with `localhost` as the host.
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> RequestBuilder {
        let place = base::resolve(
            &self.inner.seen,
            self.inner.origins.base.as_ref(),
            url.as_ref(),
        );
        RequestBuilder::new(self.clone(), method, place)
    }

    /// Starts the opening of a WebSocket. The scheme is `ws` or `wss`, or as well `http` or `https`; a relative URL is joined to the
    /// [base](ClientBuilder::base).
    #[cfg(feature = "ws")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
    pub fn ws(&self, url: impl AsRef<str>) -> crate::ws::WebSocketBuilder {
        let place = base::resolve(
            &self.inner.seen,
            self.inner.origins.base.as_ref(),
            url.as_ref(),
        );
        let place = place.map(base::of_websocket);
        let request = RequestBuilder::new(self.clone(), Method::GET, place);
        crate::ws::WebSocketBuilder::new(request, self.websockets().clone())
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
        let outgoing = Outgoing::foreign(request, Arc::clone(&self.inner.settings))?;
        self.send_outgoing(Box::new(outgoing)).await
    }

    pub(crate) fn send_outgoing(
        &self,
        outgoing: Box<Outgoing>,
    ) -> BoxFuture<'static, Result<Response, Error>> {
        send::send(Arc::clone(&self.inner), outgoing)
    }

    /// Opens connections to the origin of `url` ahead of the first requests, until `count` are idle, and returns how many there
    /// are then. One that requests share, by HTTP/2, is enough.
    ///
    /// The limits of the [pool](crate::PoolConfig) hold; connections that are not used in time are closed as others are.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`], for the first connection that cannot be opened.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connections that it has opened so far.
    pub async fn warm_up(&self, url: impl AsRef<str>, count: usize) -> Result<usize, Error> {
        let request = self.get(url).build()?;
        Box::pin(send::warm_up(Arc::clone(&self.inner), request, count)).await
    }

    /// Tells which proxy a request to `url` goes through, and which rule has it so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`](crate::ErrorKind::Url) when the URL is malformed.
    #[cfg(feature = "proxy")]
    #[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
    pub fn explain_proxy(&self, url: impl AsRef<str>) -> Result<crate::proxy::Explanation, Error> {
        let place = base::resolve(
            &self.inner.seen,
            self.inner.origins.base.as_ref(),
            url.as_ref(),
        )?;
        Ok(self.inner.settings.proxy.explain(&place.url))
    }

    /// Returns what the connections do at the moment, and what became of earlier ones.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.inner.pool.stats()
    }

    /// Returns the counters of the WebSockets that the client has opened: what goes through them, and how they have ended.
    #[cfg(feature = "ws")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
    #[must_use]
    pub fn websockets(&self) -> &wharf_http::connection::WebSocketStats {
        &self.inner.websockets
    }

    /// Forgets the addresses of one host: the next connection to it looks them up.
    ///
    /// Connections that are open stay so. A connector that was [given](ClientBuilder::connector) knows of no such thing.
    pub fn clear_name(&self, host: &str) {
        if let Opener::Tcp(connector) = &self.inner.connector {
            connector.clear_name(host);
        }
    }

    /// Forgets the addresses of all hosts; see [`clear_name`](Self::clear_name).
    pub fn clear_names(&self) {
        if let Opener::Tcp(connector) = &self.inner.connector {
            connector.clear_names();
        }
    }

    /// Returns the URL that relative ones are joined to.
    #[must_use]
    pub fn base(&self) -> Option<&Url> {
        self.inner.origins.base.as_ref()
    }

    /// Closes the connections that no request uses. It applies to all clones; requests that are under way go on, and new ones open
    /// new connections.
    ///
    /// For when a peer is known to have gone, and for programs that are quiet for a while.
    pub fn close_idle(&self) {
        self.inner.pool.clear();
    }

    /// Closes all connections and waits until their sockets are closed. It applies to all clones. A runtime that stands still
    /// cannot close the connections that it drives: they are waited for at most two seconds.
    ///
    /// Idle connections are closed at once. So are those in use: their requests, and bodies that are being read, fail; await
    /// them first if they are to be finished. New requests fail with [`ErrorKind::Closed`](crate::ErrorKind::Closed), and so
    /// do those that wait for a connection.
    ///
    /// # Cancel safety
    ///
    /// Safe: the connections are closed when the future is dropped too.
    pub async fn close(&self) {
        self.inner.pool.close();
        self.inner.driver.close().await;
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.base().map(Url::origin);
        f.debug_struct("Client")
            .field("base", &base.map(|origin| origin.ascii_serialization()))
            .field("timeouts", &self.inner.timeouts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
