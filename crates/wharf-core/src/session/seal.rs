//! What a cookie holds when it holds the whole session: signed, or encrypted.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
#[cfg(feature = "encrypted-sessions")]
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::Mac as _;

use super::keys::{Keys, hmac};

/// The first byte, so that what is written otherwise one day can be told apart.
const SIGNED: u8 = 1;
#[cfg(feature = "encrypted-sessions")]
const ENCRYPTED: u8 = 2;

const CODE_LENGTH: usize = 32;
#[cfg(feature = "encrypted-sessions")]
const NONCE_LENGTH: usize = 24;

/// Makes of a session the value of its cookie, and the other way round.
///
/// The name of the cookie is a part of what is signed: a value does not fit a cookie of another name, although the keys are the same.
#[derive(Clone)]
pub(super) enum Seal {
    /// HMAC-SHA-256 (RFC 2104).
    Signed(Vec<[u8; 32]>),
    /// XChaCha20-Poly1305: its nonce is long enough for random ones never to meet.
    #[cfg(feature = "encrypted-sessions")]
    Encrypted(Vec<[u8; 32]>),
}

/// What was in a cookie.
#[derive(Debug, PartialEq)]
pub(super) struct Opened {
    pub(super) content: Vec<u8>,
    /// Whether an old key has written it.
    pub(super) aged: bool,
}

impl Seal {
    pub(super) fn signed(keys: &Keys) -> Self {
        Self::Signed(keys.derive("wharf: signed sessions"))
    }

    #[cfg(feature = "encrypted-sessions")]
    pub(super) fn encrypted(keys: &Keys) -> Self {
        Self::Encrypted(keys.derive("wharf: encrypted sessions"))
    }

    /// Writes; `None` when the system has no random bytes, or the content is too long to encrypt, 256 GiB.
    pub(super) fn seal(&self, name: &str, content: &[u8]) -> Option<String> {
        let mut sealed;
        match self {
            Self::Signed(keys) => {
                sealed = vec![SIGNED];
                sealed.extend_from_slice(content);
                let code = code(keys.first()?, name, content).finalize();
                sealed.extend_from_slice(&code.into_bytes());
            }
            #[cfg(feature = "encrypted-sessions")]
            Self::Encrypted(keys) => {
                let mut nonce = [0; NONCE_LENGTH];
                getrandom::fill(&mut nonce).ok()?;
                let payload = Payload {
                    msg: content,
                    aad: name.as_bytes(),
                };
                let cipher = XChaCha20Poly1305::new(keys.first()?.into());
                let encrypted = cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
                sealed = vec![ENCRYPTED];
                sealed.extend_from_slice(&nonce);
                sealed.extend_from_slice(&encrypted);
            }
        }
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Reads; `None` for what was not written with one of the keys, to the bit.
    pub(super) fn open(&self, name: &str, text: &str) -> Option<Opened> {
        // Bits that no byte needs have to be zero, so that there is one text for one content.
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, rest) = sealed.split_first()?;
        match (self, *kind) {
            (Self::Signed(keys), SIGNED) => {
                let (content, given) =
                    rest.split_at_checked(rest.len().checked_sub(CODE_LENGTH)?)?;
                let fits = |key| code(key, name, content).verify_slice(given).is_ok();
                let index = keys.iter().position(fits)?;
                Some(Opened {
                    content: content.to_vec(),
                    aged: index > 0,
                })
            }
            #[cfg(feature = "encrypted-sessions")]
            (Self::Encrypted(keys), ENCRYPTED) => {
                let (nonce, encrypted) = rest.split_first_chunk::<NONCE_LENGTH>()?;
                let decrypt = |(index, key): (usize, &[u8; 32])| {
                    let payload = Payload {
                        msg: encrypted,
                        aad: name.as_bytes(),
                    };
                    let cipher = XChaCha20Poly1305::new(key.into());
                    let content = cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
                    Some(Opened {
                        content,
                        aged: index > 0,
                    })
                };
                keys.iter().enumerate().find_map(decrypt)
            }
            _ => None,
        }
    }
}

fn code(key: &[u8; 32], name: &str, content: &[u8]) -> hmac::Hmac<sha2::Sha256> {
    let mut code = hmac(key);
    // A length in front, so that no part of the name can pass for content.
    code.update(&(name.len() as u64).to_be_bytes());
    code.update(name.as_bytes());
    code.update(content);
    code
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signed(_) => "Signed",
            #[cfg(feature = "encrypted-sessions")]
            Self::Encrypted(_) => "Encrypted",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(first: &[u8]) -> Keys {
        Keys::new(first.iter().map(|byte| [*byte; 32])).unwrap()
    }

    fn seals(keys: &Keys) -> Vec<Seal> {
        vec![
            Seal::signed(keys),
            #[cfg(feature = "encrypted-sessions")]
            Seal::encrypted(keys),
        ]
    }

    #[test]
    fn the_first_key_writes_and_all_read() {
        for (new, old) in seals(&keys(&[2, 1])).into_iter().zip(seals(&keys(&[1]))) {
            let text = old.seal("session", b"content").unwrap();
            let opened = new.open("session", &text).unwrap();
            assert_eq!((&opened.content[..], opened.aged), (&b"content"[..], true));
            let text = new.seal("session", b"content").unwrap();
            assert!(!new.open("session", &text).unwrap().aged);
            assert_eq!(old.open("session", &text), None);
        }
    }

    #[test]
    fn what_was_sealed_for_another_purpose_is_not_opened() {
        let all = seals(&keys(&[1]));
        for (index, seal) in all.iter().enumerate() {
            let text = seal.seal("session", b"content").unwrap();
            for name in ["sessio", "sessiom", ""] {
                assert_eq!(seal.open(name, &text), None);
            }
            for (other, seal) in all.iter().enumerate() {
                assert_eq!(seal.open("session", &text).is_some(), index == other);
            }
        }
    }

    #[cfg(feature = "encrypted-sessions")]
    #[test]
    fn an_encrypted_session_cannot_be_read() {
        let seal = Seal::encrypted(&keys(&[1]));
        let text = seal.seal("session", b"content").unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(&text).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"content"));
        assert_ne!(text, seal.seal("session", b"content").unwrap());
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_is_opened_and_nothing_is_after_any_bit_has_changed(
            content in proptest::collection::vec(any::<u8>(), 0..80),
            place: prop::sample::Index,
            bit in 0..8_u8,
        ) {
            for seal in seals(&keys(&[1, 2])) {
                let text = seal.seal("session", &content).unwrap();
                let opened = seal.open("session", &text).unwrap();
                prop_assert_eq!(&opened.content, &content);
                let mut bytes = text.into_bytes();
                let place = place.index(bytes.len());
                bytes[place] ^= 1 << bit;
                let changed = String::from_utf8_lossy(&bytes);
                prop_assert_eq!(seal.open("session", &changed), None);
                bytes.truncate(place);
                let cut = String::from_utf8_lossy(&bytes);
                prop_assert_eq!(seal.open("session", &cut), None);
            }
        }

        #[test]
        fn no_text_opens_or_makes_it_panic(text in "[A-Za-z0-9_-]{0,120}|.{0,60}") {
            for seal in seals(&keys(&[1])) {
                prop_assert_eq!(seal.open("session", &text), None);
            }
        }
    }
}
