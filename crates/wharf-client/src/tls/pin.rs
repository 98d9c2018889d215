//! [`Fingerprint`], by which a certificate or a key is known, and [`Pins`], those that a server has to have one of.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rustls::crypto::hash::Hash;
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, OtherError};

use super::pem::invalid;
use crate::Error;

/// The SHA-256 of a certificate or of a public key.
///
/// It is read and printed in hexadecimal digits; colons between the bytes, as OpenSSL prints them, may be there.
///
/// # Examples
///
/// ```
/// use wharf_client::tls::{Fingerprint, TlsConfig};
///
/// let text = "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";
/// let fingerprint: Fingerprint = text.parse()?;
/// assert_eq!(fingerprint.to_string(), text.replace(':', "").to_lowercase());
/// let tls = TlsConfig::new().pin_public_key(fingerprint);
/// # let _ = tls;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl From<[u8; 32]> for Fingerprint {
    fn from(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read(text).map(Self).ok_or_else(|| {
            invalid("a fingerprint is a SHA-256 in 64 hexadecimal digits, with or without colons between the bytes")
        })
    }
}

/// Reads 32 bytes; colons are between all of them or between none.
fn read(text: &str) -> Option<[u8; 32]> {
    let width = match text.len() {
        64 => 2,
        95 => 3,
        _ => return None,
    };
    let mut bytes = [0; 32];
    for (byte, piece) in bytes.iter_mut().zip(text.as_bytes().chunks(width)) {
        let ([high, low] | [high, low, b':']) = *piece else {
            return None;
        };
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(bytes)
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a server has to have, one of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Pins {
    pub(super) certificates: Vec<Fingerprint>,
    pub(super) public_keys: Vec<Fingerprint>,
}

impl Pins {
    pub(super) fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.public_keys.is_empty()
    }

    /// Finds out whether the certificate of a server, the first that it sent, is one of them.
    ///
    /// The others that it sent are not looked at: they need not be those that its own was verified by.
    pub(super) fn check(
        &self,
        certificate: &CertificateDer<'_>,
        sha256: &dyn Hash,
    ) -> Result<(), rustls::Error> {
        let of = |bytes: &[u8]| match <[u8; 32]>::try_from(sha256.hash(bytes).as_ref()) {
            Ok(hash) => Ok(Fingerprint(hash)),
            Err(_length) => Err(rustls::Error::General(
                "the provider's SHA-256 is none".to_owned(),
            )),
        };
        let shown = of(certificate)?;
        if self.certificates.contains(&shown) {
            return Ok(());
        }
        let key = of(&ParsedCertificate::try_from(certificate)?.subject_public_key_info())?;
        if self.public_keys.contains(&key) {
            return Ok(());
        }
        let cause = Unpinned {
            certificate: shown,
            key,
        };
        Err(CertificateError::Other(OtherError(Arc::new(cause))).into())
    }
}

/// A server that has none of the pins; what it has instead.
#[derive(Debug)]
struct Unpinned {
    certificate: Fingerprint,
    key: Fingerprint,
}

impl fmt::Display for Unpinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it is none of those that are pinned: its SHA-256 is {}, that of its public key {}",
            self.certificate, self.key
        )
    }
}

impl std::error::Error for Unpinned {}
