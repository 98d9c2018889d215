//! [`ClientAuth`], whether clients have to prove who they are, and [`Roots`], whom the server believes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use super::identity::Pem;
use crate::error::{Error, ErrorKind};

/// Whether clients have to show a certificate.
///
/// A certificate that is shown has to be good in either case, or the handshake fails: a root that is trusted for clients
/// has signed it, it is valid now, and its use is that of a client. Revocation lists are not looked at.
///
/// # Examples
///
/// ```
/// use wharf_server::tls::{ClientAuth, Roots};
///
/// let members_only = ClientAuth::required(Roots::pem_file("/etc/app/clients.pem"));
/// # let _ = members_only;
/// ```
#[derive(Clone, Debug)]
pub struct ClientAuth {
    roots: Roots,
    required: bool,
}

impl ClientAuth {
    /// Asks for a certificate; a client without one is served all the same, and the handler sees that it has none.
    #[must_use]
    pub fn optional(roots: Roots) -> Self {
        Self {
            roots,
            required: false,
        }
    }

    /// Asks for a certificate; the handshake with a client without one fails.
    #[must_use]
    pub fn required(roots: Roots) -> Self {
        Self {
            roots,
            required: true,
        }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.roots.sources.iter().filter_map(Pem::path)
    }

    /// Makes what verifies clients, and returns the roots it believes.
    pub(super) fn load(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<(Arc<dyn ClientCertVerifier>, Trusted), Error> {
        let mut store = RootCertStore::empty();
        let mut trusted = Trusted::new();
        for source in &self.roots.sources {
            for root in source.certificates("the roots for clients")? {
                store.add(root.clone()).map_err(|cause| {
                    let message = format!("could not use the roots for clients {source}");
                    Error::new(ErrorKind::Settings, message).because(cause)
                })?;
                trusted.push(root);
            }
        }
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
        let builder = match self.required {
            true => builder,
            false => builder.allow_unauthenticated(),
        };
        let verifier = builder.build().map_err(|cause| {
            Error::new(ErrorKind::Settings, "could not use the roots for clients").because(cause)
        })?;
        Ok((verifier, trusted))
    }
}

/// The roots that a server believes.
pub(super) type Trusted = Vec<CertificateDer<'static>>;

/// Certificates of those who sign for others.
#[derive(Clone, Debug)]
pub struct Roots {
    sources: Vec<Pem>,
}

impl Roots {
    /// Takes all certificates of a PEM file, which is read when the server starts, and again when it has changed.
    pub fn pem_file(path: impl Into<PathBuf>) -> Self {
        Self {
            sources: vec![Pem::File(path.into())],
        }
    }

    /// Takes all certificates of PEM text that is in memory already.
    pub fn pem(text: impl Into<Vec<u8>>) -> Self {
        Self {
            sources: vec![Pem::bytes(text)],
        }
    }

    /// Adds those of `others`.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.sources.extend(others.sources);
        self
    }
}
