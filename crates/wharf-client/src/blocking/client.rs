//! The client whose calls wait.

use std::fmt;

use http::Method;
use url::Url;
use wharf_http::Request;

use super::{Background, RequestBuilder, Response};
use crate::pool::PoolStats;
use crate::{ClientBuilder, Error};

/// An HTTP client whose calls wait for their end. Cheap to clone; clones share settings, connections and a thread.
///
/// The thread is started with the client, and ends when the last clone is dropped, and the last request, response and body with
/// it. Nobody waits for that; [`close`](Self::close) waits until all connections are gone. Calls from several threads run side
/// by side.
///
/// A call from the client's own thread, such as from a middleware or an observer of this client, is an error of kind
/// [`Blocking`](crate::ErrorKind::Blocking), and so is one during which such code panics.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_client::{ErrorKind, Phase, Timeouts, blocking::Client};
///
/// // Accepts, and never answers.
/// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let client = Client::builder()
///     .timeouts(Timeouts::new().total(Duration::from_millis(50)))
///     .build_blocking()?;
/// let error = client.get(format!("http://{}/", server.local_addr()?)).send().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Timeout(Phase::Total));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    // Before the thread, which has to be there when the last connections are dropped.
    inner: crate::Client,
    background: Background,
}

impl Client {
    /// Creates a client with the default settings, which are those of the [asynchronous one](crate::Client::new).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Blocking`](crate::ErrorKind::Blocking) when the system has no thread for it.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build_blocking()
    }

    /// Starts the building of a client with other settings; [`ClientBuilder::build_blocking`] ends it.
    pub fn builder() -> ClientBuilder {
        crate::Client::builder()
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

    /// Starts a request with any method; see [`Client::request`](crate::Client::request).
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> RequestBuilder {
        RequestBuilder::new(self.inner.request(method, url), self.background.clone())
    }

    /// Sends a request that was made elsewhere; its URI has to be absolute.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`].
    pub fn send(&self, request: Request) -> Result<Response, Error> {
        let client = self.inner.clone();
        let response = self
            .background
            .run(async move { client.send(request).await })??;
        Ok(Response::new(response, self.background.clone()))
    }

    /// Opens connections to the origin of `url` ahead of the first requests; see
    /// [`Client::warm_up`](crate::Client::warm_up).
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send`], for the first connection that cannot be opened.
    pub fn warm_up(&self, url: impl AsRef<str>, count: usize) -> Result<usize, Error> {
        let client = self.inner.clone();
        let url = url.as_ref().to_owned();
        self.background
            .run(async move { client.warm_up(url, count).await })?
    }

    /// Tells which proxy a request to `url` goes through, and which rule has it so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`](crate::ErrorKind::Url) when the URL is malformed.
    #[cfg(feature = "proxy")]
    #[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
    pub fn explain_proxy(&self, url: impl AsRef<str>) -> Result<crate::proxy::Explanation, Error> {
        self.inner.explain_proxy(url)
    }

    /// Forgets the addresses of one host: the next connection to it looks them up; see
    /// [`Client::clear_name`](crate::Client::clear_name).
    pub fn clear_name(&self, host: &str) {
        self.inner.clear_name(host);
    }

    /// Forgets the addresses of all hosts.
    pub fn clear_names(&self) {
        self.inner.clear_names();
    }

    /// Returns what the connections do at the moment, and what became of earlier ones.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.inner.stats()
    }

    /// Returns the URL that relative ones are joined to.
    #[must_use]
    pub fn base(&self) -> Option<&Url> {
        self.inner.base()
    }

    /// Closes the connections that no request uses. It applies to all clones; requests that are under way go on, and new ones open
    /// new connections.
    pub fn close_idle(&self) {
        self.inner.close_idle();
    }

    /// Closes all connections and waits until their sockets are closed. It applies to all clones.
    ///
    /// Requests and bodies that are under way in other threads fail, and so do new requests, with
    /// [`ErrorKind::Closed`](crate::ErrorKind::Closed). Called on the client's own thread, such as from a middleware, it does
    /// not wait.
    pub fn close(&self) {
        let client = self.inner.clone();
        let closing = async move { client.close().await };
        if self.background.is_here() {
            drop(self.background.spawn(closing));
        } else {
            let _nothing_is_left_to_close = self.background.run(closing);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
impl ClientBuilder {
    /// Makes a client whose calls wait for their end, and starts its thread.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); [`ErrorKind::Blocking`](crate::ErrorKind::Blocking) when the system has no thread for it.
    pub fn build_blocking(self) -> Result<Client, Error> {
        Ok(Client {
            inner: self.build()?,
            background: Background::start()?,
        })
    }
}
