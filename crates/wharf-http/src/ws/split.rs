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

    /// Receives the next message; see [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe: no message is lost, and the next call goes on.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        self.socket.receive().await
    }

    /// Receives the next message, which has to be text; see [`WebSocket::recv_text`](super::WebSocket::recv_text).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_text`](super::WebSocket::recv_text).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_text(&mut self) -> Result<Option<Text>, Error> {
        super::text(self.recv().await?)
    }

    /// Receives the next message, which has to be binary; see
    /// [`WebSocket::recv_binary`](super::WebSocket::recv_binary).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_binary`](super::WebSocket::recv_binary).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_binary(&mut self) -> Result<Option<Bytes>, Error> {
        super::binary(self.recv().await?)
    }

    /// Receives the next message and reads it as JSON; see [`WebSocket::recv_json`](super::WebSocket::recv_json).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv_json`](super::WebSocket::recv_json).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv).
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub async fn recv_json<V: serde::de::DeserializeOwned>(&mut self) -> Result<Option<V>, Error> {
        super::json(self.recv().await?)
    }

    /// Returns how the WebSocket ended; see [`WebSocket::close_frame`](super::WebSocket::close_frame).
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame> {
        self.socket.close_frame()
    }

    /// Returns a handle that closes the WebSocket from elsewhere.
    #[must_use]
    pub fn closer(&self) -> Closer {
        self.socket.closer()
    }
}

impl fmt::Debug for WebSocketReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.debug("WebSocketReader", f)
    }
}

/// The sending half of a WebSocket.
pub struct WebSocketWriter {
    socket: Arc<Owned>,
}

impl WebSocketWriter {
    pub(super) fn new(socket: Arc<Owned>) -> Self {
        Self { socket }
    }

    /// Sends a message; see [`WebSocket::send`](super::WebSocket::send).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`](super::WebSocket::send).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe for the WebSocket: the message goes whole or not at all.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.socket.send(message.into()).await
    }

    /// Sends text, as [`send`](Self::send) does.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn send_text(&mut self, text: impl Into<Text>) -> Result<(), Error> {
        self.send(text.into()).await
    }

    /// Sends binary data, as [`send`](Self::send) does.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.send(bytes.into()).await
    }

    /// Sends a value as JSON in a text message; see [`WebSocket::send_json`](super::WebSocket::send_json).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send_json`](super::WebSocket::send_json).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub async fn send_json<V: serde::Serialize + ?Sized>(
        &mut self,
        value: &V,
    ) -> Result<(), Error> {
        let message = super::to_json(value)?;
        self.send(message).await
    }

    /// Puts a message into the buffer; see [`WebSocket::feed`](super::WebSocket::feed).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe: a message whose future was dropped is not sent.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.socket.feed(message.into()).await
    }

    /// Waits until the stream has taken all that waits to be sent.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.socket.flush().await
    }

    /// Sends a ping; see [`WebSocket::ping`](super::WebSocket::ping).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), Error> {
        self.socket.send(Message::Ping(payload.into())).await
    }

    /// Closes the WebSocket; see [`WebSocket::close`](super::WebSocket::close). The reader receives nothing more.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`](super::WebSocket::close).
    ///
    /// # Panics
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe: the WebSocket is closing then, and the next operation goes on with it.
    pub async fn close(
        &mut self,
        code: impl Into<CloseCode>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Result<(), Error> {
        self.socket.close(CloseFrame::new(code, reason)).await
    }

    /// Returns how many bytes wait to be sent.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.socket.buffered_amount()
    }

    /// Returns a handle that closes the WebSocket from elsewhere.
    #[must_use]
    pub fn closer(&self) -> Closer {
        self.socket.closer()
    }
}

impl fmt::Debug for WebSocketWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.debug("WebSocketWriter", f)
    }
}
