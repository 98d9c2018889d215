//! A real server on a socket that the system chose.

mod builder;
#[cfg(unix)]
mod socket_file;

pub use builder::TestServerBuilder;

use std::net::SocketAddr;
#[cfg(unix)]
use std::path::Path;

use http::Method;
use wharf_client::Client;
use wharf_http::{BoxError, Serve};
use wharf_server::{Report, Server, ServerHandle};

use crate::host::{Place, Site};
use crate::{RawConnection, RawReply, TestRequest, fail};

/// A server on a free port of `127.0.0.1`, or on a unix socket, with a client for it.
///
/// For what only a socket can show: addresses, resets, foreign clients. Anything else is faster and more exact with
/// [`TestClient`](crate::TestClient), which makes the same requests; in particular time cannot be paused here, since the
/// clock would run ahead while a socket is waited for.
///
/// Dropping it tells the server to stop; [`shutdown`](Self::shutdown) waits until it has.
///
/// # Examples
///
/// ```
/// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
/// # use wharf_test::TestServer;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let app = service_fn(|_: Request, _: Context| async { Response::new(Body::from("hi")) });
/// let server = TestServer::start(app).await;
/// server.get("/").send().await.assert_text("hi");
/// let reply = server.raw("GET / HTTP/1.1\r\n\r\n").await;
/// assert_eq!(reply.status_line(), "HTTP/1.1 400 Bad Request"); // RFC 9112 §3.2: no `Host`
/// # });
/// ```
#[derive(Debug)]
pub struct TestServer {
    handle: ServerHandle,
    site: Site,
    base: String,
    client: Client,
    /// Removed with the server.
    #[cfg(unix)]
    _file: Option<socket_file::SocketFile>,
}

impl TestServer {
    /// Starts `app` with the default settings.
    ///
    /// # Panics
    ///
    /// Panics when it does not start, with everything that is wrong with it.
    pub async fn start<S: Serve>(app: S) -> Self {
        Self::builder().start(app).await
    }

    /// Starts a server with settings of its own, on a free port of `127.0.0.1` besides the addresses that it has.
    ///
    /// # Panics
    ///
    /// Panics when it does not start, with everything that is wrong with it.
    pub async fn start_server<S: Serve>(server: Server<S>) -> Self {
        Self::builder().start_server(server).await
    }

    /// Starts a server like [`start_server`](Self::start_server).
    ///
    /// # Errors
    ///
    /// Why it does not start.
    pub async fn try_start_server<S: Serve>(server: Server<S>) -> Result<Self, BoxError> {
        Self::builder().try_start_server(server).await
    }

    /// Starts the making of a server on another kind of socket, or behind TLS.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    crate::request::verbs!();

    /// Starts a request with any method.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> TestRequest {
        let line = format!("{method} {}", path.as_ref());
        TestRequest::new(self.client.request(method, path), line)
    }

    /// Returns the address that the server listens on.
    ///
    /// # Panics
    ///
    /// Panics when it listens on a unix socket.
    #[must_use]
    #[track_caller]
    pub fn addr(&self) -> SocketAddr {
        match &self.site.place {
            Place::Tcp(address) => *address,
            #[cfg(unix)]
            Place::Unix(path) => fail(&format!(
                "the server has no address, it listens on {}",
                path.display()
            )),
        }
    }

    /// Returns the path of the unix socket that the server listens on; `None` when it listens on an address.
    #[cfg(unix)]
    #[must_use]
    pub fn socket_path(&self) -> Option<&Path> {
        match &self.site.place {
            Place::Tcp(_) => None,
            Place::Unix(path) => Some(path),
        }
    }

    /// Returns the URL of `path`, for a client other than this one. Behind a unix socket the host is `localhost`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{}", self.base, path.strip_prefix('/').unwrap_or(path))
    }

    /// Returns who has signed the certificate of the server; `None` when it does not speak TLS.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn authority(&self) -> Option<&crate::tls::Authority> {
        self.site.authority.as_ref()
    }

    /// Returns the certificate in PEM that a client has to believe.
    ///
    /// # Panics
    ///
    /// Panics when the server does not speak TLS.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    #[track_caller]
    pub fn ca_pem(&self) -> String {
        match self.authority() {
            Some(authority) => authority.ca_pem(),
            None => {
                fail("the server does not speak TLS: start it with `TestServer::builder().tls()`")
            }
        }
    }

    /// Returns the client itself, to be given to code that makes requests of its own.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the server's handle: its counters, all its addresses, ways to stop it.
    pub fn handle(&self) -> &ServerHandle {
        &self.handle
    }

    /// Sends `bytes` by a connection of their own and reads the answer to them. Behind TLS they are encrypted on their way.
    ///
    /// The sending side stays open: to a server, a client that closes it has left. See [`RawConnection::reply`] for what
    /// is read; what comes after one whole answer is not.
    ///
    /// # Panics
    ///
    /// Panics when the server does not accept, or no answer comes within 100 seconds.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> RawReply {
        self.connect().await.exchange(bytes.as_ref()).await
    }

    /// Opens a connection on which a test reads and writes bytes as it likes. Behind TLS they are encrypted on their way.
    ///
    /// # Panics
    ///
    /// Panics when the server does not accept.
    pub async fn connect(&self) -> RawConnection {
        match self.site.connect() {
            Ok(socket) => RawConnection::new(socket),
            Err(error) => fail(&format!("could not connect to {}: {error}", self.base)),
        }
    }

    /// Stops the server in order and waits until it has stopped.
    ///
    /// # Panics
    ///
    /// Panics when clean-up fails.
    pub async fn shutdown(self) -> Report {
        match self.handle.shutdown().await {
            Ok(report) => report,
            Err(error) => fail(&format!("the server did not stop properly: {error:#}")),
        }
    }
}

#[cfg(test)]
mod tests;
