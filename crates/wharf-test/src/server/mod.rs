//! A real server on a port that the system chose.

use std::net::SocketAddr;

use http::Method;
use tokio::net::TcpStream;
use wharf_client::Client;
use wharf_http::Serve;
use wharf_server::{Report, Server, ServerHandle};

use crate::client::plain;
use crate::{RawConnection, RawReply, TestRequest, fail};

/// A server on a free port of `127.0.0.1`, with a client for it.
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
    addr: SocketAddr,
    client: Client,
}

impl TestServer {
    /// Starts `app` with the default settings.
    ///
    /// # Panics
    ///
    /// Panics when it does not start, with everything that is wrong with it.
    pub async fn start<S: Serve>(app: S) -> Self {
        Self::start_server(Server::new(app)).await
    }

    /// Starts a server with settings of its own, on a free port of `127.0.0.1` besides the addresses that it has.
    ///
    /// # Panics
    ///
    /// Panics when it does not start, with everything that is wrong with it.
    pub async fn start_server<S: Serve>(server: Server<S>) -> Self {
        match Self::try_start_server(server).await {
            Ok(server) => server,
            Err(error) => fail(&format!("the server does not start: {error:#}")),
        }
    }

    /// Starts a server like [`start_server`](Self::start_server).
    ///
    /// # Errors
    ///
    /// Why it does not start.
    ///
    /// # Panics
    ///
    /// Panics when the server has no TCP address, which cannot happen.
    pub async fn try_start_server<S: Serve>(
        server: Server<S>,
    ) -> Result<Self, wharf_server::Error> {
        let handle = server.bind("127.0.0.1:0").start().await?;
        let addrs = handle.addrs();
        let addr = *addrs
            .last()
            .expect("the address that was bound is the last");
        let client = plain().base(format!("http://{addr}/")).build();
        Ok(Self {
            handle,
            addr,
            client: client.expect("an address makes a URL"),
        })
    }

    crate::request::verbs!();

    /// Starts a request with any method.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> TestRequest {
        let line = format!("{method} {}", path.as_ref());
        TestRequest::new(self.client.request(method, path), line)
    }

    /// Returns the address that the server listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the URL of `path`, for a client other than this one.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!(
            "http://{}/{}",
            self.addr,
            path.strip_prefix('/').unwrap_or(path)
        )
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

    /// Sends `bytes` by a connection of their own and reads the answer to them.
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

    /// Opens a connection on which a test reads and writes bytes as it likes.
    ///
    /// # Panics
    ///
    /// Panics when the server does not accept.
    pub async fn connect(&self) -> RawConnection {
        match TcpStream::connect(self.addr).await {
            Ok(socket) => RawConnection::new(socket),
            Err(error) => fail(&format!("could not connect to {}: {error}", self.addr)),
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
