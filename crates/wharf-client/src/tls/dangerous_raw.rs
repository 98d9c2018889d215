//! The way to rustls itself, for what [`TlsConfig`] does not offer.
//!
//! The types here are those of the version of rustls that this crate is built with; a new one of it may change them
//! without a new major version of this crate. Nothing keeps a configuration made by hand safe.

use std::sync::Arc;

pub use rustls;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;

use super::TlsConfig;

/// Lets `config` use the cryptography of `provider` in place of the built-in one.
pub fn with_provider(config: TlsConfig, provider: Arc<CryptoProvider>) -> TlsConfig {
    config.change(|settings| settings.provider = Some(provider))
}

/// Makes a configuration of one of rustls, used as it is: verification, certificates, versions and sessions are its own.
///
/// Of what is set on the result only [`TlsConfig::server_name`] has an effect. Its `alpn_protocols` have none, since the
/// client names the protocols that it can speak.
pub fn with_rustls(config: Arc<ClientConfig>) -> TlsConfig {
    TlsConfig::new().change(|settings| settings.raw = Some(config))
}
