//! WebSockets (RFC 6455), compressed where both ends like (RFC 7692), over HTTP/1.1 and HTTP/2 (RFC 8441).
//!
//! [`WebSocket`] is one end of an open connection; it runs on any stream. [`handshake`] has what comes before: what a
//! client asks for and a server answers, as header fields. Servers and clients of HTTP bring the two together.
//!
//! # Layout
//!
//! - [`WebSocket`], whose halves are [`WebSocketReader`] and [`WebSocketWriter`]; [`Closer`] ends it from elsewhere.
//! - [`Message`] and [`Text`], what is sent and received; [`CloseFrame`] and [`CloseCode`], how it ends.
//! - [`WebSocketConfig`], every limit and its default.
//! - [`handshake`]: [`Offer`](handshake::Offer) on the server, [`Challenge`](handshake::Challenge) on the client.
//!
//! # Examples
//!
//! ~~~
//! use wharf_http::ws::handshake::Negotiated;
//! use wharf_http::ws::{CloseCode, Message, WebSocket, WebSocketConfig};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let (here, there) = tokio::io::duplex(1024);
//! let config = WebSocketConfig::new();
//! let mut client = WebSocket::client(here, &config, Negotiated::default());
//! let mut server = WebSocket::server(there, &config, Negotiated::default());
//!
//! let echo = async {
//!     while let Some(message) = server.recv().await? {
//!         server.send(message).await?;
//!     }
//!     Ok::<_, wharf_http::ws::Error>(())
//! };
//! let talk = async {
//!     client.send_text("ahoy").await?;
//!     assert_eq!(client.recv().await?, Some(Message::from("ahoy")));
//!     client.close(CloseCode::NORMAL, "").await
//! };
//! tokio::try_join!(echo, talk)?;
//! # Ok::<_, wharf_http::ws::Error>(()) }).unwrap();
//! ~~~

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::WebSocketStats;

mod access;
mod close;
mod closer;
mod config;
mod decoder;
#[cfg(feature = "ws-deflate")]
mod deflate;
#[cfg(not(feature = "ws-deflate"))]
#[path = "no_deflate.rs"]
mod deflate;
mod encoder;
mod error;
mod extension;
mod frame;
pub mod handshake;
mod kept;
mod mask;
mod message;
mod signals;
mod socket;
mod split;
mod stream;
mod tally;

pub use close::{CloseCode, CloseFrame};
pub use closer::Closer;
pub use config::WebSocketConfig;
#[cfg(feature = "ws-deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "ws-deflate")))]
pub use deflate::DeflateConfig;
pub use error::{Error, ErrorKind, Phase};
pub use kept::Kept;
pub use message::{Message, Text};
pub use split::{WebSocketReader, WebSocketWriter};

use access::Access;
use frame::Role;
use handshake::Negotiated;
use socket::Owned;

/// One end of an open WebSocket.
///
/// Messages come whole from [`recv`](Self::recv), in order; pings are answered, the heart beats and the closing
/// handshake is run while it is awaited. Dropping the WebSocket ends the connection without a close frame, which the
/// peer sees as [`CloseCode::ABNORMAL`]: [`close`](Self::close) is the polite way.
///
/// An idle WebSocket holds no buffers: none for reading, none for writing, and none for compression unless a context
/// is kept from message to message. On a bare TCP stream it costs 2.5 KiB in all, its task included, and 335 KiB where
/// contexts are kept in both directions.
pub struct WebSocket {
    socket: Owned,
}

impl WebSocket {
    /// Creates the server's end on a stream whose handshake is over.
    pub fn server<T>(io: T, config: &WebSocketConfig, negotiated: Negotiated) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::server_with(io, config, negotiated, &[])
    }

    /// Creates the server's end, of whose stream some bytes were read already.
    pub fn server_with<T>(
        io: T,
        config: &WebSocketConfig,
        negotiated: Negotiated,
        read: &[u8],
    ) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let socket = Owned::new(Role::Server, Box::new(io), config, negotiated, read);
        Self { socket }
    }

    /// Creates the client's end on a stream whose handshake is over.
    pub fn client<T>(io: T, config: &WebSocketConfig, negotiated: Negotiated) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::client_with(io, config, negotiated, &[])
    }

    /// Creates the client's end, of whose stream some bytes were read already.
    pub fn client_with<T>(
        io: T,
        config: &WebSocketConfig,
        negotiated: Negotiated,
        read: &[u8],
    ) -> Self
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let socket = Owned::new(Role::Client, Box::new(io), config, negotiated, read);
        Self { socket }
    }

    /// Counts the WebSocket, what goes through it and how it ends.
    ///
    /// Servers and clients of HTTP count theirs already. A WebSocket is counted once: this does nothing for one that is, nor
    /// for one that has ended.
    ///
    /// Default: it is not counted.
    #[must_use]
    pub fn counted(mut self, stats: &WebSocketStats) -> Self {
        self.socket.count(stats);
        self
    }

    /// Receives the next message; `None` when the WebSocket has ended, and ever after.
    ///
    /// It ends when either end has closed it and the closing handshake is over, and also when the peer vanishes:
    /// [`close_frame`](Self::close_frame) tells which.
    ///
    /// # Errors
    ///
    /// The peer broke the protocol or a limit, or shows no sign of life; the WebSocket has then ended, and the peer
    /// was told why where that was possible.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime that has its timer enabled.
    ///
    /// # Cancel safety
    ///
    /// Safe: no message is lost, and the next call goes on.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        self.socket.receive().await
    }

    /// Receives the next message, which has to be text.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv); and [`ErrorKind::UnexpectedMessage`] for one of another kind, which is lost.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_text(&mut self) -> Result<Option<Text>, Error> {
        text(self.recv().await?)
    }

    /// Receives the next message, which has to be binary.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv); and [`ErrorKind::UnexpectedMessage`] for one of another kind, which is lost.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv).
    pub async fn recv_binary(&mut self) -> Result<Option<Bytes>, Error> {
        binary(self.recv().await?)
    }

    /// Receives the next message and reads it as JSON, be it text or binary.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv); and [`ErrorKind::Json`] for a message that is not JSON, or of another shape; it is
    /// lost.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Self::recv).
    #[cfg(feature = "json")]
    #[cfg_attr(docsrs, doc(cfg(feature = "json")))]
    pub async fn recv_json<V: serde::de::DeserializeOwned>(&mut self) -> Result<Option<V>, Error> {
        json(self.recv().await?)
    }

    /// Sends a message, and waits until the stream has taken all of it.
    ///
    /// The wait is the back-pressure: a peer that reads slowly makes it long, and one that reads nothing ends it after
    /// [`write_timeout`](WebSocketConfig::write_timeout). Two ends that send without receiving wait for each other;
    /// [`split`](Self::split) lets one do both at the same time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Closed`] when the WebSocket has ended or either end has closed it; the limit of time passed or the
    /// connection failed.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe for the WebSocket: the message goes whole or not at all. Which of the two is not told; what was taken is
    /// sent with the next operation.
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
    /// As [`recv`](Self::recv).
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
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.send(bytes.into()).await
    }

    /// Sends a value as JSON in a text message, as [`send`](Self::send) does.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); and [`ErrorKind::Json`] for a value that JSON cannot express.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
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
        let message = to_json(value)?;
        self.send(message).await
    }

    /// Puts a message into the buffer, which goes out with the next [`send`](Self::send), [`flush`](Self::flush) or
    /// when [`recv`](Self::recv) has to wait: many small messages in one write.
    ///
    /// Waits first while [`high_water`](WebSocketConfig::high_water) is reached.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
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
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Safe.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.socket.flush().await
    }

    /// Sends a ping. A payload of more than 125 bytes is cut (RFC 6455 §5.5).
    ///
    /// The peer answers with a pong, which counts as a sign of life.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), Error> {
        self.socket.send(Message::Ping(payload.into())).await
    }

    /// Closes the WebSocket: sends a close frame, waits for the peer's, then for the end of the connection.
    ///
    /// What the peer sends meanwhile is dropped. All of it is over after
    /// [`close_timeout`](WebSocketConfig::close_timeout). [`CloseCode::NO_STATUS`] sends a close frame without a code.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidCloseCode`] for a code that may not be sent; nothing has happened then. A time-out when the
    /// peer did not answer; the connection has ended then. A peer that vanishes is no error.
    ///
    /// # Panics
    ///
    /// As [`recv`](Self::recv).
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

    /// Returns how the WebSocket ended: the peer's close frame, or [`CloseCode::ABNORMAL`] where the connection ended
    /// without one. `None` as long as neither has happened.
    #[must_use]
    pub fn close_frame(&self) -> Option<CloseFrame> {
        self.socket.close_frame()
    }

    /// Returns how many bytes wait to be sent.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        self.socket.buffered_amount()
    }

    /// Returns the subprotocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.socket.protocol()
    }

    /// Tells whether messages may be compressed.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.socket.is_compressed()
    }

    /// Returns a handle that closes the WebSocket from elsewhere, even while its owner waits in [`recv`](Self::recv).
    #[must_use]
    pub fn closer(&self) -> Closer {
        self.socket.closer()
    }

    /// Keeps the WebSocket beside its owner, to close it in order when the owner has let go of it.
    #[must_use]
    pub fn keep(&mut self) -> Kept {
        self.socket.place().keep()
    }

    /// Splits the WebSocket into halves that two tasks can use at the same time.
    ///
    /// Pings are answered while the reader is awaited. The connection ends when both halves are dropped.
    #[must_use]
    pub fn split(self) -> (WebSocketReader, WebSocketWriter) {
        let halves = Arc::new(self.socket);
        let reader = WebSocketReader::new(Arc::clone(&halves));
        (reader, WebSocketWriter::new(halves))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.debug("WebSocket", f)
    }
}

fn text(message: Option<Message>) -> Result<Option<Text>, Error> {
    match message {
        None => Ok(None),
        Some(Message::Text(text)) => Ok(Some(text)),
        Some(other) => Err(Error::unexpected(other.what())),
    }
}

fn binary(message: Option<Message>) -> Result<Option<Bytes>, Error> {
    match message {
        None => Ok(None),
        Some(Message::Binary(bytes)) => Ok(Some(bytes)),
        Some(other) => Err(Error::unexpected(other.what())),
    }
}

#[cfg(feature = "json")]
fn json<V: serde::de::DeserializeOwned>(message: Option<Message>) -> Result<Option<V>, Error> {
    use crate::json::{JsonCodec, SerdeJson};
    match message {
        None => Ok(None),
        Some(message @ (Message::Text(_) | Message::Binary(_))) => {
            let decoded = SerdeJson::decode(message.as_bytes());
            decoded.map_err(|error| Error::new(ErrorKind::Json).because(error))
        }
        Some(other) => Err(Error::unexpected(other.what())),
    }
}

#[cfg(feature = "json")]
fn to_json<V: serde::Serialize + ?Sized>(value: &V) -> Result<Message, Error> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|error| Error::new(ErrorKind::Json).because(error))?;
    Ok(json.into())
}

#[cfg(test)]
mod tests;
