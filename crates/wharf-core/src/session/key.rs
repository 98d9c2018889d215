//! [`SessionKey`], under which a store keeps a session, and the id that its cookie holds.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// What a cookie holds where the session is in a store: 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SessionId([u8; 32]);

impl SessionId {
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut id = [0; 32];
        getrandom::fill(&mut id)?;
        Ok(Self(id))
    }

    /// Reads what a cookie holds; `None` when it is no id.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(super) fn key(&self) -> SessionKey {
        let hash: [u8; 32] = Sha256::digest(self.0).into();
        let digits = b"0123456789abcdef";
        let digit = |nibble: u8| char::from(digits[usize::from(nibble)]);
        let text = hash
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        SessionKey(text.collect())
    }
}

/// Under what a store keeps a session: 64 hexadecimal digits, fit for a file name.
///
/// It is the SHA-256 of what the cookie holds, so that nobody who reads a store, a copy of it or its log can be anybody's browser.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(String);

impl SessionKey {
    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_does_not_tell_its_id() {
        let id = SessionId([0; 32]);
        assert_eq!(id.to_text(), "A".repeat(43));
        // SHA-256 of 32 zero bytes.
        assert_eq!(
            id.key().as_str(),
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
        );
    }

    #[test]
    fn what_is_no_id_is_not_read_as_one() {
        let id = SessionId::random().unwrap();
        assert!(SessionId::parse(&id.to_text()) == Some(id.clone()));
        let text = id.to_text();
        for bad in [
            "",
            "A",
            &text[1..],
            &format!("{text}A"),
            &format!("{text}="),
            "../../etc/passwd",
        ] {
            assert!(SessionId::parse(bad).is_none(), "{bad}");
        }
    }
}
