//! [`Keys`]: the secrets of sessions that are kept in cookies.

use std::error::Error as StdError;
use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How many bytes a key has at least: as many as SHA-256 gives (RFC 2104 §3).
const SHORTEST: usize = 32;

/// The secrets that cookies are signed or encrypted with: the first one writes, all of them read.
///
/// To change a secret without anybody noticing, put the new one in front, and leave out the old one when the last session that it
/// wrote has ended. Whoever knows one can be any visitor. `openssl rand -base64 32` makes one.
///
/// # Examples
///
/// ```
/// use wharf_core::session::Keys;
///
/// let new = "qhtGAgP2n8fJqAnmQOXTwPLbWB9QSFYTaHpCz2M3fWk=";
/// let old = "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=";
/// assert!(Keys::from_base64([new, old]).is_ok());
///
/// let error = Keys::new(["secret"]).unwrap_err();
/// assert_eq!(error.to_string(), "key 1 of the sessions has 6 bytes, and needs 32 random ones: try `openssl rand -base64 32`");
/// ```
#[derive(Clone)]
pub struct Keys {
    keys: Vec<Vec<u8>>,
}

impl Keys {
    /// Takes keys as bytes, 32 random ones each or more; the first one writes.
    ///
    /// # Errors
    ///
    /// [`BadKeys`] when there is none, or one is too short.
    pub fn new<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Result<Self, BadKeys> {
        let mut own = Vec::new();
        for (index, key) in keys.into_iter().enumerate() {
            let key = key.as_ref();
            if key.len() < SHORTEST {
                return Err(BadKeys::TooShort {
                    number: index + 1,
                    bytes: key.len(),
                });
            }
            own.push(key.to_vec());
        }
        if own.is_empty() {
            return Err(BadKeys::None);
        }
        Ok(Self { keys: own })
    }

    /// Takes keys as texts in Base64, of either alphabet, with or without padding (RFC 4648 §4, §5).
    ///
    /// # Errors
    ///
    /// [`BadKeys`] when there is none, or one is too short, or no Base64.
    pub fn from_base64<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Result<Self, BadKeys> {
        let config =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let decode = |key: K, index| {
            let text = key.as_ref().trim().replace('-', "+").replace('_', "/");
            GeneralPurpose::new(&alphabet::STANDARD, config)
                .decode(text)
                .map_err(|_where_would_tell_of_it| BadKeys::NotBase64 { number: index + 1 })
        };
        let keys = keys.into_iter().enumerate();
        let keys: Result<Vec<_>, _> = keys.map(|(index, key)| decode(key, index)).collect();
        Self::new(keys?)
    }

    /// Makes one key of random bytes, for tests and for a first try: sessions end with the program.
    ///
    /// # Errors
    ///
    /// [`BadKeys`] when the system has no random bytes.
    pub fn random() -> Result<Self, BadKeys> {
        let mut key = [0; SHORTEST];
        getrandom::fill(&mut key).map_err(|_error| BadKeys::NoRandomBytes)?;
        Self::new([key])
    }

    /// Makes of each key one that is used for `purpose` alone.
    pub(super) fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        let derive = |key: &Vec<u8>| {
            let mut mac = hmac(key);
            mac.update(purpose.as_bytes());
            mac.finalize().into_bytes().into()
        };
        self.keys.iter().map(derive).collect()
    }
}

/// Makes a code with a key, which may have any length.
pub(super) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of this code may have any length (RFC 2104 §2)")
}

impl fmt::Debug for Keys {
    /// Tells how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.keys.len())
    }
}

/// Keys that cannot be used. Tells nothing of what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadKeys {
    /// There is none.
    None,
    /// One could be guessed.
    TooShort {
        /// Which one, from 1.
        number: usize,
        /// How many bytes it has.
        bytes: usize,
    },
    /// One is no Base64.
    NotBase64 {
        /// Which one, from 1.
        number: usize,
    },
    /// The system has no random bytes.
    NoRandomBytes,
}

impl fmt::Display for BadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "the sessions have no key, and need one"),
            Self::TooShort { number, bytes } => write!(
                f,
                "key {number} of the sessions has {bytes} bytes, and needs {SHORTEST} random ones: try `openssl rand -base64 {SHORTEST}`"
            ),
            Self::NotBase64 { number } => write!(f, "key {number} of the sessions is no Base64"),
            Self::NoRandomBytes => write!(f, "the system has no random bytes"),
        }
    }
}

impl StdError for BadKeys {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_could_be_guessed_are_refused() {
        let none: [&str; 0] = [];
        for (keys, expected) in [
            (Keys::new(none), Err(BadKeys::None)),
            (Keys::new([[1; 32]]), Ok(())),
            (
                Keys::new([[1; 31]]),
                Err(BadKeys::TooShort {
                    number: 1,
                    bytes: 31,
                }),
            ),
            (
                Keys::new([vec![1; 64], vec![]]),
                Err(BadKeys::TooShort {
                    number: 2,
                    bytes: 0,
                }),
            ),
            (Keys::from_base64(none), Err(BadKeys::None)),
            (Keys::from_base64(["A".repeat(43)]), Ok(())),
            (
                Keys::from_base64([format!("{}=\n", "-_".repeat(21) + "A")]),
                Ok(()),
            ),
            (
                Keys::from_base64(["QUFB"]),
                Err(BadKeys::TooShort {
                    number: 1,
                    bytes: 3,
                }),
            ),
            (
                Keys::from_base64(["no, it is not"]),
                Err(BadKeys::NotBase64 { number: 1 }),
            ),
        ] {
            assert_eq!(keys.map(|_keys| ()), expected);
        }
    }

    #[test]
    fn debug_output_shows_no_key() {
        let keys = Keys::new([[7; 32], [8; 32]]).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(2)");
    }
}
