//! The secret of a session against forged forms, and the tokens that are made of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const LENGTH: usize = 32;

/// What only this site's own pages know of a session.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret([u8; LENGTH]);

impl Secret {
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut secret = [0; LENGTH];
        getrandom::fill(&mut secret)?;
        Ok(Self(secret))
    }

    pub(super) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Makes a token: the secret behind a mask, which is another one each time. Else the length of a compressed page would tell
    /// it, byte by byte, to whoever can have the page made again and again.
    pub(super) fn token(&self) -> Result<String, getrandom::Error> {
        let mut token = [0; 2 * LENGTH];
        let (mask, masked) = token.split_at_mut(LENGTH);
        getrandom::fill(mask)?;
        for ((masked, mask), secret) in masked.iter_mut().zip(mask).zip(self.0) {
            *masked = *mask ^ secret;
        }
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Tells whether a token was made of this secret, in the same time for all that were not.
    pub(super) fn made(&self, token: &str) -> bool {
        let Ok(token) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        if token.len() != 2 * LENGTH {
            return false;
        }
        let (mask, masked) = token.split_at(LENGTH);
        let pairs = masked.iter().zip(mask).zip(self.0);
        let differences = pairs.fold(0, |all, ((masked, mask), secret)| {
            all | (masked ^ mask ^ secret)
        });
        std::hint::black_box(differences) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_is_another_one_and_all_fit_their_own_secret() {
        let (own, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        let (first, second) = (own.token().unwrap(), own.token().unwrap());
        assert_ne!(first, second);
        for token in [&first, &second] {
            assert!(own.made(token) && !other.made(token));
        }
        let mut turned = first.clone().into_bytes();
        turned[0] = if turned[0] == b'A' { b'B' } else { b'A' };
        let turned = String::from_utf8(turned).unwrap();
        for bad in [
            "",
            "A",
            &turned,
            &first[4..],
            &own.to_text(),
            &"A".repeat(86),
        ] {
            assert!(!own.made(bad), "{bad}");
        }
    }
}
