//! [`InForce`], what settings are applied to: all of a server but its service.

use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;

use super::Settings;
use crate::access_log::AccessLog;
use crate::banner::Banner;
use crate::config::{Http1Config, Http2Config, Limits, Timeouts};
use crate::conn::ForwardedBy;
use crate::develop::Develop;
use crate::health::Health;
use crate::listener::{Address, Listener, TcpConfig, UnixConfig};
use crate::options::Options;
use crate::trust::TrustedProxies;
use crate::watchdog::Watchdog;
use crate::worker::Workers;

/// All that settings can change: what a server has, and what this call of the program is for.
pub(crate) struct InForce<'a> {
    pub(super) listeners: &'a mut Vec<Listener>,
    pub(super) tcp: &'a mut TcpConfig,
    pub(super) unix: &'a mut UnixConfig,
    pub(super) timeouts: &'a mut Timeouts,
    pub(super) limits: &'a mut Limits,
    pub(super) http1: &'a mut Http1Config,
    pub(super) http2: &'a mut Http2Config,
    pub(super) access_log: &'a mut AccessLog,
    pub(super) server_header: &'a mut Option<HeaderValue>,
    pub(super) trusted_proxies: &'a mut TrustedProxies,
    pub(super) forwarded_by: &'a mut ForwardedBy,
    pub(super) banner: &'a mut Banner,
    pub(super) readiness_lead: &'a mut Duration,
    pub(super) workers: &'a mut Option<Workers>,
    pub(super) watchdog: &'a mut Option<Watchdog>,
    pub(super) health: &'a mut Option<Health>,
    pub(super) health_everywhere: &'a mut bool,
    pub(super) tls_files: &'a mut (Option<PathBuf>, Option<PathBuf>),
    pub(super) restart_timeout: &'a mut Duration,
    pub(super) pid_file: &'a mut Option<PathBuf>,
    pub(crate) call: Call,
}

/// What a call of the program is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) config: Option<PathBuf>,
    pub(crate) print_config: bool,
    pub(crate) check: bool,
    pub(crate) reload: bool,
    pub(crate) develop: Develop,
}

impl Options {
    pub(crate) fn in_force(&mut self) -> InForce<'_> {
        InForce {
            listeners: &mut self.listeners,
            tcp: &mut self.tcp,
            unix: &mut self.unix,
            timeouts: &mut self.timeouts,
            limits: &mut self.limits,
            http1: &mut self.http1,
            http2: &mut self.http2,
            access_log: &mut self.access_log,
            server_header: &mut self.server_header,
            trusted_proxies: &mut self.trusted_proxies,
            forwarded_by: &mut self.forwarded_by,
            banner: &mut self.banner,
            readiness_lead: &mut self.lead,
            workers: &mut self.workers,
            watchdog: &mut self.watchdog,
            health: &mut self.health,
            health_everywhere: &mut self.health_everywhere,
            tls_files: &mut self.tls_files,
            restart_timeout: &mut self.restart_timeout,
            pid_file: &mut self.pid_file,
            call: Call::default(),
        }
    }
}

impl InForce<'_> {
    /// Returns the addresses that are listened on; `None` when the program has listeners that are more than an address.
    pub(super) fn addresses(&self) -> Option<Vec<Address>> {
        let mut listeners = self
            .listeners
            .iter()
            .filter(|listener| !listener.health_alone)
            .peekable();
        if listeners.peek().is_none() {
            return Some(vec![Address::default()]);
        }
        let address = |listener: &Listener| listener.as_address().cloned();
        listeners.map(address).collect()
    }

    /// Returns the address that answers for the health of the process alone; `None` when the program has more than one, or
    /// one that is more than an address.
    pub(super) fn health_address(&self) -> Option<Option<Address>> {
        let mut listeners = self
            .listeners
            .iter()
            .filter(|listener| listener.health_alone);
        match (listeners.next(), listeners.next()) {
            (None, _) => Some(None),
            (Some(one), None) => one.as_address().cloned().map(Some),
            _ => None,
        }
    }

    /// Sets the address that answers for the health of the process alone.
    pub(super) fn set_health_address(&mut self, address: Option<Address>) {
        self.listeners.retain(|listener| !listener.health_alone);
        if let Some(address) = address {
            let mut listener = Listener::from(address);
            listener.health_alone = true;
            self.listeners.push(listener);
            self.health.get_or_insert_default();
        }
    }

    /// Returns the watchdog to change.
    pub(super) fn watchdog(&mut self) -> &mut Watchdog {
        self.watchdog.get_or_insert_default()
    }

    pub(super) fn watchdog_or_default(&self) -> Watchdog {
        self.watchdog.clone().unwrap_or_default()
    }

    /// Returns the workers to change. A server that had none has them from now on.
    pub(super) fn crew(&mut self) -> &mut Workers {
        self.workers.get_or_insert_default()
    }

    pub(super) fn crew_or_default(&self) -> Workers {
        self.workers.clone().unwrap_or_default()
    }
}

/// Returns the log without what a setting cannot say of it: the format of a log that is off, and where it goes.
pub(super) fn access_log_in_force(log: &AccessLog) -> AccessLog {
    match log.format_in_use() {
        Some(format) => AccessLog::new().format(format.clone()),
        None => AccessLog::off(),
    }
}

/// Returns what is in force on a server that nobody has told anything.
pub(super) fn defaults() -> Settings {
    Settings::of(&Options::new().in_force())
}
