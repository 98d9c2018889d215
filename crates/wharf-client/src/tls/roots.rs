//! [`Roots`], the authorities that a client believes.

use rustls::RootCertStore;
use rustls_native_certs::CertificateResult;

use super::pem::{Pem, invalid};
use crate::{Error, ErrorKind};

/// Whose signature under a certificate a client believes.
///
/// This is a setting of the running program; a feature only brings the data of [`Bundled`](Self::Bundled).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Roots {
    /// Those of the operating system, and [own ones](super::TlsConfig::add_root_file) beside them.
    ///
    /// On Linux and the BSDs they are where OpenSSL looks, unless the environment variables `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR` name another place; on Windows and macOS they come from the store of the system.
    #[default]
    System,
    /// Those of Mozilla as they were when the program was built, with the feature `bundled-roots`, and own ones beside them.
    ///
    /// Right for machines that have none, such as a container with nothing but the program. Whoever uses them has to
    /// build again when Mozilla strikes an authority off its list.
    Bundled,
    /// Own ones, and nobody else.
    OwnOnly,
}

impl Roots {
    /// Finds out what is wrong without looking for any.
    pub(super) fn check(self, own: &[Pem]) -> Result<(), Error> {
        match self {
            Self::OwnOnly if own.is_empty() => Err(invalid(
                "`Roots::OwnOnly` without a root believes nobody: add one with `TlsConfig::add_root_file`",
            )),
            Self::Bundled => bundled().map(drop),
            _ => Ok(()),
        }
    }

    /// Reads all of them, which may take a while.
    pub(super) fn load(self, own: &[Pem]) -> Result<RootCertStore, Error> {
        let mut store = match self {
            Self::System => RootCertStore::empty(),
            Self::Bundled => bundled()?,
            Self::OwnOnly => RootCertStore::empty(),
        };
        add_own(&mut store, own)?;
        if self == Self::System {
            add_system(&mut store, rustls_native_certs::load_native_certs())?;
        }
        Ok(store)
    }
}

/// Adds own roots; each has to be good, since somebody has asked for each.
pub(super) fn add_own(store: &mut RootCertStore, own: &[Pem]) -> Result<(), Error> {
    for source in own {
        for root in source.certificates("the root certificates")? {
            store.add(root).map_err(|cause| {
                invalid(format!(
                    "could not use the root certificates {source}: {cause}"
                ))
            })?;
        }
    }
    Ok(())
}

/// Adds those of the system. Some in there may be of a kind that nobody can read any more, and do not matter.
pub(super) fn add_system(store: &mut RootCertStore, found: CertificateResult) -> Result<(), Error> {
    let _counts = store.add_parsable_certificates(found.certs);
    if !store.is_empty() {
        return Ok(());
    }
    let reason = match found.errors.first() {
        Some(error) => format!(" ({error})"),
        None => String::new(),
    };
    Err(Error::new(ErrorKind::Tls).because(format!(
        "no root certificates found on this machine{reason}: install them (the package is mostly called ca-certificates), \
         name their place in SSL_CERT_FILE or SSL_CERT_DIR, or choose `Roots::Bundled` or `Roots::OwnOnly`"
    )))
}

#[cfg(feature = "bundled-roots")]
#[expect(clippy::unnecessary_wraps, reason = "its twin fails")]
fn bundled() -> Result<RootCertStore, Error> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
    Ok(roots.collect())
}

#[cfg(not(feature = "bundled-roots"))]
fn bundled() -> Result<RootCertStore, Error> {
    Err(invalid(
        "`Roots::Bundled` are not in this program: enable the feature `bundled-roots`",
    ))
}
