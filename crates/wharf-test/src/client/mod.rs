//! The real client over an in-memory pipe to a service.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Method;
use tokio::runtime::Handle;
use wharf_client::connect::{Stream, Target};
use wharf_client::redirect::RedirectPolicy;
use wharf_client::{Client, ClientBuilder, Connector, Timeouts};
use wharf_http::{BoxError, ErrorChain, Peer, Serve};
use wharf_server::AccessLog;

use crate::host::{Host, HostConfig, Hosted};
use crate::{RawConnection, RawReply, TestRequest, fail};

/// The host that requests are sent to.
const BASE: &str = "http://localhost/";

/// A client whose connections lead to an application in the same process.
///
/// It checks the application and enters its resources, as a server does, and opens no socket. Connections are kept from
/// one request to the next. The `host` of requests is `localhost`, unless a test sets another one.
///
/// A reply is what the application has answered: redirects are not followed, and codings not undone.
///
/// [`close`](Self::close) leaves the resources and fails the test when that fails. Dropping the client leaves them too, in a
/// task of the runtime that it was made on: that is too late when the test ends, and its runtime with it.
///
/// # Examples
///
/// ```
/// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
/// # use wharf_test::TestClient;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let echo = service_fn(|request: Request, _: Context| async { Response::new(request.into_body()) });
/// let client = TestClient::new(echo).await;
/// client.post("/").body("hi").send().await.assert_text("hi");
/// # });
/// ```
pub struct TestClient {
    client: Client,
    host: Option<Arc<dyn Host>>,
    runtime: Handle,
}

impl TestClient {
    /// Starts `app` and makes a client for it.
    ///
    /// # Panics
    ///
    /// Panics when the application does not start, with everything that is wrong with it; and outside a tokio runtime.
    pub async fn new<S: Serve>(app: S) -> Self {
        Self::builder().start(app).await
    }

    /// Starts `app` and makes a client for it.
    ///
    /// # Errors
    ///
    /// Why the application does not start.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub async fn try_new<S: Serve>(app: S) -> Result<Self, BoxError> {
        Self::builder().try_start(app).await
    }

    /// Starts the making of a client with other settings.
    pub fn builder() -> TestClientBuilder {
        TestClientBuilder {
            timeouts: Timeouts::new(),
            host: HostConfig::new(),
        }
    }

    crate::request::verbs!();

    /// Starts a request with any method. An absolute URL leads to the application too, whatever host it names.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> TestRequest {
        let line = format!("{method} {}", path.as_ref());
        TestRequest::new(self.client.request(method, path), line)
    }

    /// Starts the opening of a WebSocket of the application.
    #[cfg(feature = "ws")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
    pub fn ws(&self, path: impl AsRef<str>) -> wharf_client::ws::WebSocketBuilder {
        self.client.ws(path)
    }

    /// Returns the client itself, to be given to code that makes requests of its own.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends `bytes` by a connection of their own and reads the answer to them.
    ///
    /// The sending side stays open: to a server, a client that closes it has left. See [`RawConnection::reply`] for what
    /// is read; what comes after one whole answer is not.
    ///
    /// # Panics
    ///
    /// Panics when no answer comes within 100 seconds.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> RawReply {
        self.connect().exchange(bytes.as_ref()).await
    }

    /// Opens a connection on which a test reads and writes bytes as it likes.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    #[must_use]
    pub fn connect(&self) -> RawConnection {
        let host = self.host.as_ref();
        let host = host.expect("only closing the client, which consumes it, takes the host");
        let stream = host.connect();
        RawConnection::new(
            stream.expect("the application runs as long as its client is not closed"),
        )
    }

    /// Stops the application as a server does: lets running requests finish, then leaves the resources in reverse.
    ///
    /// Requests that take longer than 25 seconds from here are cut.
    ///
    /// # Panics
    ///
    /// Panics when clean-up fails.
    pub async fn close(self) {
        if let Err(error) = self.try_close().await {
            fail(&not_stopped(&error));
        }
    }

    /// Stops the application like [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// What could not be cleaned up.
    pub async fn try_close(mut self) -> Result<(), BoxError> {
        match self.host.take() {
            Some(host) => host.close().await,
            None => Ok(()),
        }
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        if let Some(host) = self.host.take() {
            self.runtime.spawn(async move {
                if let Err(error) = host.close().await {
                    fail(&not_stopped(&error));
                }
            });
        }
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`TestClient`] to be.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_server::Timeouts;
/// use wharf_test::TestClient;
/// # use wharf_http::{Context, Request, Response, service::service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
/// # let app = service_fn(|_: Request, _: Context| async { Response::default() });
/// let client = TestClient::builder()
///     .server_timeouts(Timeouts::new().request_head(Duration::from_secs(3)))
///     .start(app)
///     .await;
/// let reply = client.raw("GET / HT").await;
/// assert_eq!(reply.status_line(), "HTTP/1.1 408 Request Timeout");
/// # });
/// ```
#[derive(Debug)]
#[must_use]
pub struct TestClientBuilder {
    timeouts: Timeouts,
    host: HostConfig,
}

impl TestClientBuilder {
    /// Sets the address that the application sees requests coming from. Default: none, a peer in memory.
    pub fn peer(mut self, address: SocketAddr) -> Self {
        self.host.peer = Peer::Tcp(address);
        self
    }

    /// Sets the time limits of the client.
    pub fn client_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the time limits of the server's side.
    pub fn server_timeouts(mut self, timeouts: wharf_server::Timeouts) -> Self {
        self.host.timeouts = timeouts;
        self
    }

    /// Sets the size limits of the server's side.
    pub fn server_limits(mut self, limits: wharf_server::Limits) -> Self {
        self.host.limits = limits;
        self
    }

    /// Sets where a line for each request goes. Default: to `tracing`.
    pub fn access_log(mut self, access_log: AccessLog) -> Self {
        self.host.access_log = access_log;
        self
    }

    /// Sets whether errors that only the log would show, such as the cause of an answer with status 500, are written to
    /// standard error while no `tracing` subscriber is set. Default: true.
    pub fn errors_to_stderr(mut self, on: bool) -> Self {
        self.host.errors_to_stderr = on;
        self
    }

    /// Starts `app` and makes the client.
    ///
    /// # Panics
    ///
    /// Panics when the application does not start, or a time limit is zero; and outside a tokio runtime.
    pub async fn start<S: Serve>(self, app: S) -> TestClient {
        match self.try_start(app).await {
            Ok(client) => client,
            Err(error) => fail(&format!(
                "the application does not start: {}",
                ErrorChain::new(error.as_ref())
            )),
        }
    }

    /// Starts `app` and makes the client.
    ///
    /// # Errors
    ///
    /// Why the application does not start, or that a time limit is zero.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime.
    pub async fn try_start<S: Serve>(self, app: S) -> Result<TestClient, BoxError> {
        let builder = || plain().base(BASE).timeouts(self.timeouts.clone());
        builder().build()?; // before anything is started that would have to be stopped again
        let host: Arc<dyn Host> = Arc::new(Hosted::start(app, self.host).await?);
        let pipes = Pipes(Arc::clone(&host));
        Ok(TestClient {
            client: builder().connector(pipes).build()?,
            host: Some(host),
            runtime: Handle::current(),
        })
    }
}

fn not_stopped(error: &BoxError) -> String {
    let chain = ErrorChain::new(error.as_ref());
    format!("the application did not stop properly: {chain}")
}

/// Connects to the application, whatever the target.
struct Pipes(Arc<dyn Host>);

impl Connector for Pipes {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        Ok(Stream::new(self.0.connect()?))
    }
}

/// Starts the building of a client that hands out what was answered, and nothing that it makes of it.
pub(crate) fn plain() -> ClientBuilder {
    Client::builder()
        .redirects(RedirectPolicy::stop())
        .decode(false)
}

#[cfg(test)]
mod tests;
