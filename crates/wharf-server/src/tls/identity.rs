//! [`Identity`], a certificate with its key, and [`Pem`], where such things come from.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::certificate::Details;
use crate::error::{Error, ErrorKind};

/// A certificate and its private key, with which a server shows who it is.
///
/// The certificate comes first in its file, then those that lead from it to a root, as certificate authorities deliver
/// them. The key is PKCS #8, PKCS #1 or SEC 1, and not encrypted.
///
/// # Examples
///
/// ```
/// use wharf_server::tls::Identity;
///
/// let identity = Identity::pem_files("/etc/app/fullchain.pem", "/etc/app/key.pem");
/// let second = Identity::pem_files("b.pem", "b.key").names(["b.example", "*.b.example"]);
/// # let _ = (identity, second);
/// ```
#[derive(Clone, Debug)]
pub struct Identity {
    certificate: Pem,
    key: Pem,
    names: Option<Vec<String>>,
}

impl Identity {
    /// Creates an identity of two PEM files; one file with both is given twice.
    ///
    /// They are read when the server starts, and again when they have changed; see [`Reload`](super::Reload).
    pub fn pem_files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: Pem::File(certificate.into()),
            key: Pem::File(key.into()),
            names: None,
        }
    }

    /// Creates an identity of PEM text that is in memory already.
    pub fn pem(certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        Self {
            certificate: Pem::bytes(certificate),
            key: Pem::bytes(key),
            names: None,
        }
    }

    /// Sets for which host names the certificate is shown; `*.b.example` stands for one label before the dot.
    ///
    /// Default: the names that the certificate itself is for.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Returns the files that this is made of.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.certificate, &self.key]
            .into_iter()
            .filter_map(Pem::path)
    }

    /// Reads certificate and key, and finds out whether they belong together.
    pub(super) fn load(&self, provider: &CryptoProvider) -> Result<Loaded, Error> {
        let chain = self.certificate.certificates("the certificate")?;
        let key = self.key.private_key()?;
        let leaf = chain.first().map(|der| Details::read(der));
        let details = match leaf {
            Some(Ok(details)) => details,
            Some(Err(cause)) => {
                let message = format!("could not use the certificate {}", self.certificate);
                return Err(Error::new(ErrorKind::Settings, message).because(cause));
            }
            None => return Err(self.certificate.lacks("certificate")),
        };
        let names = match &self.names {
            Some(names) => names
                .iter()
                .map(|name| server_name(name))
                .collect::<Result<_, _>>()?,
            None => details
                .dns_names
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        };
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|cause| match cause {
            rustls::Error::InconsistentKeys(_) => Error::new(
                ErrorKind::Settings,
                format!(
                    "the key {} does not belong to the certificate {} (the server's own certificate comes first)",
                    self.key, self.certificate
                ),
            ),
            cause => {
                let message = format!("could not use the certificate {} with the key {}", self.certificate, self.key);
                Error::new(ErrorKind::Settings, message).because(cause)
            }
        })?;
        Ok(Loaded {
            key: Arc::new(key),
            names,
            details,
            source: self.certificate.path().map(Path::to_owned),
        })
    }
}

/// An identity that was read.
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    /// In lower case.
    pub(super) names: Vec<String>,
    pub(super) details: Details,
    pub(super) source: Option<PathBuf>,
}

/// Checks a host name that was given by hand.
fn server_name(name: &str) -> Result<String, Error> {
    let host = name.strip_prefix("*.").unwrap_or(name);
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if host.is_empty() || host.ends_with('.') || !host.bytes().all(of_a_name) {
        return Err(Error::new(
            ErrorKind::Settings,
            format!(
                "`{name}` is not a host name that a certificate can be shown for, such as b.example or *.b.example"
            ),
        ));
    }
    Ok(name.to_ascii_lowercase())
}

/// Where PEM text comes from.
#[derive(Clone)]
pub(super) enum Pem {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

impl Pem {
    pub(super) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(bytes.into().into())
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Bytes(_) => None,
        }
    }

    fn read(&self, what: &str) -> Result<Arc<[u8]>, Error> {
        match self {
            Self::Bytes(bytes) => Ok(Arc::clone(bytes)),
            Self::File(path) => fs::read(path).map(Arc::from).map_err(|cause| {
                let message = format!("could not read {what} {}", path.display());
                Error::new(ErrorKind::Settings, message).because(cause)
            }),
        }
    }

    /// Reads all certificates.
    pub(super) fn certificates(&self, what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
        let text = self.read(what)?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        match found {
            Ok(found) if found.is_empty() => Err(self.lacks("certificate")),
            Ok(found) => Ok(found),
            Err(cause) => Err(self.broken(what, &cause)),
        }
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        let text = self.read("the key")?;
        // RFC 7468 §11, and the way of OpenSSL before it.
        let encrypted: [&[u8]; 2] = [
            b"-----BEGIN ENCRYPTED PRIVATE KEY",
            b"Proc-Type: 4,ENCRYPTED",
        ];
        if encrypted.iter().any(|mark| memmem(&text, mark)) {
            return Err(Error::new(
                ErrorKind::Settings,
                format!(
                    "the key {self} is encrypted, and there is nobody to ask for its password: \
                     decrypt it with `openssl pkey -in KEY -out PLAIN`, and let only the server read the file"
                ),
            ));
        }
        PrivateKeyDer::from_pem_slice(&text).map_err(|cause| match cause {
            pem::Error::NoItemsFound => self.lacks("private key"),
            cause => self.broken("the key", &cause),
        })
    }

    fn lacks(&self, what: &str) -> Error {
        let message = format!("there is no {what} in PEM in {self}");
        Error::new(ErrorKind::Settings, message)
    }

    /// What is wrong with the text. The words of the parser are not passed on: they quote what they stumble over.
    fn broken(&self, what: &str, cause: &pem::Error) -> Error {
        let reason = match cause {
            pem::Error::MissingSectionEnd { .. } => "it breaks off before an END line",
            pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
            pem::Error::Base64Decode(_) => "it is not base64 between BEGIN and END",
            _ => "it is not PEM",
        };
        let message = format!("could not read {what} {self}: {reason}");
        Error::new(ErrorKind::Settings, message)
    }
}

fn memmem(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|window| window == what)
}

impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Bytes(_) => f.write_str("that was given in memory"),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            // It may be a key.
            Self::Bytes(_) => f.write_str("(in memory)"),
        }
    }
}
