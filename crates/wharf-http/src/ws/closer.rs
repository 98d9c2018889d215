//! Closing a WebSocket from outside the task that uses it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::close::{CloseCode, CloseFrame};
use super::signals::Signals;

/// A handle that closes a WebSocket from elsewhere. Cheap to clone; it does not keep the connection.
///
/// A server that shuts down asks its WebSockets so to close with [`CloseCode::AWAY`].
///
/// # Examples
///
/// ```
/// use wharf_http::ws::handshake::Negotiated;
/// use wharf_http::ws::{CloseCode, WebSocket, WebSocketConfig};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let (here, there) = tokio::io::duplex(1024);
/// let config = WebSocketConfig::new();
/// let mut client = WebSocket::client(here, &config, Negotiated::default());
/// let mut server = WebSocket::server(there, &config, Negotiated::default());
///
/// server.closer().close(CloseCode::AWAY, "");
/// let (served, received) = tokio::join!(server.recv(), client.recv());
/// assert_eq!((served.unwrap(), received.unwrap()), (None, None));
/// assert_eq!(client.close_frame().unwrap().code(), CloseCode::AWAY);
/// # });
/// ```
#[derive(Clone)]
pub struct Closer {
    signals: Arc<Signals>,
}

impl Closer {
    pub(super) fn new(signals: Arc<Signals>) -> Self {
        Self { signals }
    }

    /// Asks for the end, and returns at once; only the first call of all counts.
    ///
    /// Whoever waits in `recv` or `send`, or does so next, runs the closing handshake: `recv` then returns `None`, what
    /// waits to be sent still goes out, and nothing more can be sent. A code that may not be sent is taken as
    /// [`CloseCode::INTERNAL`].
    pub fn close(&self, code: impl Into<CloseCode>, reason: impl Into<Cow<'static, str>>) {
        let mut code = code.into();
        if !code.can_be_sent() && code != CloseCode::NO_STATUS {
            code = CloseCode::INTERNAL;
        }
        self.signals.ask(CloseFrame::new(code, reason));
    }
}

impl fmt::Debug for Closer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closer").finish_non_exhaustive()
    }
}
