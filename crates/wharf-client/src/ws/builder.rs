use std::fmt;
use std::time::Duration;

use http::Version;
use http::header::{HeaderName, HeaderValue};
use wharf_http::BoxError;
use wharf_http::connection::WebSocketStats;
use wharf_http::ws::handshake::Challenge;
use wharf_http::ws::{WebSocket, WebSocketConfig};

use crate::send::{Switched, Switching};
use crate::{Error, ErrorKind, RequestBuilder, Response};

/// A WebSocket to be opened; made by [`Client::ws`](crate::Client::ws).
///
/// A mistake made on the way, such as a malformed URL, is the error of [`connect`](Self::connect).
#[must_use = "a WebSocket is not opened until it is connected"]
pub struct WebSocketBuilder {
    request: RequestBuilder,
    config: WebSocketConfig,
    protocols: Vec<String>,
    stats: WebSocketStats,
}

impl WebSocketBuilder {
    pub(crate) fn new(request: RequestBuilder, stats: WebSocketStats) -> Self {
        Self {
            request,
            config: WebSocketConfig::new(),
            protocols: Vec::new(),
            stats,
        }
    }

    /// Asks for one of these subprotocols, the one that is liked best first; [`WebSocket::protocol`] tells which the server chose.
    ///
    /// Default: none.
    pub fn protocols<P: Into<String>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Sets limits, heartbeat and the compression that is offered. Default: those of [`WebSocketConfig::new`].
    pub fn config(mut self, config: WebSocketConfig) -> Self {
        self.config = config;
        self
    }

    /// Sets after how long a silence the server is asked for a sign of life, and how long it has for that. `None` waits for ever.
    ///
    /// Default: 30 seconds.
    pub fn heartbeat(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.config = self.config.heartbeat(interval);
        self
    }

    /// Sets how many bytes a received message may have. `None` accepts any.
    ///
    /// Default: 4 MiB.
    pub fn max_message(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.config = self.config.max_message(bytes);
        self
    }

    /// Adds a header field to the request.
    pub fn header<N, V>(self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<BoxError>>,
        V: TryInto<HeaderValue, Error: Into<BoxError>>,
    {
        self.with(|request| request.header(name, value))
    }

    /// Adds one pair to the query of the URL, both sides percent-encoded.
    pub fn query(self, name: &str, value: impl fmt::Display) -> Self {
        self.with(|request| request.query(name, value))
    }

    /// Changes the request in any way that [`RequestBuilder`] has: credentials, cookies, time limits, proxy, TLS, what it is
    /// within.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
    /// let ships = client.ws("wss://quay.test/ships").with(|request| request.bearer_auth("token"));
    /// let socket = ships.connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn with(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.request = change(self.request);
        self
    }

    /// Opens the WebSocket.
    ///
    /// Redirects are followed as the client follows those of a GET; browsers follow none.
    ///
    /// Its connection counts against the limits of the [pool](crate::PoolConfig) until the WebSocket is dropped. The limits of
    /// [`Timeouts`](crate::Timeouts) hold until it is open, and only those of [`WebSocketConfig`] from there on.
    ///
    /// # Errors
    ///
    /// Whatever keeps a response from coming; and [`ErrorKind::Upgrade`] when the response opens no WebSocket, or not the one that
    /// was asked for. [`Error::status`] and [`Error::body_excerpt`] tell what the server said.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up, and closes the connection.
    pub async fn connect(self) -> Result<WebSocket, Error> {
        let (socket, _) = Box::pin(self.connect_with_response()).await?;
        Ok(socket)
    }

    /// Opens the WebSocket, and returns the response that opened it too: its header fields, URL and timing. It has no body.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_with_response(self) -> Result<(WebSocket, Response), Error> {
        let Self {
            request,
            config,
            protocols,
            stats,
        } = self;
        let unsendable = |error| Error::new(ErrorKind::Request).because(error);
        let upgrade = Challenge::upgrade(&config, &protocols).map_err(unsendable)?;
        let connect = Challenge::connect(&config, &protocols).map_err(unsendable)?;
        let request = request
            .headers(upgrade.headers())
            .extension(Switching("websocket"))
            .decode(false);
        let mut response = request.send().await?;
        let Some(switched) = response.take_extension::<Switched>() else {
            return Err(response.into_refusal().await);
        };
        let challenge = match response.version() {
            Version::HTTP_2 => connect,
            _ => upgrade,
        };
        let failed = |error: Error| error.at_url(response.url());
        let negotiated = challenge
            .check(response.status(), response.headers())
            .map_err(|error| failed(Error::new(ErrorKind::Upgrade).because(error)))?;
        let tunnel = switched.open().await.map_err(failed)?;
        let socket = WebSocket::client(tunnel, &config, negotiated);
        Ok((socket.counted(&stats), response))
    }
}

impl fmt::Debug for WebSocketBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketBuilder")
            .field("request", &self.request)
            .field("protocols", &self.protocols)
            .finish_non_exhaustive()
    }
}
