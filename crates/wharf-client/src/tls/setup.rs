//! What rustls is given of a [`TlsConfig`], and when it is: at the first connection, once.

use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier, version};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use super::config::{Settings, TlsConfig, TlsVersion};
use super::handshake::server_name;
use super::key_log::KeyLogFile;
use super::pem::invalid;
use super::provider::sha256;
use super::verify::Verifier;
use crate::{Error, ErrorKind};

/// Of how many servers the last session is kept.
const SESSIONS: usize = 256;

/// What clones of a configuration have in common.
pub(super) struct Shared {
    pub(super) settings: Settings,
    loaded: OnceLock<Arc<ClientConfig>>,
    /// Held by whoever loads.
    turn: Arc<Mutex<()>>,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            loaded: OnceLock::new(),
            turn: Arc::default(),
        }
    }
}

impl TlsConfig {
    /// Returns what rustls works with, after it was loaded by whoever is the first to come.
    pub(super) async fn client(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(loaded) = self.shared.loaded.get() {
            return Ok(Arc::clone(loaded));
        }
        let turn = Arc::clone(&self.shared.turn).lock_owned().await;
        if let Some(loaded) = self.shared.loaded.get() {
            return Ok(Arc::clone(loaded));
        }
        let shared = Arc::clone(&self.shared);
        let loading = spawn_blocking(move || {
            // The turn ends with the work, not with the future that waits for it: that may be dropped long before.
            let _turn = turn;
            let loaded = shared.settings.load()?;
            Ok(Arc::clone(shared.loaded.get_or_init(|| loaded)))
        });
        match loading.await {
            Ok(loaded) => loaded,
            // It panicked, or the runtime ends.
            Err(cause) => Err(Error::new(ErrorKind::Tls).because(cause)),
        }
    }
}

impl Settings {
    /// Finds out what is wrong without reading a file.
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(name) = &self.server_name
            && server_name(name).is_none()
        {
            return Err(invalid(format!(
                "`{name}` is not a name or an address that a certificate could be for"
            )));
        }
        if self.raw.is_some() {
            return Ok(());
        }
        let provider = self.provider()?;
        let _builder = self.builder()?;
        if !self.pins.is_empty() {
            sha256(&provider)?;
        }
        if !self.any_certificate {
            self.roots.check(&self.own_roots)?;
        }
        if self.any_host_name && !self.revocation_lists.is_empty() {
            return Err(invalid(
                "revocation lists cannot be had together with `dangerous_accept_any_host_name`",
            ));
        }
        for source in self.own_roots.iter().filter(|source| source.is_in_memory()) {
            source.certificates("the root certificates")?;
        }
        for source in self
            .revocation_lists
            .iter()
            .filter(|source| source.is_in_memory())
        {
            source.revocation_lists()?;
        }
        if let Some(identity) = &self.identity
            && identity.is_in_memory()
        {
            identity.load(&provider)?;
        }
        Ok(())
    }

    fn builder(&self) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
        let versions: &[_] = match self.min_version {
            TlsVersion::Tls12 => &[&version::TLS13, &version::TLS12],
            TlsVersion::Tls13 => &[&version::TLS13],
        };
        ClientConfig::builder_with_provider(self.provider()?)
            .with_protocol_versions(versions)
            .map_err(|cause| {
                invalid(format!(
                    "the provider of cryptography cannot do what TLS needs: {cause}"
                ))
            })
    }

    /// Reads everything, and sets rustls up.
    fn load(&self) -> Result<Arc<ClientConfig>, Error> {
        // A client may be built without it, and files have been left out.
        self.check()?;
        if let Some(raw) = &self.raw {
            return Ok(Arc::clone(raw));
        }
        let builder = self.builder()?;
        let provider = Arc::clone(builder.crypto_provider());
        let verifier = Verifier::load(self, &provider)?;
        let builder = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut client = match &self.identity {
            Some(identity) => {
                let key = SingleCertAndKey::from(identity.load(&provider)?);
                builder.with_client_cert_resolver(Arc::new(key))
            }
            None => builder.with_no_client_auth(),
        };
        client.enable_sni = self.send_server_name;
        client.resumption = Resumption::in_memory_sessions(SESSIONS);
        // RFC 8446 §8: what is replayed cannot be told from what is new. It is rustls' default too.
        client.enable_early_data = false;
        if let Some(path) = &self.key_log {
            client.key_log = Arc::new(KeyLogFile::open(path)?);
        }
        Ok(Arc::new(client))
    }
}
