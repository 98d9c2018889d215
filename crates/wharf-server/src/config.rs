//! [`Timeouts`], [`Limits`], [`Http1Config`] and [`Http2Config`]: every default of the server, once.

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
    /// A client that sent a part of it is answered 408 (RFC 9110 §15.5.9), a silent one is disconnected. On HTTP/2, where
    /// nothing else can go on beside a head, the connection ends with `GOAWAY`.
    ///
    /// Default: 15 seconds. `None` waits for ever.
    #[must_use]
    pub fn request_head(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.request_head = limit.into();
        self
    }

    /// Sets how long a connection may wait for its next request (RFC 9112 §9.5). On HTTP/2 it waits when no stream is open.
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
    /// On HTTP/2 a client also has to make room in its windows, for 16 KiB in this time; else the one stream is reset.
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

    /// Returns how long running requests may take when the server shuts down; `None` is no limit.
    ///
    /// For whoever serves connections of their own and fires the signals.
    #[must_use]
    pub fn shutdown_limit(&self) -> Option<Duration> {
        self.shutdown
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

/// What HTTP/2 connections do. It has an effect where the feature `http2` is on.
///
/// What a client can make a connection hold in memory is bounded. Of uploads it is
/// [`connection_window`](Self::connection_window) in all. Of answers it is for each of the
/// [`max_concurrent_streams`](Self::max_concurrent_streams) the [`send_buffer`](Self::send_buffer), a piece of 64 KiB, and
/// the head of the request, whose limit is [`Limits::request_head_size`]. By default that comes to 39 MiB for a client that
/// does its worst, and to some 100 KiB for one that does not.
///
/// # Examples
///
/// ```
/// use wharf_server::Http2Config;
///
/// let http2 = Http2Config::new().max_concurrent_streams(50).prior_knowledge(false);
/// # let _ = http2;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http2Config {
    pub(crate) prior_knowledge: bool,
    pub(crate) max_concurrent_streams: u32,
    pub(crate) stream_window: u32,
    pub(crate) connection_window: u32,
    pub(crate) max_frame_size: u32,
    pub(crate) send_buffer: usize,
    pub(crate) pending_resets: usize,
    pub(crate) error_resets: usize,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) ping_timeout: Duration,
    pub(crate) extended_connect: bool,
}

impl Default for Http2Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Http2Config {
    /// Creates the default configuration.
    #[must_use]
    pub fn new() -> Self {
        Self {
            prior_knowledge: true,
            max_concurrent_streams: 200,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            max_frame_size: 16 * 1024,
            send_buffer: 64 * 1024,
            pending_resets: 20,
            error_resets: 1024,
            ping_interval: Some(Duration::from_secs(30)),
            ping_timeout: Duration::from_secs(20),
            extended_connect: true,
        }
    }

    /// Sets whether a client may begin with HTTP/2 on a connection on which nothing was agreed (RFC 9113 §3.3).
    ///
    /// It is told by its first bytes, at no cost for HTTP/1. Without it such a client is answered 505.
    ///
    /// Default: `true`.
    #[must_use]
    pub fn prior_knowledge(mut self, on: bool) -> Self {
        self.prior_knowledge = on;
        self
    }

    /// Sets how many requests may run at once on a connection (RFC 9113 §5.1.2); more are refused, and the client may send
    /// them again.
    ///
    /// Default: 200.
    #[must_use]
    pub fn max_concurrent_streams(mut self, count: u32) -> Self {
        self.max_concurrent_streams = count;
        self
    }

    /// Sets how many bytes of one request body may come in before somebody reads them (RFC 9113 §6.9.2).
    ///
    /// Default: 262,144. At most 2,147,483,647.
    #[must_use]
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = bytes;
        self
    }

    /// Sets how many bytes of all request bodies of a connection may come in before somebody reads them (RFC 9113 §6.9.1).
    ///
    /// Bodies that nobody reads take from it: keep it a few times as large as [`stream_window`](Self::stream_window).
    ///
    /// Default: 1,048,576. At least 65,535, at most 2,147,483,647.
    #[must_use]
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes;
        self
    }

    /// Sets the largest frame that a client may send, in bytes (RFC 9113 §4.2).
    ///
    /// Default: 16,384, which is also the least. At most 16,777,215.
    #[must_use]
    pub fn max_frame_size(mut self, bytes: u32) -> Self {
        self.max_frame_size = bytes;
        self
    }

    /// Sets how many bytes of one answer are kept while the socket does not take them; then its body is not asked for more.
    ///
    /// Default: 65,536.
    #[must_use]
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = bytes;
        self
    }

    /// Sets how many requests may have been taken back by the client before they were looked at; with more the connection is
    /// ended with `ENHANCE_YOUR_CALM` (RFC 9113 §10.5). This is the guard against rapid resets, CVE-2023-44487.
    ///
    /// Default: 20.
    #[must_use]
    pub fn pending_resets(mut self, count: usize) -> Self {
        self.pending_resets = count;
        self
    }

    /// Sets how many streams of a connection may be reset because of the client's errors; with more the connection is ended
    /// with `ENHANCE_YOUR_CALM`.
    ///
    /// Default: 1,024.
    #[must_use]
    pub fn error_resets(mut self, count: usize) -> Self {
        self.error_resets = count;
        self
    }

    /// Sets after how long without data from the client it is asked for a sign of life, a `PING` (RFC 9113 §6.7).
    ///
    /// Neither its answer nor a `PING` of its own prolongs [`Timeouts::idle`].
    ///
    /// Default: 30 seconds. `None` never asks.
    #[must_use]
    pub fn ping_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.ping_interval = interval.into();
        self
    }

    /// Sets how long the client may take to answer a `PING`; then the connection is cut.
    ///
    /// Default: 20 seconds.
    #[must_use]
    pub fn ping_timeout(mut self, limit: Duration) -> Self {
        self.ping_timeout = limit;
        self
    }

    /// Sets whether requests may ask to speak another protocol on their stream, such as WebSocket (RFC 8441).
    ///
    /// Such a request has the method `CONNECT`, with `hyper::ext::Protocol` and `hyper::upgrade::OnUpgrade` in its
    /// extensions. When the service answers with a status of success, the stream is handed to whoever awaits that. Browsers ask
    /// so for WebSockets of a server that they have an HTTP/2 connection to; without it they open one of HTTP/1.1.
    ///
    /// Default: `true`.
    #[must_use]
    pub fn extended_connect(mut self, on: bool) -> Self {
        self.extended_connect = on;
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
