//! TLS: [`TlsConfig`], the certificates of a server, whom it believes, and how it keeps up with renewed files.
//!
//! # Layout
//!
//! - `identity`: [`Identity`], a certificate with its key; `client_auth`: [`ClientAuth`] and [`Roots`].
//! - `setup`: what rustls is given of a configuration; `provider`: with whose cryptography; `alpn`: for which protocols.
//! - `handshake`: from the first byte to a connection that is encrypted, or refused.
//! - `reload`: [`Reload`], files that change while the server runs; `watch`: who looks at them.
//! - `info`: [`CertificateInfo`]; `certificate` and `der`: how a certificate is read.
//! - `server`: what [`Server`](crate::Server) and [`Listener`](crate::listener::Listener) have of it.
//! - [`dangerous_raw`]: the way to rustls itself.
//!
//! # What is decided here
//!
//! - TLS 1.2 and 1.3, with the suites that the provider takes for safe, in its order.
//! - The cryptography is that of the feature: aws-lc-rs with `tls`, ring with `tls-ring`. The default of the process is
//!   neither read nor set, so that other users of rustls in the same program do not matter.
//! - Sessions are resumed with stateless tickets (RFC 8446 §2.2, RFC 5077). Their keys are made at the start, change every
//!   few hours and live in this process only.
//! - There is no 0-RTT data (RFC 8446 §8): whoever records it can send it again, and a handler has no way to tell.
//! - A client that speaks plain HTTP is answered 400, with a hint to write `https`.
//!
//! # Examples
//!
//! ~~~no_run
//! use wharf_server::Server;
//! use wharf_server::tls::{Identity, TlsConfig};
//! # use wharf_http::{Context, Request, Response, service::service_fn};
//! # fn main() -> Result<(), wharf_server::Error> {
//! # let service = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
//!
//! let tls = TlsConfig::new(Identity::pem_files("fullchain.pem", "key.pem"));
//! Server::new(service).bind("0.0.0.0:443").tls(tls).bind("unix:/run/app.sock").run()?;
//! # Ok(()) }
//! ~~~

mod alpn;
mod certificate;
mod client_auth;
pub mod dangerous_raw;
mod der;
mod handshake;
mod identity;
mod info;
mod provider;
mod reload;
mod server;
mod setup;
mod watch;

pub use client_auth::{ClientAuth, Roots};
pub use identity::Identity;
pub use info::CertificateInfo;
pub use reload::Reload;

pub(crate) use alpn::agreed;
pub(crate) use handshake::{Acceptor, TlsStream};
pub(crate) use watch::{Watch, check, of_files, prepare, replace};

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;

/// How long before its end a certificate is warned of.
const EXPIRY_WARNING: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The least version of TLS that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// The TLS of a listener: certificates, versions, and whether clients need one of their own.
///
/// Nothing is read before the server starts; what is wrong is the error of its start.
///
/// # Examples
///
/// ```
/// use wharf_server::tls::{Identity, TlsConfig, TlsVersion};
///
/// let tls = TlsConfig::new(Identity::pem_files("a.pem", "a.key"))
///     .identity(Identity::pem_files("b.pem", "b.key"))
///     .min_version(TlsVersion::Tls13);
/// # let _ = tls;
/// ```
#[derive(Clone)]
#[must_use = "a configuration does nothing until a server is given it"]
pub struct TlsConfig {
    identities: Vec<Identity>,
    min_version: TlsVersion,
    client_auth: Option<ClientAuth>,
    http2: bool,
    reload: Reload,
    expiry_warning: Duration,
    provider: Option<Arc<CryptoProvider>>,
    /// In place of all that.
    raw: Option<Arc<ServerConfig>>,
}

impl TlsConfig {
    /// Creates a configuration with one certificate, for all names.
    pub fn new(identity: Identity) -> Self {
        Self {
            identities: vec![identity],
            min_version: TlsVersion::Tls12,
            client_auth: None,
            http2: true,
            reload: Reload::default(),
            expiry_warning: EXPIRY_WARNING,
            provider: None,
            raw: None,
        }
    }

    /// Adds a certificate, shown to clients that ask for one of its names (SNI, RFC 6066 §3).
    ///
    /// The first one is shown to those that ask for a name nobody has, or for none. Where two have the same name, the first
    /// one whose kind of key the client understands is shown.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identities.push(identity);
        self
    }

    /// Sets the least version that is spoken. Default: TLS 1.2.
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }

    /// Sets whether clients have to show a certificate. Default: `None`, they are not asked.
    ///
    /// It holds for all names of the listener.
    pub fn client_auth(mut self, auth: impl Into<Option<ClientAuth>>) -> Self {
        self.client_auth = auth.into();
        self
    }

    /// Sets whether clients may choose HTTP/2 (ALPN, RFC 7301). Default: true, where the program was built with it.
    pub fn http2(mut self, on: bool) -> Self {
        self.http2 = on;
        self
    }

    /// Sets whether files are read again when they have changed. Default: looked at every 10 seconds.
    pub fn reload(mut self, reload: Reload) -> Self {
        self.reload = reload;
        self
    }

    /// Sets how long before the end of a certificate it is warned of, when it is read and then once a day.
    ///
    /// Default: 14 days. Zero warns of those that have expired only.
    pub fn expiry_warning(mut self, ahead: Duration) -> Self {
        self.expiry_warning = ahead;
        self
    }

    /// Returns all files that this is made of.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let identities = self.identities.iter().flat_map(Identity::files);
        identities.chain(self.client_auth.iter().flat_map(ClientAuth::files))
    }
}

impl From<Identity> for TlsConfig {
    fn from(identity: Identity) -> Self {
        Self::new(identity)
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("identities", &self.identities)
            .field("min_version", &self.min_version)
            .field("client_auth", &self.client_auth)
            .field("reload", &self.reload)
            .field("expiry_warning", &self.expiry_warning)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
