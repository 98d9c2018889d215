//! [`Identity`], a certificate with its key.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;

use super::pem::{Pem, invalid};
use crate::Error;

/// A certificate and its private key, with which a client shows who it is.
///
/// The certificate comes first in its file, then those that lead from it to a root, as certificate authorities deliver
/// them. The key is PKCS #8, PKCS #1 or SEC 1, and not encrypted.
///
/// # Examples
///
/// ```
/// use wharf_client::tls::{Identity, TlsConfig};
///
/// let tls = TlsConfig::new().identity(Identity::pem_files("client.pem", "client.key"));
/// # let _ = tls;
/// ```
#[derive(Clone, Debug)]
pub struct Identity {
    certificate: Pem,
    key: Pem,
}

impl Identity {
    /// Creates an identity of two PEM files, read at the first connection; one file with both is given twice.
    pub fn pem_files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: Pem::File(certificate.into()),
            key: Pem::File(key.into()),
        }
    }

    /// Creates an identity of PEM text that is in memory already.
    pub fn pem(certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        Self {
            certificate: Pem::bytes(certificate),
            key: Pem::bytes(key),
        }
    }

    /// Tells whether it can be read without waiting for a disk.
    pub(super) fn is_in_memory(&self) -> bool {
        self.certificate.is_in_memory() && self.key.is_in_memory()
    }

    /// Reads certificate and key, and finds out whether they belong together.
    pub(super) fn load(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, Error> {
        let chain = self.certificate.certificates("the client certificate")?;
        let key = self.key.private_key()?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(_) => invalid(format!(
                "the key {} does not belong to the certificate {} (the client's own certificate comes first)",
                self.key, self.certificate
            )),
            cause => invalid(format!(
                "could not use the certificate {} with the key {}: {cause}",
                self.certificate, self.key
            )),
        })?;
        Ok(Arc::new(key))
    }
}
