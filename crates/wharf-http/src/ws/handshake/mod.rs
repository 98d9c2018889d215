//! The handshake as header fields: no I/O, so that any HTTP server and client can make it.
//!
//! ~~~text
//! client   Challenge::upgrade ─▶ headers ───▶ request            check ─▶ Negotiated ─▶ WebSocket::client
//!                                                │                 ▲
//! server                                         └▶ Offer ─▶ accept┴────▶ Negotiated ─▶ WebSocket::server
//! ~~~
//!
//! Over HTTP/1.1 a `GET` request is answered with 101 (RFC 6455 §4), over HTTP/2 an extended `CONNECT` with 200
//! (RFC 8441). Whether the page that makes a browser ask may do so, by its `Origin`, is for the server to check.
//!
//! # Examples
//!
//! ```
//! use wharf_http::ws::WebSocketConfig;
//! use wharf_http::ws::handshake::{Challenge, Offer};
//! use wharf_http::{Method, Version};
//!
//! let config = WebSocketConfig::new();
//! let challenge = Challenge::upgrade(&config, &["chat.v2", "chat.v1"])?;
//!
//! let offer = Offer::upgrade(&Method::GET, Version::HTTP_11, &challenge.headers())?;
//! let protocol = offer.choose(&["chat.v1", "chat.v2"]);
//! let acceptance = offer.accept(&config, protocol);
//! assert_eq!(acceptance.status(), 101);
//!
//! let negotiated = challenge.check(acceptance.status(), acceptance.headers())?;
//! assert_eq!(negotiated.protocol(), Some("chat.v2"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use std::sync::Arc;

use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, Method};

use super::deflate::Agreed;
use crate::header::grammar;

mod challenge;
mod key;
mod offer;

pub use challenge::{Challenge, HandshakeError, HandshakeErrorKind};
pub use offer::{Acceptance, Offer, Refusal};

/// What both ends agreed on. The default is: no subprotocol, no compression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    protocol: Option<Arc<str>>,
    deflate: Option<Agreed>,
    /// Whether a stream of HTTP/2 carries it.
    tunnel: bool,
}

impl Negotiated {
    /// Returns the subprotocol.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Tells whether messages may be compressed.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.deflate.is_some()
    }

    pub(super) fn deflate(&self) -> Option<Agreed> {
        self.deflate
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.tunnel
    }
}

/// Tells whether an HTTP/1.1 request asks for a WebSocket, rightly made or not: a `GET` with `Upgrade: websocket`.
#[must_use]
pub fn is_upgrade(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET && has(headers, &UPGRADE, "websocket")
}

/// The name of the extension of RFC 7692.
const DEFLATE: &str = "permessage-deflate";

/// The version of the protocol (RFC 6455 §4.1).
const VERSION: &str = "13";

/// Tells whether a field lists a word, whatever its case.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).iter();
    let mut words = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| grammar::split(line, b','));
    words.any(|found| found.eq_ignore_ascii_case(word))
}

/// Tells whether the connection changes its protocol to WebSocket.
fn upgrades(headers: &HeaderMap) -> bool {
    has(headers, &CONNECTION, "upgrade") && has(headers, &UPGRADE, "websocket")
}

/// Returns the text of a field that has to be there once.
fn once<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok().map(grammar::trim),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
