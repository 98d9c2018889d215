//! The halves of a WebSocket.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::access::Access;
use super::close::{CloseCode, CloseFrame};
use super::closer::Closer;
use super::error::Error;
use super::message::{Message, Text};
use super::socket::Owned;
use super::{receiving, sending};

/// The receiving half of a WebSocket.
///
/// It answers pings, lets the heart beat and runs the closing handshake while it is awaited.
pub struct WebSocketReader {
    socket: Arc<Owned>,
}

impl WebSocketReader {
    pub(super) fn new(socket: Arc<Owned>) -> Self {
        Self { socket }
    }

    /// Returns a handle that closes the WebSocket from elsewhere.
    #[must_use]
    pub fn closer(&self) -> Closer {
        self.socket.closer()
    }
}

receiving::receiving!(WebSocketReader);

impl fmt::Debug for WebSocketReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.debug("WebSocketReader", f)
    }
}

/// The sending half of a WebSocket. When it closes the WebSocket, the reader receives nothing more.
pub struct WebSocketWriter {
    socket: Arc<Owned>,
}

impl WebSocketWriter {
    pub(super) fn new(socket: Arc<Owned>) -> Self {
        Self { socket }
    }

    /// Returns a handle that closes the WebSocket from elsewhere.
    #[must_use]
    pub fn closer(&self) -> Closer {
        self.socket.closer()
    }
}

sending::sending!(WebSocketWriter);

impl fmt::Debug for WebSocketWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.debug("WebSocketWriter", f)
    }
}
