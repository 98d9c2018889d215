//! Where the cryptography comes from: always named, never the default of the process, which is somebody else's to set.

use std::sync::Arc;

use rustls::SupportedCipherSuite;
use rustls::crypto::CryptoProvider;
use rustls::crypto::hash::{Hash, HashAlgorithm};

use super::config::Settings;
use crate::{Error, ErrorKind};

impl Settings {
    /// Returns the cryptography that was given, else what this build brings.
    pub(super) fn provider(&self) -> Result<Arc<CryptoProvider>, Error> {
        match &self.provider {
            Some(provider) => Ok(Arc::clone(provider)),
            None => built_in(),
        }
    }
}

/// Returns the cryptography that this build brings; aws-lc-rs where it brings both.
#[cfg(any(feature = "tls", feature = "tls-ring"))]
#[expect(clippy::unnecessary_wraps, reason = "its twin fails")]
fn built_in() -> Result<Arc<CryptoProvider>, Error> {
    #[cfg(feature = "tls")]
    use rustls::crypto::aws_lc_rs as chosen;
    #[cfg(not(feature = "tls"))]
    use rustls::crypto::ring as chosen;
    Ok(Arc::new(chosen::default_provider()))
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
fn built_in() -> Result<Arc<CryptoProvider>, Error> {
    Err(Error::new(ErrorKind::Config).because(
        "TLS was built without cryptography: enable the feature `tls` (aws-lc-rs) or `tls-ring` (ring), \
         or give the configuration a provider with `tls::dangerous_raw::with_provider`",
    ))
}

/// Finds SHA-256 in it, of which no provider of TLS 1.3 can do without (RFC 8446 §9.1).
pub(super) fn sha256(provider: &CryptoProvider) -> Result<&'static dyn Hash, Error> {
    let hashes = provider.cipher_suites.iter().map(|suite| match suite {
        SupportedCipherSuite::Tls12(suite) => suite.common.hash_provider,
        SupportedCipherSuite::Tls13(suite) => suite.common.hash_provider,
    });
    let mut sha256 = hashes.filter(|hash| hash.algorithm() == HashAlgorithm::SHA256);
    sha256.next().ok_or_else(|| {
        Error::new(ErrorKind::Config)
            .because("the provider of cryptography has no SHA-256, which pins need")
    })
}
