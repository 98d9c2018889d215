use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512_256};

/// How a digest is made (RFC 7616 §3.3), the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

/// A hash, and whether the key is one for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) hash: Hash,
    pub(super) session: bool,
}

impl Algorithm {
    /// What is meant when nothing is said.
    pub(super) const DEFAULT: Self = Self {
        hash: Hash::Md5,
        session: false,
    };

    /// Reads the parameter `algorithm`; `None` for one that is not known.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (name, session) = match text.strip_suffix("-sess") {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        let hash = match name {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            // SHA-512/256 of FIPS 180-4, not a SHA-512 that was cut (erratum 4897 of RFC 7616).
            "sha-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        Some(Self { hash, session })
    }
}

impl Hash {
    /// Hashes bytes, to hexadecimal digits.
    pub(super) fn of(self, bytes: &[u8]) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(bytes)),
            Self::Sha256 => hex(&Sha256::digest(bytes)),
            Self::Sha512_256 => hex(&Sha512_256::digest(bytes)),
        }
    }

    /// Hashes parts with a colon between each.
    pub(super) fn of_parts(self, parts: &[&str]) -> String {
        self.of(parts.join(":").as_bytes())
    }
}

/// Writes bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
