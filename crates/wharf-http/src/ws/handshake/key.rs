//! The key of a client and what a server makes of it (RFC 6455 §4).

use std::io;

use crate::header::base64;

/// Returns a new key: sixteen random bytes.
pub(super) fn new() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(base64::encode(&bytes))
}

/// Tells whether this is a key.
pub(super) fn is_key(key: &str) -> bool {
    base64::decode(key).is_some_and(|bytes| bytes.len() == 16)
}

/// Returns what a server answers, which proves that it has read the key (RFC 6455 §4.2.2).
pub(super) fn accept(key: &str) -> String {
    let mut hash = sha1_smol::Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    base64::encode(&hash.digest().bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_holds() {
        // RFC 6455 §1.3.
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        assert!(is_key(key));
        assert_eq!(accept(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn keys_are_sixteen_bytes_and_differ() {
        assert!(is_key(&new().unwrap()));
        assert_ne!(new().unwrap(), new().unwrap());
        for bad in ["", "AAAA", "dGhlIHNhbXBsZSBub25jZQAA", "!"] {
            assert!(!is_key(bad), "{bad}");
        }
    }
}
