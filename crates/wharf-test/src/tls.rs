//! Certificates for one test: [`Authority`], which signs them, and [`Certificate`], one of them with its key.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{copy_bidirectional, duplex};
use tokio_rustls::TlsConnector;
use wharf_http::BoxError;

use crate::host::Io;

/// The names of a server in a test.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why nothing here fails.
const MADE: &str = "what is signed here is made here, and the system has random numbers";

/// How many bytes may wait between a test and its encryption.
const PIPE: usize = 64 * 1024;

/// Signs the certificates of one test, and is believed by nobody else. Cheap to clone.
///
/// # Examples
///
/// ```
/// use wharf_test::tls::Authority;
///
/// let authority = Authority::new();
/// let quay = authority.server_certificate(["quay.test"]);
/// assert!(quay.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// assert!(authority.ca_pem() != quay.certificate_pem());
/// ```
#[derive(Clone)]
pub struct Authority {
    issuer: Arc<CertifiedIssuer<'static, KeyPair>>,
}

/// A certificate and its key, both in PEM.
#[derive(Clone)]
pub struct Certificate {
    certificate: String,
    key: String,
}

impl Authority {
    /// Makes an authority with a key of its own.
    ///
    /// # Panics
    ///
    /// Panics when the system has no random numbers.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        let name = "wharf-test authority";
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect(MADE);
        Self {
            issuer: Arc::new(CertifiedIssuer::self_signed(params, key).expect(MADE)),
        }
    }

    /// Returns the certificate of the authority in PEM, for clients that are to believe it.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// Signs a certificate for a server with these host names and IP addresses.
    ///
    /// # Panics
    ///
    /// Panics when a name is not one that a certificate can have, and when the system has no random numbers.
    #[must_use]
    pub fn server_certificate<N: Into<String>>(
        &self,
        names: impl IntoIterator<Item = N>,
    ) -> Certificate {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut params =
            CertificateParams::new(names).expect("the names of a test are names of hosts");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    /// Signs a certificate for a client, which has `name` as its common name and as its only host name.
    ///
    /// # Panics
    ///
    /// Panics when the name is not one that a certificate can have, and when the system has no random numbers.
    #[must_use]
    pub fn client_certificate(&self, name: &str) -> Certificate {
        let names = vec![name.to_owned()];
        let mut params =
            CertificateParams::new(names).expect("the names of a test are names of hosts");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect(MADE);
        Certificate {
            certificate: params.signed_by(&key, &self.issuer).expect(MADE).pem(),
            key: key.serialize_pem(),
        }
    }

    /// Makes the TLS of a server: a certificate for `localhost` and its addresses.
    pub fn server_config(&self) -> wharf_server::tls::TlsConfig {
        let certificate = self.server_certificate(NAMES);
        let identity = wharf_server::tls::Identity::pem(certificate.certificate, certificate.key);
        wharf_server::tls::TlsConfig::new(identity)
    }

    /// Makes the TLS of a server like [`server_config`](Self::server_config), which asks clients for a certificate of this
    /// authority. `required` says whether one without is refused.
    pub fn server_config_for_clients(&self, required: bool) -> wharf_server::tls::TlsConfig {
        let roots = wharf_server::tls::Roots::pem(self.ca_pem());
        let auth = match required {
            true => wharf_server::tls::ClientAuth::required(roots),
            false => wharf_server::tls::ClientAuth::optional(roots),
        };
        self.server_config().client_auth(auth)
    }

    /// Makes the TLS of a client that believes this authority and no other.
    pub fn client_config(&self) -> wharf_client::tls::TlsConfig {
        wharf_client::tls::TlsConfig::new()
            .roots(wharf_client::tls::Roots::OwnOnly)
            .add_root_pem(self.ca_pem())
    }

    /// Makes the TLS of a client like [`client_config`](Self::client_config), which shows a certificate where it is asked for
    /// one.
    pub fn client_config_as(&self, certificate: &Certificate) -> wharf_client::tls::TlsConfig {
        let Certificate { certificate, key } = certificate.clone();
        let identity = wharf_client::tls::Identity::pem(certificate, key);
        self.client_config().identity(identity)
    }

    /// Encrypts what goes over `socket`, to a server that has a certificate of this authority.
    pub(crate) fn encrypt(&self, mut socket: Box<dyn Io>) -> Result<Box<dyn Io>, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone())?;
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from(NAMES[0])?;
        let (near, mut far) = duplex(PIPE);
        // A task, so that opening a connection needs no waiting.
        tokio::spawn(async move {
            let handshake = connector.connect(name, &mut socket);
            if let Ok(mut encrypted) = handshake.await {
                // Whatever ends the connection is seen by both of its ends.
                let _end = copy_bidirectional(&mut far, &mut encrypted).await;
            }
        });
        Ok(Box::new(near))
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Certificate {
    /// Returns the certificate in PEM.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Returns the key in PEM (PKCS #8).
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}
