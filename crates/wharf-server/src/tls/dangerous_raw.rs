//! The way to rustls itself, for what [`TlsConfig`] does not offer.
//!
//! The types here are those of the version of rustls that this crate is built with; a new one of it may change them
//! without a new major version of this crate. Nothing keeps a configuration made by hand safe.

use std::sync::Arc;

pub use rustls;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;

use super::{Identity, TlsConfig};

/// Lets `config` use the cryptography of `provider` in place of the built-in one.
///
/// Sessions are then kept in the memory of the server instead of in tickets, since a provider has no way to make those.
pub fn with_provider(mut config: TlsConfig, provider: Arc<CryptoProvider>) -> TlsConfig {
    config.provider = Some(provider);
    config
}

/// Makes a configuration of one of rustls, used as it is: certificates, versions, protocols and sessions are its own.
///
/// It is never read again, [`ServerHandle::certificates`](crate::ServerHandle::certificates) does not know of its
/// certificates, and nobody is warned when they expire. It has to name the protocols that the server speaks, and no other
/// (`alpn_protocols`): `h2` where the program was built with HTTP/2, and `http/1.1`.
pub fn from_server_config(config: Arc<ServerConfig>) -> TlsConfig {
    let mut made = TlsConfig::new(Identity::pem("", ""));
    made.identities.clear();
    made.raw = Some(config);
    made
}
