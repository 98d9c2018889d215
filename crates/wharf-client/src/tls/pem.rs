//! [`Pem`], text with certificates, keys or revocation lists in it (RFC 7468), in memory or in a file.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::{Error, ErrorKind};

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

    /// Tells whether it can be read without waiting for a disk.
    pub(super) fn is_in_memory(&self) -> bool {
        matches!(self, Self::Bytes(_))
    }

    fn read(&self, what: &str) -> Result<Arc<[u8]>, Error> {
        match self {
            Self::Bytes(bytes) => Ok(Arc::clone(bytes)),
            Self::File(path) => fs::read(path)
                .map(Arc::from)
                .map_err(|cause| unreadable(what, path, &cause)),
        }
    }

    /// Reads all certificates.
    pub(super) fn certificates(&self, what: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
        self.all(what, "certificate")
    }

    /// Reads all revocation lists.
    pub(super) fn revocation_lists(
        &self,
    ) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
        self.all("the revocation lists", "revocation list")
    }

    fn all<T: PemObject>(&self, what: &str, one: &str) -> Result<Vec<T>, Error> {
        let text = self.read(what)?;
        let found: Result<Vec<_>, _> = T::pem_slice_iter(&text).collect();
        match found {
            Ok(found) if found.is_empty() => Err(self.lacks(one)),
            Ok(found) => Ok(found),
            Err(cause) => Err(self.broken(what, &cause)),
        }
    }

    pub(super) fn private_key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        let text = self.read("the key")?;
        // RFC 7468 §11, and the way of OpenSSL before it.
        let encrypted: [&[u8]; 2] = [
            b"-----BEGIN ENCRYPTED PRIVATE KEY",
            b"Proc-Type: 4,ENCRYPTED",
        ];
        if encrypted.iter().any(|mark| contains(&text, mark)) {
            return Err(invalid(format!(
                "the key {self} is encrypted, and there is nobody to ask for its password: \
                 decrypt it with `openssl pkey -in KEY -out PLAIN`, and let only the client read the file"
            )));
        }
        PrivateKeyDer::from_pem_slice(&text).map_err(|cause| match cause {
            pem::Error::NoItemsFound => self.lacks("private key"),
            cause => self.broken("the key", &cause),
        })
    }

    fn lacks(&self, what: &str) -> Error {
        invalid(format!("there is no {what} in PEM in {self}"))
    }

    /// What is wrong with the text. The words of the parser are not passed on: they quote what they stumble over.
    fn broken(&self, what: &str, cause: &pem::Error) -> Error {
        let reason = match cause {
            pem::Error::MissingSectionEnd { .. } => "it breaks off before an END line",
            pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
            pem::Error::Base64Decode(_) => "it is not base64 between BEGIN and END",
            _ => "it is not PEM",
        };
        invalid(format!("could not read {what} {self}: {reason}"))
    }
}

/// A setting that makes no sense, and why.
pub(super) fn invalid(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config).because(why.into())
}

/// A file that could not be opened. The line names both the file and the cause, so that neither is lost where only the
/// last cause is printed.
pub(super) fn unreadable(what: &str, path: &Path, cause: &std::io::Error) -> Error {
    invalid(format!("could not read {what} {}: {cause}", path.display()))
}

fn contains(text: &[u8], what: &[u8]) -> bool {
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
