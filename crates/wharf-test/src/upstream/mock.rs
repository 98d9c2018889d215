//! [`MockServer`].

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use wharf_client::Client;
use wharf_http::BoxError;

use super::board::{Board, Part};
use super::listen::Listening;
use super::{Call, Expectation, Matcher, MockConnector, record, replay};
use crate::fail;

/// The URL that relative ones of its own client are joined to.
const BASE: &str = "http://mock.test/";

/// A server for the tests of a client, in memory or on a free port.
///
/// The module page has examples. Requests are read whole, up to 64 MiB of body, before they are compared; time limits it has
/// none. Dropping it cuts its connections.
///
/// # Panics
///
/// Dropping it panics when calls have come that nobody expected, or have not come that were expected, unless a panic is
/// under way already.
pub struct MockServer {
    board: Arc<Board>,
    client: Client,
    listening: Option<Listening>,
    is_verified: bool,
}

impl MockServer {
    /// Creates a server that is reached in memory, by its [`client`](Self::client) and its [`connector`](Self::connector).
    ///
    /// # Panics
    ///
    /// Panics when its client cannot be made, which cannot happen.
    #[must_use]
    pub fn new() -> Self {
        let board = Arc::new(Board::new());
        let connector = MockConnector::new(Arc::clone(&board));
        let client = Client::builder().base(BASE).connector(connector).build();
        Self {
            board,
            client: client.expect("a base and a connector make a client"),
            listening: None,
            is_verified: false,
        }
    }

    /// Creates a server on a free port of `127.0.0.1`, for clients that know nothing of memory. Time cannot be paused
    /// then.
    ///
    /// # Panics
    ///
    /// Panics when no port can be had, and outside a tokio runtime with input and output.
    ///
    /// # Examples
    ///
    /// ```
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use wharf_test::MockServer;
    /// use wharf_test::upstream::{Reply, get};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let mock = MockServer::listen().await;
    /// mock.expect(get("/")).reply(Reply::new(200).text("hi"));
    ///
    /// let mut socket = tokio::net::TcpStream::connect(mock.addr().unwrap()).await?;
    /// socket.write_all(b"GET / HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n").await?;
    /// let mut answer = String::new();
    /// socket.read_to_string(&mut answer).await?;
    /// assert!(answer.ends_with("\r\n\r\nhi"));
    /// # Ok::<(), std::io::Error>(()) }).unwrap();
    /// ```
    pub async fn listen() -> Self {
        let mut mock = Self::new();
        match Listening::start(Arc::clone(&mock.board)).await {
            Ok(listening) => {
                let base = format!("http://{}/", listening.addr());
                let client = Client::builder().base(base).build();
                mock.client = client.expect("an address makes a URL");
                mock.listening = Some(listening);
                mock
            }
            Err(error) => fail(&format!("the mock server cannot listen: {error}")),
        }
    }

    /// Creates a server that expects the exchanges of a file that a [`Recorder`](super::Recorder) has saved, each of them
    /// once, and answers as it is recorded.
    ///
    /// Compared are method, host, path, query, `content-type` and body, JSON as such; values that the recorder has left out
    /// may be any. Requests come in any order, those that are the same in the order of their recording;
    /// [`in_order`](Self::in_order) asks for the order of all.
    ///
    /// # Panics
    ///
    /// Panics when the file cannot be read, makes no sense, or lacks the body of a response.
    #[track_caller]
    #[must_use]
    pub fn replay(path: impl AsRef<Path>) -> Self {
        match Self::try_replay(path) {
            Ok(mock) => mock,
            Err(error) => fail(&error.to_string()),
        }
    }

    /// Creates a server like [`replay`](Self::replay).
    ///
    /// # Errors
    ///
    /// Why the file cannot be used.
    #[track_caller]
    pub fn try_replay(path: impl AsRef<Path>) -> Result<Self, BoxError> {
        let path = path.as_ref();
        let place = Location::caller();
        let unusable =
            |why: &dyn fmt::Display| format!("cannot replay `{}`: {why}", path.display());
        let text = fs::read_to_string(path).map_err(|error| unusable(&error))?;
        let exchanges = record::read(&text).map_err(|why| unusable(&why))?;
        let mut expectations = Vec::new();
        for (number, exchange) in exchanges.iter().enumerate() {
            let expectation = replay::expectation(exchange).map_err(|why| {
                let line = format!("{} {}", exchange.method, exchange.url);
                unusable(&format!("exchange {number} ({line}): {why}"))
            })?;
            expectations.push(expectation);
        }
        // Not before: a mock that is dropped half made would miss its calls.
        let mock = Self::new();
        for (matcher, reply) in expectations {
            let number = mock.board.expect(matcher, place);
            mock.board.set_part(number, Part::Replies([reply].into()));
        }
        Ok(mock)
    }

    /// Expects calls in the order in which [`expect`](Self::expect) is called. Default: in any order, where the first
    /// expectation that fits and is not used up is taken.
    ///
    /// A call may be met by the expectation of the call before, while that is not used up, or by the next one once that has
    /// come as often as it has to.
    #[must_use]
    pub fn in_order(self) -> Self {
        self.board.set_in_order();
        self
    }

    /// Expects a call: once, answered 200 without a body, unless the expectation that is returned is told otherwise.
    #[track_caller]
    pub fn expect(&self, matcher: Matcher) -> Expectation {
        let number = self.board.expect(matcher, Location::caller());
        Expectation::new(Arc::clone(&self.board), number)
    }

    /// Returns a client all of whose connections lead here, with default settings and the [URL](Self::url) of this server as
    /// its base.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns a connector that leads here in memory, for a client with settings of its own:
    /// `Client::builder().connector(mock.connector())`.
    #[must_use]
    pub fn connector(&self) -> MockConnector {
        MockConnector::new(Arc::clone(&self.board))
    }

    /// Returns the address that the server listens on; `None` when it is in memory.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        self.listening.as_ref().map(Listening::addr)
    }

    /// Returns the URL of a path. That of a server in memory leads there only by its connector.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let path = path.strip_prefix('/').unwrap_or(path);
        match self.addr() {
            Some(addr) => format!("http://{addr}/{path}"),
            None => format!("{BASE}{path}"),
        }
    }

    /// Returns the calls that have come, in order, those that nobody expected too.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.board.calls()
    }

    /// Asserts that every call that has come was expected, and every one that was expected has come.
    ///
    /// # Panics
    ///
    /// Panics with all that is wrong: each unexpected call with the expectation that is nearest and what differs, and each
    /// call that is missing.
    #[track_caller]
    pub fn verify(&self) {
        if let Some(problems) = self.problems() {
            fail(&problems);
        }
    }

    /// Finds out what [`verify`](Self::verify) would panic with, and does not look again when it is dropped.
    ///
    /// # Errors
    ///
    /// All that is wrong.
    pub fn try_verify(mut self) -> Result<(), BoxError> {
        self.is_verified = true;
        match self.problems() {
            Some(problems) => Err(problems.into()),
            None => Ok(()),
        }
    }

    /// Serves the far end of a pipe that a test holds the near one of.
    #[cfg(test)]
    pub(super) fn connect(&self, wire: impl super::line::Wire) {
        self.board.serve(wire);
    }

    fn problems(&self) -> Option<String> {
        let problems = self.board.problems();
        (!problems.is_empty()).then(|| {
            format!(
                "the mock server has got other calls than it expected\n\n{}\n",
                problems.join("\n\n")
            )
        })
    }
}

impl Default for MockServer {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.board.hang_up();
        if !self.is_verified && !std::thread::panicking() {
            self.verify();
        }
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer")
            .field("addr", &self.addr())
            .field("calls", &self.calls().len())
            .finish_non_exhaustive()
    }
}
