//! How many connections there may be, and how long they are kept.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// How many connections a client opens, and how they are kept for later requests to the same host.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_client::{Client, PoolConfig};
///
/// let pool = PoolConfig::new().max_per_host(4).idle(Duration::from_secs(20));
/// let client = Client::builder().pool(pool).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PoolConfig {
    pub(crate) max_connections: Option<usize>,
    pub(crate) max_per_host: Option<usize>,
    pub(crate) max_idle: usize,
    pub(crate) max_waiting: Option<usize>,
    pub(crate) idle: Option<Duration>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_http2_per_host: usize,
}

impl PoolConfig {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            max_connections: Some(100),
            max_per_host: None,
            max_idle: 100,
            max_waiting: None,
            idle: Some(Duration::from_secs(15)),
            max_age: None,
            max_http2_per_host: 1,
        }
    }

    /// Sets how many connections may be in use at once, those that are being opened included. Requests beyond that wait in
    /// the order of their arrival, at most for [`pool_wait`](crate::Timeouts::pool_wait).
    ///
    /// An HTTP/2 connection counts once, however many requests share it.
    ///
    /// Default: 100. `None` sets no limit.
    pub fn max_connections(mut self, count: impl Into<Option<usize>>) -> Self {
        self.max_connections = count.into();
        self
    }

    /// Sets how many connections to one host may be in use at once: one scheme, host, port, proxy and TLS configuration.
    ///
    /// Default: `None`, no limit besides [`max_connections`](Self::max_connections).
    pub fn max_per_host(mut self, count: impl Into<Option<usize>>) -> Self {
        self.max_per_host = count.into();
        self
    }

    /// Sets how many idle connections are kept, to all hosts together. When there are more, the one that is idle for the
    /// longest time is closed. Zero keeps none.
    ///
    /// Default: 100.
    pub fn max_idle(mut self, count: usize) -> Self {
        self.max_idle = count;
        self
    }

    /// Sets how many requests may wait for a connection; more fail at once with a time-out of phase
    /// [`PoolWait`](crate::Phase::PoolWait).
    ///
    /// Default: `None`, no limit.
    pub fn max_waiting(mut self, count: impl Into<Option<usize>>) -> Self {
        self.max_waiting = count.into();
        self
    }

    /// Sets how long an idle connection may wait for its next request; zero keeps none.
    ///
    /// A server that announces a shorter time with `Keep-Alive: timeout=5` is believed, less one second. Keep this below the
    /// server's keep-alive time, or requests race with its close (RFC 9112 §9.5).
    ///
    /// Default: 15 seconds. `None` keeps idle connections until the peer closes them.
    pub fn idle(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.idle = after.into();
        self
    }

    /// Sets how old a connection may be when a request is sent over it. Older ones are closed when they fall idle, so that
    /// a client notices that a name leads elsewhere by now.
    ///
    /// Default: `None`, any age.
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into();
        self
    }

    /// Sets how many HTTP/2 connections to one host may be open at once. One is shared by all requests; another is opened
    /// when the server allows no more requests on it.
    ///
    /// Default: 1.
    pub fn max_http2_per_host(mut self, count: usize) -> Self {
        self.max_http2_per_host = count;
        self
    }

    /// Refuses limits under which no request could be sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let named = [
            ("max_connections", self.max_connections),
            ("max_per_host", self.max_per_host),
            ("max_http2_per_host", Some(self.max_http2_per_host)),
        ];
        match named.iter().find(|(_, limit)| *limit == Some(0)) {
            Some((name, _)) => Err(Error::new(ErrorKind::Config).because(format!(
                "the limit `{name}` is zero, so that no request could be sent"
            ))),
            None => Ok(()),
        }
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self::new()
    }
}
