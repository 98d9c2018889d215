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
mod receiving;
mod sending;
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

receiving::receiving!(WebSocket);
sending::sending!(WebSocket);

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.debug("WebSocket", f)
    }
}

#[cfg(test)]
mod tests;
