//! [`ConnectionConfig`], what the connections of a server share.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
#[cfg(feature = "http1")]
use hyper::server::conn::http1;
#[cfg(feature = "http2")]
use hyper::server::conn::http2;
#[cfg(feature = "http2")]
use hyper_util::rt::TokioTimer;
use wharf_http::error::ErrorLog;
use wharf_http::{Service, Signal};

use super::forwarded::{ForwardedBy, Forwarding};
use crate::access_log::AccessLog;
use crate::config::{Http1Config, Http2Config, Limits, Timeouts};
use crate::health::HealthDesk;
use crate::stats::Stats;
use crate::trust::TrustedProxies;

/// The service that answers the requests of many connections, and how they are served. Cheap to clone.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_http::{Body, Context, Request, Response, service::service_fn};
/// use wharf_server::{ConnectionConfig, Timeouts};
///
/// let service = service_fn(|_: Request, _: Context| async { Response::new(Body::from("hello")) });
/// let config = ConnectionConfig::new(service).timeouts(Timeouts::new().idle(Duration::from_secs(5)));
/// # let _ = config;
/// ```
pub struct ConnectionConfig<S> {
    pub(super) service: Arc<S>,
    settings: Arc<Settings>,
}

/// All that is the same for every connection and knows nothing of the service.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
    pub(super) http1: Http1Config,
    pub(super) http2: Http2Config,
    pub(super) access_log: AccessLog,
    /// Where the server's connections report errors; those of others have a log of their own.
    pub(crate) error_log: ErrorLog,
    pub(crate) stats: Stats,
    pub(super) abort: Signal,
    pub(super) server: Option<HeaderValue>,
    /// Fires when another process has taken over.
    pub(super) handed_over: Signal,
    /// What answers for the health of the process.
    pub(super) health: Option<HealthDesk>,
    /// Nothing else is answered.
    pub(super) health_alone: bool,
    pub(super) forwarding: Forwarding,
}

impl<S: Service> ConnectionConfig<S> {
    /// Creates the default configuration for `service`.
    pub fn new(service: impl Into<Arc<S>>) -> Self {
        Self {
            service: service.into(),
            settings: Arc::new(Settings {
                timeouts: Timeouts::new(),
                limits: Limits::new(),
                http1: Http1Config::new(),
                http2: Http2Config::new(),
                access_log: AccessLog::new(),
                error_log: ErrorLog::new(),
                stats: Stats::new(),
                abort: Signal::new(),
                server: None,
                handed_over: Signal::new(),
                health: None,
                health_alone: false,
                forwarding: Forwarding::default(),
            }),
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Sets the time limits. [`Timeouts::shutdown`] is the business of whoever fires the signals.
    #[must_use]
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.change(|settings| settings.timeouts = timeouts)
    }

    /// Sets the size limits. [`Limits::connections`] is the business of whoever accepts.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        self.change(|settings| settings.limits = limits)
    }

    /// Sets what HTTP/1 connections do.
    #[must_use]
    pub fn http1(self, http1: Http1Config) -> Self {
        self.change(|settings| settings.http1 = http1)
    }

    /// Sets what HTTP/2 connections do.
    #[must_use]
    pub fn http2(self, http2: Http2Config) -> Self {
        self.change(|settings| settings.http2 = http2)
    }

    /// Sets where a line for each request goes. Default: to `tracing`.
    #[must_use]
    pub fn access_log(self, access_log: AccessLog) -> Self {
        self.change(|settings| settings.access_log = access_log)
    }

    /// Sets the counters to count in. Default: counters of its own.
    #[must_use]
    pub fn stats(self, stats: Stats) -> Self {
        self.change(|settings| settings.stats = stats)
    }

    /// Sets the signal that cuts what is still running, at the deadline of a shutdown.
    #[must_use]
    pub fn abort(self, abort: Signal) -> Self {
        self.change(|settings| settings.abort = abort)
    }

    /// Sets the `Server` field of answers that have none (RFC 9110 §10.2.4). Default: none is sent.
    #[must_use]
    pub fn server_header(self, value: impl Into<Option<HeaderValue>>) -> Self {
        self.change(|settings| settings.server = value.into())
    }

    /// Sets which peers are proxies whose word counts for who their client is. A network that makes no sense has nobody
    /// in it.
    ///
    /// Default: nobody. Then no such header field is looked at.
    #[must_use]
    pub fn trusted_proxies(self, trusted: impl Into<TrustedProxies>) -> Self {
        self.change(|settings| settings.forwarding.trusted = trusted.into())
    }

    /// Sets which header fields of trusted proxies say who their client is.
    ///
    /// Default: [`ForwardedBy::XForwarded`].
    #[must_use]
    pub fn forwarded_by(self, by: ForwardedBy) -> Self {
        self.change(|settings| settings.forwarding.by = by)
    }

    /// Returns the service.
    #[must_use]
    pub fn service(&self) -> &Arc<S> {
        &self.service
    }

    /// Sets the signal that fires when another process has taken over: then there is no hurry to end.
    pub(crate) fn handed_over(self, signal: Signal) -> Self {
        self.change(|settings| settings.handed_over = signal)
    }

    /// Sets where the connections that a server describes report errors.
    pub(crate) fn error_log(self, log: ErrorLog) -> Self {
        self.change(|settings| settings.error_log = log)
    }

    /// Lets the health of the process be answered for.
    pub(crate) fn health(self, desk: Option<HealthDesk>) -> Self {
        self.change(|settings| settings.health = desk)
    }

    /// Returns the same for a listener that has nothing else.
    pub(crate) fn health_alone(self) -> Self {
        self.change(|settings| settings.health_alone = true)
    }

    pub(crate) fn counters(&self) -> &Stats {
        &self.settings.stats
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }
}

impl<S> Clone for ConnectionConfig<S> {
    fn clone(&self) -> Self {
        Self {
            service: Arc::clone(&self.service),
            settings: Arc::clone(&self.settings),
        }
    }
}

impl<S> fmt::Debug for ConnectionConfig<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionConfig")
            .field("timeouts", &self.settings.timeouts)
            .field("limits", &self.settings.limits)
            .field("http1", &self.settings.http1)
            .field("http2", &self.settings.http2)
            .field("access_log", &self.settings.access_log)
            .field("server_header", &self.settings.server)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "http1")]
impl Settings {
    /// Makes the settings of hyper for HTTP/1.
    pub(super) fn hyper1(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder
            .keep_alive(self.http1.keep_alive)
            .half_close(self.http1.half_close)
            // What an answer may occupy when the client reads nothing; a head has to fit in as well.
            .max_buf_size(BUFFER.max(self.limits.request_head_size))
            .max_header_size(self.limits.request_head_size)
            // The connection has a clock of its own, which can answer 408.
            .header_read_timeout(None);
        if self.limits.header_count != crate::config::DEFAULT_HEADER_COUNT {
            builder.max_headers(self.limits.header_count);
        }
        builder
    }
}

/// hyper's buffer for one direction of HTTP/1, in bytes.
#[cfg(feature = "http1")]
const BUFFER: usize = 64 * 1024;

#[cfg(feature = "http2")]
impl Settings {
    /// Makes the settings of hyper for HTTP/2.
    pub(super) fn hyper2<E>(&self, executor: E) -> http2::Builder<E> {
        let config = &self.http2;
        let mut builder = http2::Builder::new(executor);
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(config.max_concurrent_streams)
            .max_header_list_size(u32::try_from(self.limits.request_head_size).unwrap_or(u32::MAX))
            // hyper panics over sizes that the RFC does not allow.
            .initial_stream_window_size(config.stream_window.min(MAX_WINDOW))
            .initial_connection_window_size(config.connection_window.clamp(MIN_WINDOW, MAX_WINDOW))
            .max_frame_size(config.max_frame_size.clamp(16_384, (1 << 24) - 1))
            .max_send_buf_size(config.send_buffer.min(u32::MAX as usize))
            .max_pending_accept_reset_streams(config.pending_resets)
            .max_local_error_reset_streams(config.error_resets)
            .keep_alive_interval(config.ping_interval)
            .keep_alive_timeout(config.ping_timeout);
        if config.extended_connect {
            builder.enable_connect_protocol();
        }
        builder
    }
}

/// The largest window (RFC 9113 §6.9.1).
#[cfg(feature = "http2")]
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// What the window of a connection begins with (RFC 9113 §6.9.2).
#[cfg(feature = "http2")]
const MIN_WINDOW: u32 = 65_535;
