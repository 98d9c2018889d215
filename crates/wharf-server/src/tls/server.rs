//! What [`Server`], [`Listener`] and [`ServerHandle`] have of TLS.

use std::sync::Arc;

use wharf_http::Serve;

use super::{CertificateInfo, TlsConfig};
use crate::handle::ServerHandle;
use crate::listener::Listener;
use crate::server::Server;

impl<S: Serve> Server<S> {
    /// Encrypts the connections of the listener that was added last.
    ///
    /// The first configuration is also that of addresses written `tls:HOST:PORT` without one of their own, such as those
    /// that come from flags; for them it may be given before any listener. One that no listener uses is an error of
    /// [`start`](Self::start) and [`run`](Self::run): otherwise a server might speak unencrypted by mistake.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use wharf_http::{Context, Request, Response, service::service_fn};
    /// use wharf_server::Server;
    /// use wharf_server::tls::{Identity, TlsConfig};
    ///
    /// # fn main() -> Result<(), wharf_server::Error> {
    /// # let service = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
    /// Server::new(service)
    ///     .bind("0.0.0.0:443")
    ///     .tls(TlsConfig::new(Identity::pem_files("fullchain.pem", "key.pem")))
    ///     .bind("unix:/run/app.sock")
    ///     .run()?;
    /// # Ok(()) }
    /// ```
    pub fn tls(mut self, config: impl Into<TlsConfig>) -> Self {
        let config = Arc::new(config.into());
        self.options.tls.get_or_insert_with(|| Arc::clone(&config));
        if let Some(last) = self.options.listeners.last_mut() {
            last.tls = Some(config);
        }
        self
    }
}

impl Listener {
    /// Encrypts the connections of this listener. Default: only where its address is written `tls:`.
    #[must_use]
    pub fn tls(mut self, config: impl Into<TlsConfig>) -> Self {
        self.tls = Some(Arc::new(config.into()));
        self
    }
}

impl ServerHandle {
    /// Returns the certificates that are in use, such as for a check of when they expire.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateInfo> {
        self.tls.certificates()
    }
}
