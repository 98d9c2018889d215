//! [`Timeouts`], [`Limits`] and [`Http1Config`]: every default of the server, once.

use std::time::Duration;

/// The time limits of a connection. Each is in force by default; `None` switches it off.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_server::Timeouts;
///
/// let timeouts = Timeouts::new().idle(Duration::from_secs(20)).body_read(None);
/// # let _ = timeouts;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub(crate) proxy_header: Option<Duration>,
    pub(crate) tls_handshake: Option<Duration>,
    pub(crate) request_head: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) body_read: Option<Duration>,
    pub(crate) response_write: Option<Duration>,
    pub(crate) min_rate: Option<u32>,
    pub(crate) min_rate_grace: Duration,
    pub(crate) lingering_close: Option<Duration>,
    pub(crate) lingering_close_total: Duration,
    pub(crate) shutdown: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeouts {
    /// Creates the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            proxy_header: Some(Duration::from_secs(5)),
            tls_handshake: Some(Duration::from_secs(10)),
            request_head: Some(Duration::from_secs(15)),
            idle: Some(Duration::from_secs(75)),
            body_read: Some(Duration::from_secs(30)),
            response_write: Some(Duration::from_secs(30)),
            min_rate: Some(240),
            min_rate_grace: Duration::from_secs(10),
            lingering_close: Some(Duration::from_secs(5)),
            lingering_close_total: Duration::from_secs(30),
            shutdown: Some(Duration::from_secs(25)),
        }
    }

    /// Sets how long a proxy may take to send its header, on listeners where connections begin with
    /// [one](crate::listener::ProxyProtocol); then it is disconnected.
    ///
    /// A proxy sends it at once, so this is the time for a packet that was lost to be sent again.
    ///
    /// Default: 5 seconds. `None` waits for ever.
    #[must_use]
    pub fn proxy_header(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.proxy_header = limit.into();
        self
    }

    /// Sets how long the TLS handshake may take, from the moment the connection was accepted.
    ///
    /// A client that takes longer is disconnected. The time for the first request head begins when it is done.
    ///
    /// Default: 10 seconds. `None` waits for ever.
    #[must_use]
    pub fn tls_handshake(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.tls_handshake = limit.into();
        self
    }

    /// Sets how long a request head may take: from the opening of the connection, or from the first byte of a later
    /// head, to the end of the head.
    ///
    /// A client that sent a part of it is answered 408 (RFC 9110 §15.5.9), a silent one is disconnected.
    ///
    /// Default: 15 seconds. `None` waits for ever.
    #[must_use]
    pub fn request_head(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.request_head = limit.into();
        self
    }

    /// Sets how long a connection may wait for its next request (RFC 9112 §9.5).
    ///
    /// Keep it above the idle limit of a proxy in front, or the proxy's requests race with the close.
    ///
    /// Default: 75 seconds. `None` keeps idle connections until the client closes them.
    #[must_use]
    pub fn idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
        self
    }

    /// Sets how long the next piece of a request body may take, counted while somebody reads the body.
    ///
    /// The reader gets [`ErrorKind::TimedOut`](wharf_http::body::ErrorKind::TimedOut).
    ///
    /// Default: 30 seconds. `None` waits for ever.
    #[must_use]
    pub fn body_read(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.body_read = limit.into();
        self
    }

    /// Sets how long a client may accept no byte of an answer while bytes wait for it; then it is disconnected.
    ///
    /// Default: 30 seconds. `None` waits for ever.
    #[must_use]
    pub fn response_write(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.response_write = limit.into();
        self
    }

    /// Sets the average rate in bytes per second below which a request or response body is broken off.
    ///
    /// Only the time counts in which the client is the slow side, and only once that is more than
    /// [`min_rate_grace`](Self::min_rate_grace). The reader of a request body gets
    /// [`ErrorKind::TooSlow`](wharf_http::body::ErrorKind::TooSlow); a slow reader of an answer is disconnected.
    ///
    /// Default: 240 bytes per second. `None` and 0 allow any rate.
    #[must_use]
    pub fn min_rate(mut self, bytes_per_second: impl Into<Option<u32>>) -> Self {
        self.min_rate = bytes_per_second.into().filter(|&rate| rate > 0);
        self
    }

    /// Sets for how long a body may be slower than [`min_rate`](Self::min_rate).
    ///
    /// Default: 10 seconds.
    #[must_use]
    pub fn min_rate_grace(mut self, grace: Duration) -> Self {
        self.min_rate_grace = grace;
        self
    }

    /// Sets how long the client of an early answer, such as 413, may stay silent while the rest of its request is read
    /// and thrown away (RFC 9112 §9.6): without that the answer may be lost.
    ///
    /// Default: 5 seconds. `None` closes at once.
    #[must_use]
    pub fn lingering_close(mut self, gap: impl Into<Option<Duration>>) -> Self {
        self.lingering_close = gap.into();
        self
    }

    /// Sets how long reading and throwing away may last in all, however much comes.
    ///
    /// Default: 30 seconds.
    #[must_use]
    pub fn lingering_close_total(mut self, limit: Duration) -> Self {
        self.lingering_close_total = limit;
        self
    }

    /// Sets how long running requests may take to finish when the server shuts down; what is left is cut.
    ///
    /// Default: 25 seconds, below the 30 after which most supervisors kill. `None` waits for ever.
    #[must_use]
    pub fn shutdown(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.shutdown = limit.into();
        self
    }
}

/// The size limits of a server.
///
/// # Examples
///
/// ```
/// use wharf_server::Limits;
///
/// let limits = Limits::new().request_head_size(16 * 1024).connections(1_000);
/// # let _ = limits;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) request_head_size: usize,
    pub(crate) header_count: usize,
    pub(crate) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

impl Limits {
    /// Creates the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            request_head_size: 64 * 1024,
            header_count: DEFAULT_HEADER_COUNT,
            connections: 25_000,
        }
    }

    /// Sets the size of request line and header fields together, in bytes; a larger head is answered 431, or 414 when
    /// the request line alone is too long.
    ///
    /// Trailer fields have the same limit.
    ///
    /// Default: 65,536.
    #[must_use]
    pub fn request_head_size(mut self, bytes: usize) -> Self {
        self.request_head_size = bytes;
        self
    }

    /// Sets the number of header fields of a request; more are answered 431.
    ///
    /// Any value but the default costs two allocations for each request.
    ///
    /// Default: 100.
    #[must_use]
    pub fn header_count(mut self, count: usize) -> Self {
        self.header_count = count;
        self
    }

    /// Sets the number of connections that one worker serves at once; more wait in the listener's queue.
    ///
    /// Default: 25,000.
    #[must_use]
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = count;
        self
    }
}

/// The number of header fields that hyper keeps on the stack.
pub(crate) const DEFAULT_HEADER_COUNT: usize = 100;

/// What HTTP/1 connections do.
///
/// # Examples
///
/// ```
/// use wharf_server::Http1Config;
///
/// let http1 = Http1Config::new().half_close(true);
/// # let _ = http1;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http1Config {
    pub(crate) keep_alive: bool,
    pub(crate) half_close: bool,
}

impl Default for Http1Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Http1Config {
    /// Creates the default configuration.
    #[must_use]
    pub fn new() -> Self {
        Self {
            keep_alive: true,
            half_close: false,
        }
    }

    /// Sets whether a connection serves more than one request (RFC 9112 §9.3).
    ///
    /// Default: `true`.
    #[must_use]
    pub fn keep_alive(mut self, on: bool) -> Self {
        self.keep_alive = on;
        self
    }

    /// Sets whether a client that closes its sending side after a request still gets its answer.
    ///
    /// The end of input cannot tell "gone" from "finished sending". By default it counts as leaving: the handler is
    /// cancelled and the request logged with status 499. When this is set, such clients are answered, and a client
    /// that is really gone is only noticed when an answer cannot be written.
    ///
    /// Default: `false`.
    #[must_use]
    pub fn half_close(mut self, on: bool) -> Self {
        self.half_close = on;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_on_by_default_and_none_switches_it_off() {
        let timeouts = Timeouts::default();
        assert_eq!(timeouts.proxy_header, Some(Duration::from_secs(5)));
        assert_eq!(timeouts.tls_handshake, Some(Duration::from_secs(10)));
        assert_eq!(timeouts.request_head, Some(Duration::from_secs(15)));
        assert_eq!(timeouts.idle, Some(Duration::from_secs(75)));
        assert_eq!(timeouts.body_read, Some(Duration::from_secs(30)));
        assert_eq!(timeouts.response_write, Some(Duration::from_secs(30)));
        assert_eq!(timeouts.min_rate, Some(240));
        assert_eq!(timeouts.lingering_close, Some(Duration::from_secs(5)));
        assert_eq!(timeouts.shutdown, Some(Duration::from_secs(25)));
        let off = timeouts
            .proxy_header(None)
            .tls_handshake(None)
            .request_head(None)
            .idle(None)
            .body_read(None)
            .response_write(None)
            .min_rate(0)
            .lingering_close(None)
            .shutdown(None);
        assert_eq!(
            (off.request_head, off.idle, off.body_read),
            (None, None, None)
        );
        assert_eq!(off.proxy_header, None);
        assert_eq!((off.response_write, off.min_rate), (None, None));
        assert_eq!(off.tls_handshake, None);
        assert_eq!((off.lingering_close, off.shutdown), (None, None));
    }
}
