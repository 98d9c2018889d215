//! [`Options`], all of a server but what it serves.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use wharf_http::Signal;
use wharf_http::error::ErrorLog;

use crate::access_log::AccessLog;
use crate::banner::Banner;
use crate::config::{Http1Config, Http2Config, Limits, Timeouts};
use crate::conn::ForwardedBy;
use crate::error::{Error, ErrorKind};
use crate::health::Health;
use crate::listener::{self, Address, Listener, TcpConfig, UnixConfig};
use crate::stats::Stats;
use crate::tls::{self, TlsConfig};
use crate::trust::TrustedProxies;
use crate::watchdog::Watchdog;
use crate::worker::Workers;

/// All of a server but what it serves.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listeners: Vec<Listener>,
    /// The first one that was given.
    pub(crate) tls: Option<Arc<TlsConfig>>,
    /// The files of a certificate and its key that came from outside.
    pub(crate) tls_files: (Option<PathBuf>, Option<PathBuf>),
    pub(crate) tcp: TcpConfig,
    pub(crate) unix: UnixConfig,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
    pub(crate) http1: Http1Config,
    pub(crate) http2: Http2Config,
    pub(crate) access_log: AccessLog,
    pub(crate) error_log: ErrorLog,
    pub(crate) stats: Stats,
    pub(crate) server_header: Option<HeaderValue>,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) forwarded_by: ForwardedBy,
    pub(crate) banner: Banner,
    pub(crate) lead: Duration,
    pub(crate) unready: Signal,
    pub(crate) workers: Option<Workers>,
    pub(crate) watchdog: Option<Watchdog>,
    pub(crate) health: Option<Health>,
    pub(crate) health_everywhere: bool,
    pub(crate) restart_timeout: Duration,
    pub(crate) pid_file: Option<PathBuf>,
}

impl Options {
    pub(crate) fn new() -> Self {
        Self {
            listeners: Vec::new(),
            tls: None,
            tls_files: (None, None),
            tcp: TcpConfig::new(),
            unix: UnixConfig::new(),
            timeouts: Timeouts::new(),
            limits: Limits::new(),
            http1: Http1Config::new(),
            http2: Http2Config::new(),
            access_log: AccessLog::new(),
            error_log: ErrorLog::new(),
            stats: Stats::new(),
            server_header: None,
            trusted_proxies: TrustedProxies::new(),
            forwarded_by: ForwardedBy::default(),
            banner: Banner::default(),
            lead: Duration::ZERO,
            unready: Signal::new(),
            workers: None,
            watchdog: None,
            health: None,
            health_everywhere: false,
            restart_timeout: Duration::from_secs(60),
            pid_file: None,
        }
    }

    /// Finds out what is wrong with them, as far as that needs no service.
    pub(crate) fn check(&self) -> Result<(), Error> {
        listener::check(&self.listeners)?;
        self.tls_in_force()
            .and_then(|tls| tls::check(&self.listeners, tls.as_ref()))?;
        self.unix.check()?;
        self.workers.as_ref().map_or(Ok(()), Workers::check)?;
        self.trusted_proxies.check()
    }

    /// Returns the TLS of addresses that are written `tls:`: that of files from outside, or that of the program.
    pub(crate) fn tls_in_force(&self) -> Result<Option<Arc<TlsConfig>>, Error> {
        match &self.tls_files {
            (None, None) => Ok(self.tls.clone()),
            (Some(certificate), Some(key)) => tls::of_files(certificate, key).map(Some),
            _ => Err(Error::new(
                ErrorKind::Settings,
                "a certificate needs its key and a key its certificate: give both --tls-certificate and --tls-key",
            )),
        }
    }

    /// Returns what is to be listened on, with all options.
    pub(crate) fn take_listeners(&mut self) -> Vec<Listener> {
        if self.listeners.iter().all(|listener| listener.health_alone) {
            self.listeners.insert(0, Address::default().into());
        }
        std::mem::take(&mut self.listeners)
            .into_iter()
            .map(|listener| listener.or(&self.tcp, &self.unix))
            .collect()
    }
}
