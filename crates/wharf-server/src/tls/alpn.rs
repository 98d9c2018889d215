//! Which protocols are offered in the handshake (ALPN, RFC 7301).

/// Returns what the server speaks, the best first; a client that names protocols, but none of these, is refused.
pub(super) fn protocols() -> Vec<Vec<u8>> {
    vec![b"http/1.1".to_vec()]
}
