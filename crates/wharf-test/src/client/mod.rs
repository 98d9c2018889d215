//! The real client, and the application that it leads to in the same process.

mod builder;

pub use builder::TestClientBuilder;
pub(crate) use builder::plain;

use std::fmt;
use std::sync::Arc;

use http::Method;
use tokio::runtime::Handle;
use wharf_client::Client;
use wharf_client::jar::CookieJar;
use wharf_http::{BoxError, ErrorChain, Serve};
use wharf_server::Report;

use crate::host::Host;
use crate::{RawConnection, RawReply, TestRequest, fail};

/// A client whose requests lead to an application in the same process.
///
/// It checks the application and enters its resources, as a server does, and opens no socket unless it is told to, with a
/// [`Mode`](crate::Mode). Connections are kept from one request to the next, and cookies in a jar of its own. The `host` of
/// requests is `localhost`, unless a test sets another one.
///
/// A reply is what the application has answered: redirects are not followed, and codings not undone. The
/// [`builder`](Self::builder) changes that, and all else that a client can be told.
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
    jar: Option<CookieJar>,
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
        TestClientBuilder::new()
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

    /// Returns the cookies that the client has; `None` when it was told to keep none, or given a client of its own.
    #[must_use]
    pub fn cookies(&self) -> Option<&CookieJar> {
        self.jar.as_ref()
    }

    /// Sends `bytes` by a connection of their own and reads the answer to them.
    ///
    /// The sending side stays open: to a server, a client that closes it has left. See [`RawConnection::reply`] for what
    /// is read; what comes after one whole answer is not. In [`Mode::Direct`](crate::Mode::Direct) too it is the real server
    /// that answers, over a pipe in memory.
    ///
    /// # Panics
    ///
    /// Panics when no answer comes within 100 seconds, and when the application was shut down.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> RawReply {
        self.connect().exchange(bytes.as_ref()).await
    }

    /// Opens a connection on which a test reads and writes bytes as it likes.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime, and when the application was shut down.
    #[must_use]
    #[track_caller]
    pub fn connect(&self) -> RawConnection {
        match self.host().connect() {
            Ok(stream) => RawConnection::new(stream),
            Err(error) => fail(&format!("could not connect: {error}")),
        }
    }

    /// Stops the application as a server does: lets running requests finish, cuts those that take longer than
    /// [`Timeouts::shutdown`](wharf_server::Timeouts::shutdown) allows, leaves the resources in reverse, and tells how many were
    /// what.
    ///
    /// The client stays, so that a test can find out what becomes of requests meanwhile and afterwards. Shutting down again
    /// does nothing. In [`Mode::Direct`](crate::Mode::Direct) a running request counts as a connection.
    ///
    /// # Panics
    ///
    /// Panics when clean-up fails.
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was not left yet stays.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use wharf_http::{Context, Request, Response, service::service_fn};
    /// # use wharf_test::TestClient;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
    /// # let slow = service_fn(|_: Request, _: Context| async {
    /// #     tokio::time::sleep(Duration::from_secs(20)).await;
    /// #     Response::default()
    /// # });
    /// let client = TestClient::new(slow).await;
    /// let running = tokio::spawn(client.get("/").send());
    /// tokio::time::sleep(Duration::from_secs(1)).await;
    /// let report = client.shutdown().await;
    /// assert_eq!((report.drained, report.cut), (1, 0));
    /// running.await.unwrap().assert_status(200);
    /// # });
    /// ```
    #[track_caller]
    pub fn shutdown(&self) -> impl Future<Output = Report> + Send + use<> {
        let stopping = Arc::clone(self.host()).shutdown();
        async {
            match stopping.await {
                Ok(report) => report,
                Err(error) => fail(&not_stopped(&error)),
            }
        }
    }

    /// Stops the application like [`shutdown`](Self::shutdown), at the end of a test.
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
        // The server would wait a moment for requests that may be on their way.
        self.client.close_idle();
        match self.host.take() {
            Some(host) => host.shutdown().await.map(drop),
            None => Ok(()),
        }
    }

    fn host(&self) -> &Arc<dyn Host> {
        let host = self.host.as_ref();
        host.expect("only closing the client, which consumes it, takes the host")
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        if let Some(host) = self.host.take() {
            self.client.close_idle();
            self.runtime.spawn(async move {
                if let Err(error) = host.shutdown().await {
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

fn not_stopped(error: &BoxError) -> String {
    let chain = ErrorChain::new(error.as_ref());
    format!("the application did not stop properly: {chain}")
}

#[cfg(test)]
mod tests;
