//! Where the cryptography comes from: always named, never the default of the process, which is somebody else's to set.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::ProducesTickets;

use crate::error::Error;

/// Returns the cryptography that this build brings; aws-lc-rs where it brings both.
#[cfg(any(feature = "tls", feature = "tls-ring"))]
pub(super) fn built_in() -> Result<Arc<CryptoProvider>, Error> {
    #[cfg(feature = "tls")]
    use rustls::crypto::aws_lc_rs as chosen;
    #[cfg(not(feature = "tls"))]
    use rustls::crypto::ring as chosen;
    Ok(Arc::new(chosen::default_provider()))
}

/// Makes what encrypts tickets with that cryptography; its keys change by themselves, and never leave the process.
#[cfg(any(feature = "tls", feature = "tls-ring"))]
pub(super) fn ticketer() -> Result<Arc<dyn ProducesTickets>, Error> {
    #[cfg(feature = "tls")]
    use rustls::crypto::aws_lc_rs as chosen;
    #[cfg(not(feature = "tls"))]
    use rustls::crypto::ring as chosen;
    chosen::Ticketer::new().map_err(|cause| {
        let kind = crate::error::ErrorKind::Settings;
        Error::new(kind, "could not make the keys of session tickets").because(cause)
    })
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
pub(super) fn built_in() -> Result<Arc<CryptoProvider>, Error> {
    Err(absent())
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
pub(super) fn ticketer() -> Result<Arc<dyn ProducesTickets>, Error> {
    Err(absent())
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
fn absent() -> Error {
    use crate::error::ErrorKind;
    Error::new(
        ErrorKind::Settings,
        "TLS was built without cryptography: enable the feature `tls` (aws-lc-rs) or `tls-ring` (ring), \
         or give the configuration a provider with `tls::dangerous_raw::with_provider`",
    )
}
