//! Opening WebSockets: [`Client::ws`](crate::Client::ws), and [`Reconnecting`], which opens another when one has ended.
//!
//! The handshake is a request like others: it goes through the pool, proxies, TLS, cookies, time limits, redirects, middleware and
//! observers of the client. Over HTTP/1.1 it is a GET that upgrades its connection; behind TLS it goes over an HTTP/2 connection
//! where one is open already whose server has said that it takes WebSockets (RFC 8441), else over one of HTTP/1.1. A proxy makes a
//! tunnel, for `ws:` too.
//!
//! # Examples
//!
//! ```no_run
//! use wharf_client::Client;
//! use wharf_client::ws::CloseCode;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new();
//! let mut socket = client.ws("wss://quay.test/chat").protocols(["chat.v1"]).connect().await?;
//! socket.send("ahoy").await?;
//! while let Some(message) = socket.recv().await? {
//!     println!("{message:?}");
//! }
//! socket.close(CloseCode::NORMAL, "").await?;
//! # Ok(()) }
//! ```

mod builder;
mod reconnecting;
#[cfg(test)]
mod tests;

pub use builder::WebSocketBuilder;
pub use reconnecting::Reconnecting;
#[cfg(feature = "ws-deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "ws-deflate")))]
pub use wharf_http::ws::DeflateConfig;
pub use wharf_http::ws::{
    CloseCode, CloseFrame, Closer, Error, ErrorKind, Message, Phase, Text, WebSocket,
    WebSocketConfig, WebSocketReader, WebSocketWriter,
};
