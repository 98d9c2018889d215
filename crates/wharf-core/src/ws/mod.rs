//! WebSockets of an app: [`WebSocketUpgrade`], a handler argument that turns a request into a [`WebSocket`].
//!
//! ~~~text
//! request ─▶ WebSocketUpgrade ─▶ on_upgrade ─▶ 101 or 200 ─▶ task ─▶ closed
//!               └ 400, 426          └ 403                      └ shutdown: 1001
//! ~~~
//!
//! A route for GET takes them, over HTTP/1.1 and over HTTP/2, where a browser sends `CONNECT` in truth (RFC 8441): the app treats
//! that as a GET. Many WebSockets that talk to each other are [`rooms`](crate::rooms).

mod guard;
mod origin;
#[cfg(test)]
mod tests;
mod tunnel;
mod upgrade;

pub use upgrade::{SocketResult, WebSocketUpgrade};
#[cfg(feature = "ws-deflate")]
#[cfg_attr(docsrs, doc(cfg(feature = "ws-deflate")))]
pub use wharf_http::ws::DeflateConfig;
pub use wharf_http::ws::{
    CloseCode, CloseFrame, Closer, Error, ErrorKind, Message, Phase, Text, WebSocket,
    WebSocketConfig, WebSocketReader, WebSocketWriter,
};

pub(crate) use tunnel::{is_accepted, is_tunnel, not_spoken};
