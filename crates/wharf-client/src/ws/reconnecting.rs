use std::fmt;
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep_until};
use wharf_http::BoxFuture;
use wharf_http::ws::{CloseCode, Message, WebSocket};

use super::WebSocketBuilder;
use crate::backoff::{Attempts, Backoff};
use crate::{Error, ErrorKind};

type Hook = dyn Fn(WebSocket) -> BoxFuture<'static, Result<WebSocket, Error>> + Send + Sync;

/// A WebSocket that is opened again when it has ended.
///
/// After a failure it waits, longer each time, for a random part of the time between half and all of the back-off: many clients of
/// one server then do not come back at the same moment. What was sent while there was no connection is not sent later, and what the
/// server sent meanwhile is lost: the [hook](Self::on_open) asks for it again.
///
/// # Examples
///
/// ```no_run
/// use wharf_client::Client;
/// use wharf_client::ws::Reconnecting;
///
/// # async fn example() -> Result<(), wharf_client::Error> {
/// let client = Client::new();
/// let mut prices = Reconnecting::new(move || client.ws("wss://quay.test/prices"))
///     .on_open(async |mut socket| {
///         socket.send("subscribe herring").await.map_err(wharf_client::Error::from)?;
///         Ok(socket)
///     });
/// while let Some(price) = prices.recv().await? {
///     println!("{price:?}");
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is opened until something is received or sent"]
pub struct Reconnecting {
    make: Box<dyn Fn() -> WebSocketBuilder + Send + Sync>,
    hook: Option<Box<Hook>>,
    attempts: Attempts,
    socket: Option<WebSocket>,
    /// Before when it is not to be opened.
    not_before: Option<Instant>,
    closed: bool,
}

impl Reconnecting {
    /// Opens what `make` makes, each time anew; nothing is opened yet.
    pub fn new(make: impl Fn() -> WebSocketBuilder + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            hook: None,
            attempts: Attempts::default(),
            socket: None,
            not_before: None,
            closed: false,
        }
    }

    /// Sets the back-off after the first failure, and the longest; it doubles from one failure to the next.
    ///
    /// Default: half a second, and 30 seconds. It begins anew once a message has come, or a connection has lasted for the longest.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.attempts.backoff = Backoff::new(first, longest);
        self
    }

    /// Sets after how many failures in a row it gives up. `None` never does.
    ///
    /// Default: `None`.
    pub fn max_attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.attempts.most = attempts.into();
        self
    }

    /// Has `hook` run with each WebSocket that was opened before anybody else gets it, to subscribe again, or to ask for what was
    /// missed. When it fails, the WebSocket is given up like one that ended.
    pub fn on_open<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(WebSocket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<WebSocket, Error>> + Send + 'static,
    {
        self.hook = Some(Box::new(move |socket| Box::pin(hook(socket))));
        self
    }

    /// Returns how often a WebSocket was opened.
    #[must_use]
    pub fn opens(&self) -> u64 {
        self.attempts.opens()
    }

    /// Receives the next message, of whatever WebSocket; `None` when the server has closed one with
    /// [`CloseCode::NORMAL`], after [`close`](Self::close), and ever after.
    ///
    /// # Errors
    ///
    /// What will not change by itself: a request that cannot be sent, a refusal with a status from 400 to 499 other than 408, 425
    /// and 429, a client that is closed; and the last failure where there were [too many](Self::max_attempts).
    ///
    /// # Cancel safety
    ///
    /// Safe: no message is lost, and the next call goes on.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        loop {
            if self.closed {
                return Ok(None);
            }
            let socket = self.ready().await?;
            let error = match socket.recv().await {
                Ok(Some(message)) => {
                    self.attempts.succeeded();
                    return Ok(Some(message));
                }
                Ok(None) => {
                    let frame = socket.close_frame();
                    if frame.is_some_and(|frame| frame.code() == CloseCode::NORMAL) {
                        self.closed = true;
                        continue;
                    }
                    Error::new(ErrorKind::Disconnected)
                }
                Err(error) => error.into(),
            };
            self.lost(error)?;
        }
    }

    /// Sends a message over the WebSocket that is open, or one that is opened for it.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv); and why the message could not be sent. It is not sent again: whether it has arrived is not known.
    ///
    /// # Cancel safety
    ///
    /// The message goes whole or not at all.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        if self.closed {
            return Err(Error::new(ErrorKind::Closed));
        }
        let sent = self.ready().await?.send(message).await;
        sent.map_err(Error::from)
    }

    /// Closes the WebSocket that is open, and opens no more.
    ///
    /// # Cancel safety
    ///
    /// Safe: no more is opened all the same.
    pub async fn close(&mut self) {
        self.closed = true;
        if let Some(mut socket) = self.socket.take() {
            let _the_peer_may_be_gone = socket.close(CloseCode::NORMAL, "").await;
        }
    }

    /// Waits until a WebSocket is open.
    async fn ready(&mut self) -> Result<&mut WebSocket, Error> {
        while self.socket.is_none() {
            if let Some(at) = self.not_before {
                sleep_until(at).await;
                self.not_before = None;
            }
            match self.open().await {
                Ok(socket) => {
                    self.attempts.opened();
                    self.socket = Some(socket);
                }
                Err(error) => self.lost(error)?,
            }
        }
        let socket = self.socket.as_mut();
        Ok(socket.expect("the loop ends when there is one"))
    }

    async fn open(&self) -> Result<WebSocket, Error> {
        let socket = (self.make)().connect().await?;
        match &self.hook {
            Some(hook) => hook(socket).await,
            None => Ok(socket),
        }
    }

    /// Sets when to try again, or gives up.
    fn lost(&mut self, error: Error) -> Result<(), Error> {
        self.socket = None;
        if self.attempts.failed() || is_final(&error) {
            return Err(error);
        }
        let wait = self.attempts.wait();
        self.not_before = Instant::now().checked_add(wait);
        Ok(())
    }
}

/// Tells whether another attempt would end in the same way.
fn is_final(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Config | ErrorKind::Url | ErrorKind::Request | ErrorKind::Closed => true,
        ErrorKind::Upgrade => error.status().is_none_or(|status| {
            let may_change = [
                StatusCode::REQUEST_TIMEOUT,
                StatusCode::TOO_EARLY,
                StatusCode::TOO_MANY_REQUESTS,
            ];
            !status.is_server_error() && !may_change.contains(&status)
        }),
        _ => false,
    }
}

impl From<wharf_http::ws::Error> for Error {
    /// Takes what went wrong with an open WebSocket for the end of its connection.
    fn from(error: wharf_http::ws::Error) -> Self {
        Self::new(ErrorKind::Disconnected).because(error)
    }
}

impl fmt::Debug for Reconnecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnecting")
            .field("socket", &self.socket)
            .field("failures", &self.attempts.failures())
            .field("opens", &self.attempts.opens())
            .finish_non_exhaustive()
    }
}
