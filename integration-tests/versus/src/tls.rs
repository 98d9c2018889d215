//! What servers encrypt with where TLS is compared: the same cryptography, certificate and tickets for all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;

use crate::server::Failure;

/// Returns where a certificate lies in its folder.
pub fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificate.pem")
}

/// Returns where its key lies.
pub fn key(folder: &Path) -> PathBuf {
    folder.join("key.pem")
}

/// Makes the configuration of a server that is given one: sessions are resumed by tickets, and nothing is kept for them.
pub fn config(folder: &Path) -> Result<ServerConfig, Failure> {
    let chain = CertificateDer::pem_file_iter(certificate(folder))?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key(folder))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}
