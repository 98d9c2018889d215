//! What rustls is given of a [`TlsConfig`].

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rustls::server::{
    ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert,
    ServerSessionMemoryCache, StoresServerSessions,
};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};

use super::client_auth::Trusted;
use super::identity::Loaded;
use super::{CertificateInfo, TlsConfig, TlsVersion, alpn, provider};
use crate::error::{Error, ErrorKind};

/// How many sessions are kept where there are no tickets.
const SESSIONS: usize = 1024;

/// A configuration that was read: what rustls works with, and what the operator may want to know.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) server: Arc<ServerConfig>,
    pub(super) certificates: Vec<CertificateInfo>,
    sessions: Option<Sessions>,
}

/// What makes sessions resumable. It outlives a reload, or clients would have to start over.
#[derive(Clone)]
struct Sessions {
    ticketer: Option<Arc<dyn ProducesTickets>>,
    store: Arc<dyn StoresServerSessions>,
    /// By which roots the clients of these sessions were verified: that is not done again when one is resumed.
    trusted: Trusted,
}

impl Setup {
    /// Reads what `config` names, and sets rustls up; `earlier` is what it is to replace.
    pub(super) fn load(config: &TlsConfig, earlier: Option<&Self>) -> Result<Self, Error> {
        if let Some(raw) = &config.raw {
            return Ok(Self {
                server: Arc::clone(raw),
                certificates: Vec::new(),
                sessions: None,
            });
        }
        let provider = match &config.provider {
            Some(provider) => Arc::clone(provider),
            None => provider::built_in()?,
        };
        let identities = config
            .identities
            .iter()
            .map(|identity| identity.load(&provider))
            .collect::<Result<Vec<_>, _>>()?;
        let versions: &[_] = match config.min_version {
            TlsVersion::Tls12 => &[&version::TLS13, &version::TLS12],
            TlsVersion::Tls13 => &[&version::TLS13],
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(|cause| {
                let message = "the provider of cryptography cannot do what TLS needs";
                Error::new(ErrorKind::Settings, message).because(cause)
            })?;
        let (builder, trusted) = match &config.client_auth {
            Some(auth) => {
                let (verifier, trusted) = auth.load(&provider)?;
                (builder.with_client_cert_verifier(verifier), trusted)
            }
            None => (builder.with_no_client_auth(), Trusted::new()),
        };
        let sessions = match earlier.and_then(|earlier| earlier.sessions.as_ref()) {
            // A root that is trusted no more must not live on in sessions.
            Some(sessions) if sessions.trusted == trusted => sessions.clone(),
            _ => Sessions::new(config.provider.is_some(), trusted)?,
        };
        let mut server = builder.with_cert_resolver(Arc::new(ByName::new(&identities)?));
        server.alpn_protocols = alpn::protocols(config.http2);
        server.session_storage = Arc::clone(&sessions.store);
        if let Some(ticketer) = &sessions.ticketer {
            server.ticketer = Arc::clone(ticketer);
        }
        // RFC 8446 §8: what is replayed cannot be told from what is new. It is rustls' default too.
        server.max_early_data_size = 0;
        Ok(Self {
            server: Arc::new(server),
            certificates: identities.iter().map(CertificateInfo::new).collect(),
            sessions: Some(sessions),
        })
    }
}

impl Sessions {
    fn new(foreign_provider: bool, trusted: Trusted) -> Result<Self, Error> {
        Ok(match foreign_provider {
            true => Self {
                ticketer: None,
                store: ServerSessionMemoryCache::new(SESSIONS),
                trusted,
            },
            false => Self {
                ticketer: Some(provider::ticketer()?),
                store: Arc::new(NoServerSessionStorage {}),
                trusted,
            },
        })
    }
}

/// Chooses a certificate by the name that the client asks for.
struct ByName {
    default: Arc<CertifiedKey>,
    names: HashMap<String, Vec<Arc<CertifiedKey>>>,
}

impl ByName {
    fn new(identities: &[Loaded]) -> Result<Self, Error> {
        let Some(first) = identities.first() else {
            return Err(Error::new(
                ErrorKind::Settings,
                "a TLS configuration needs a certificate",
            ));
        };
        let mut names = HashMap::<_, Vec<_>>::new();
        for identity in identities {
            for name in &identity.names {
                names
                    .entry(name.clone())
                    .or_default()
                    .push(Arc::clone(&identity.key));
            }
        }
        Ok(Self {
            default: Arc::clone(&first.key),
            names,
        })
    }

    /// Finds those for a name, given in lower case: by itself, else with a star for its first label (RFC 9525 §6.3).
    fn find(&self, name: &str) -> &[Arc<CertifiedKey>] {
        if let Some(found) = self.names.get(name) {
            return found;
        }
        let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        wildcard
            .and_then(|name| self.names.get(&name))
            .map_or(&[], Vec::as_slice)
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().map_or(&[][..], |name| self.find(name));
        let understood = named
            .iter()
            .find(|key| key.key.choose_scheme(hello.signature_schemes()).is_some());
        Some(Arc::clone(
            understood.or(named.first()).unwrap_or(&self.default),
        ))
    }
}

impl fmt::Debug for ByName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByName")
            .field("names", &self.names.keys())
            .finish_non_exhaustive()
    }
}
