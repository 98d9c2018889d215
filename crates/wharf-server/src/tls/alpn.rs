//! Which protocols are offered in the handshake (ALPN, RFC 7301), and what follows from the choice.

use wharf_http::Connection;

use crate::conn::Protocol;

/// Returns what the server speaks, the best first; a client that names protocols, but none of these, is refused.
pub(super) fn protocols(http2: bool) -> Vec<Vec<u8>> {
    let mut protocols = Vec::new();
    if http2 && cfg!(feature = "http2") {
        protocols.push(b"h2".to_vec());
    }
    if cfg!(feature = "http1") {
        protocols.push(b"http/1.1".to_vec());
    }
    protocols
}

/// Returns what a connection speaks; a client that named nothing speaks HTTP/1 (RFC 9113 §3.2).
pub(crate) fn agreed(connection: &Connection) -> Protocol {
    match connection.tls().and_then(|tls| tls.protocol()) {
        #[cfg(feature = "http2")]
        Some("h2") => Protocol::Http2,
        #[cfg(feature = "http1")]
        _ => Protocol::Http1,
        #[cfg(not(feature = "http1"))]
        _ => Protocol::Detect,
    }
}
