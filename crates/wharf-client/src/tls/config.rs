//! [`TlsConfig`], what can be set.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use super::pem::Pem;
use super::pin::Pins;
use super::setup::Shared;
use super::{Fingerprint, Identity, Roots};
use crate::Error;

/// The least version of TLS that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// The TLS of a client: roots, a certificate of its own, versions, and what else a server has to fulfil. Cheap to clone.
///
/// Files and the roots of the system are read at the first connection, not before, and once for all clones. What is wrong
/// with them is the error of that connection; the next one tries again.
///
/// # Examples
///
/// ```
/// use wharf_client::tls::TlsConfig;
///
/// let tls = TlsConfig::new().add_root_file("/etc/app/authority.pem");
/// # let _ = tls;
/// ```
#[derive(Clone)]
#[must_use = "a configuration does nothing until a client is given it"]
pub struct TlsConfig {
    pub(super) shared: Arc<Shared>,
}

/// What can be set.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) roots: Roots,
    pub(super) own_roots: Vec<Pem>,
    pub(super) revocation_lists: Vec<Pem>,
    pub(super) identity: Option<Identity>,
    pub(super) min_version: TlsVersion,
    pub(super) server_name: Option<String>,
    pub(super) send_server_name: bool,
    pub(super) pins: Pins,
    pub(super) any_certificate: bool,
    pub(super) any_host_name: bool,
    pub(super) key_log: Option<PathBuf>,
    pub(super) provider: Option<Arc<CryptoProvider>>,
    /// In place of all that but the name.
    pub(super) raw: Option<Arc<ClientConfig>>,
}

impl TlsConfig {
    /// Creates a configuration that believes whom the system believes.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared::new(Settings {
                roots: Roots::default(),
                own_roots: Vec::new(),
                revocation_lists: Vec::new(),
                identity: None,
                min_version: TlsVersion::Tls12,
                server_name: None,
                send_server_name: true,
                pins: Pins::default(),
                any_certificate: false,
                any_host_name: false,
                key_log: None,
                provider: None,
                raw: None,
            })),
        }
    }

    pub(super) fn change(self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.shared.settings.clone();
        change(&mut settings);
        Self {
            shared: Arc::new(Shared::new(settings)),
        }
    }

    /// Sets which roots are believed. Default: [`Roots::System`].
    pub fn roots(self, roots: Roots) -> Self {
        self.change(|settings| settings.roots = roots)
    }

    /// Adds all certificates in PEM text to the roots, or makes them the only ones with [`Roots::OwnOnly`].
    pub fn add_root_pem(self, pem: impl Into<Vec<u8>>) -> Self {
        self.change(|settings| settings.own_roots.push(Pem::bytes(pem)))
    }

    /// Adds all certificates of a PEM file to the roots, or makes them the only ones with [`Roots::OwnOnly`].
    pub fn add_root_file(self, path: impl Into<PathBuf>) -> Self {
        self.change(|settings| settings.own_roots.push(Pem::File(path.into())))
    }

    /// Adds all revocation lists of a PEM file, and refuses what is on one of them. Default: none, nobody looks.
    ///
    /// With the first one every certificate below the root has to be covered by a list of its issuer that is still in
    /// force (RFC 5280 §5); a server of which nothing can be known is refused.
    pub fn add_revocation_list_file(self, path: impl Into<PathBuf>) -> Self {
        self.change(|settings| settings.revocation_lists.push(Pem::File(path.into())))
    }

    /// Adds all revocation lists in PEM text; see [`add_revocation_list_file`](Self::add_revocation_list_file).
    pub fn add_revocation_list_pem(self, pem: impl Into<Vec<u8>>) -> Self {
        self.change(|settings| settings.revocation_lists.push(Pem::bytes(pem)))
    }

    /// Sets the certificate that the client shows where a server asks for one. Default: `None`.
    pub fn identity(self, identity: impl Into<Option<Identity>>) -> Self {
        self.change(|settings| settings.identity = identity.into())
    }

    /// Sets the least version that is spoken. Default: TLS 1.2.
    pub fn min_version(self, version: TlsVersion) -> Self {
        self.change(|settings| settings.min_version = version)
    }

    /// Sets the name or address that is asked for and that certificates have to be for. Default: `None`, the host of the URL.
    ///
    /// It holds for every server that this configuration is used with. The `Host` field is not changed by it.
    pub fn server_name(self, name: impl Into<Option<String>>) -> Self {
        self.change(|settings| settings.server_name = name.into())
    }

    /// Sets whether the server is told which name is asked for (SNI, RFC 6066 §3). Default: true.
    ///
    /// Without it a server with many certificates shows whichever it likes. Addresses are never told.
    pub fn send_server_name(self, on: bool) -> Self {
        self.change(|settings| settings.send_server_name = on)
    }

    /// Adds a certificate to those of which a server has to show one, by the SHA-256 of its DER encoding.
    ///
    /// It is demanded on top of all verification, and of the server's own certificate; with several pins any one will do.
    /// Certificates are replaced every few weeks or months: [`pin_public_key`](Self::pin_public_key) can outlive that.
    /// To pin an authority, make it the only root with [`Roots::OwnOnly`]: what else a server sends with its certificate
    /// proves nothing.
    ///
    /// ~~~console
    /// $ openssl x509 -in server.pem -noout -fingerprint -sha256
    /// ~~~
    pub fn pin_certificate(self, sha256: impl Into<Fingerprint>) -> Self {
        self.change(|settings| settings.pins.certificates.push(sha256.into()))
    }

    /// Adds a public key to those of which a server has to have one, by the SHA-256 of its `SubjectPublicKeyInfo` in DER.
    ///
    /// This is what RFC 7469 §2.4 and `curl --pinnedpubkey` take, but in hexadecimal digits. For the rest it is like
    /// [`pin_certificate`](Self::pin_certificate). Pin a second key that is kept elsewhere, for the day the first is lost.
    ///
    /// ~~~console
    /// $ openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256
    /// ~~~
    pub fn pin_public_key(self, sha256: impl Into<Fingerprint>) -> Self {
        self.change(|settings| settings.pins.public_keys.push(sha256.into()))
    }

    /// Accepts any certificate, whoever signed it, whatever it is for, expired or not: anybody on the way can read and
    /// change everything.
    ///
    /// Pins hold all the same, and are then all that makes the connection safe. Prefer
    /// [`add_root_file`](Self::add_root_file) with the certificate of who signed that of the server, or with the server's own
    /// if it is self-signed.
    pub fn dangerous_accept_any_certificate(self) -> Self {
        self.change(|settings| settings.any_certificate = true)
    }

    /// Accepts certificates that are for another host: whoever has a valid one for any name at all can read and change
    /// everything.
    ///
    /// The rest is verified. Prefer [`server_name`](Self::server_name). It cannot be had together with revocation lists.
    pub fn dangerous_accept_any_host_name(self) -> Self {
        self.change(|settings| settings.any_host_name = true)
    }

    /// Appends the secrets of all connections to a file, from which Wireshark can decrypt them: so can anybody who reads it.
    ///
    /// The format is that of `SSLKEYLOGFILE`, an environment variable that is not looked at. On Unix a file that is
    /// created here can be read by its owner only.
    pub fn dangerous_key_log_file(self, path: impl Into<PathBuf>) -> Self {
        self.change(|settings| settings.key_log = Some(path.into()))
    }

    /// Returns a number that clones have in common, and no other configuration has as long as one of the clones lives.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Finds out what is wrong as far as that can be known without reading a file.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.shared.settings.check()
    }
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.shared.settings;
        if settings.raw.is_some() {
            return f.write_str("TlsConfig(of rustls)");
        }
        f.debug_struct("TlsConfig")
            .field("roots", &settings.roots)
            .field("own_roots", &settings.own_roots)
            .field("revocation_lists", &settings.revocation_lists)
            .field("identity", &settings.identity)
            .field("min_version", &settings.min_version)
            .field("server_name", &settings.server_name)
            .field("send_server_name", &settings.send_server_name)
            .field("pins", &settings.pins)
            .field("dangerous_any_certificate", &settings.any_certificate)
            .field("dangerous_any_host_name", &settings.any_host_name)
            .field("dangerous_key_log", &settings.key_log)
            .finish_non_exhaustive()
    }
}
