//! How HTTP is spoken: limits of a response head, leniency, connections that are shared.

#[cfg(feature = "http2")]
use std::time::Duration;

/// The largest window that the protocol has a number for (RFC 9113 §6.9.1).
#[cfg(feature = "http2")]
const LARGEST_WINDOW: u32 = (1 << 31) - 1;

/// How HTTP/1 responses are read.
///
/// The client is lenient by default, as other clients are: it accepts spaces between a field name and its colon, folded lines,
/// and leaves out lines that are no fields. NUL and a bare CR are refused in any case. [`strict`](Self::strict) refuses all of them, which suits tests.
#[derive(Clone, Debug)]
#[must_use]
pub struct Http1Config {
    pub(crate) strict: bool,
    pub(crate) max_headers: Option<usize>,
    pub(crate) max_head: usize,
    pub(crate) title_case: bool,
}

impl Http1Config {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            strict: false,
            max_headers: None,
            max_head: 256 << 10,
            title_case: false,
        }
    }

    /// Sets whether a response is refused that breaks the grammar of its head (RFC 9112 §5) in a way that a reader can get
    /// over.
    ///
    /// Default: `false`.
    pub fn strict(mut self, on: bool) -> Self {
        self.strict = on;
        self
    }

    /// Sets how many fields a response head may have.
    ///
    /// Default: 100.
    pub fn max_headers(mut self, count: usize) -> Self {
        self.max_headers = Some(count);
        self
    }

    /// Sets how large a response head may be, in bytes, and so the trailer fields. It is at least 8 KiB.
    ///
    /// It bounds memory and is not exact: it is looked at between two reads, so that a head may be larger by what one read
    /// brings, up to as much again.
    ///
    /// Default: 256 KiB.
    pub fn max_head(mut self, bytes: usize) -> Self {
        self.max_head = bytes.max(8 << 10);
        self
    }

    /// Sets whether field names are sent with capitals, `Content-Type` for `content-type`, for servers that ignore
    /// RFC 9110 §5.1.
    ///
    /// Default: `false`.
    pub fn title_case(mut self, on: bool) -> Self {
        self.title_case = on;
        self
    }
}

impl Default for Http1Config {
    fn default() -> Self {
        Self::new()
    }
}

/// When HTTP/2 is spoken, and how.
#[cfg(feature = "http2")]
#[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
#[derive(Clone, Debug)]
#[must_use]
pub struct Http2Config {
    pub(crate) offered: bool,
    pub(crate) prior_knowledge: bool,
    pub(crate) ping: Option<Duration>,
    pub(crate) ping_timeout: Duration,
    pub(crate) stream_window: Option<u32>,
    pub(crate) connection_window: Option<u32>,
    pub(crate) header_list: u32,
    pub(crate) max_streams: usize,
}

#[cfg(feature = "http2")]
impl Http2Config {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            offered: true,
            prior_knowledge: false,
            ping: Some(Duration::from_secs(20)),
            ping_timeout: Duration::from_secs(10),
            stream_window: None,
            connection_window: None,
            header_list: 256 << 10,
            max_streams: 100,
        }
    }

    /// Sets whether HTTP/2 is offered to servers behind TLS (RFC 9113 §3.2).
    ///
    /// Default: `true`.
    pub fn offered(mut self, on: bool) -> Self {
        self.offered = on;
        self
    }

    /// Sets whether HTTP/2 is spoken without being offered, over plain connections too (RFC 9113 §3.3). All hosts of the
    /// client have to understand it then.
    ///
    /// Default: `false`.
    pub fn prior_knowledge(mut self, on: bool) -> Self {
        self.prior_knowledge = on;
        self
    }

    /// Sets after how long without anything from the peer it is pinged, while requests wait for it. A connection without
    /// requests is never pinged.
    ///
    /// Default: 20 seconds. `None` never pings.
    pub fn ping(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.ping = after.into();
        self
    }

    /// Sets how long the answer to a ping may take; after that the connection is given up, and its requests fail.
    ///
    /// Default: 10 seconds.
    pub fn ping_timeout(mut self, limit: Duration) -> Self {
        self.ping_timeout = limit;
        self
    }

    /// Sets how many bytes of one response the peer may send ahead of its reader, at most 2^31-1 (RFC 9113 §6.5.2).
    ///
    /// Default: 2 MiB.
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = Some(bytes.min(LARGEST_WINDOW));
        self
    }

    /// Sets how many bytes of all responses of a connection the peer may send ahead of their readers, at most 2^31-1 (RFC 9113
    /// §6.9.1).
    ///
    /// Default: 5 MiB.
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = Some(bytes.min(LARGEST_WINDOW));
        self
    }

    /// Sets how large a response head may be, in bytes as RFC 9113 §6.5.2 counts them.
    ///
    /// Default: 256 KiB.
    pub fn header_list(mut self, bytes: u32) -> Self {
        self.header_list = bytes;
        self
    }

    /// Sets how many requests share a connection at most; a server that allows fewer is obeyed.
    ///
    /// Default: 100.
    pub fn max_streams(mut self, count: usize) -> Self {
        self.max_streams = count.max(1);
        self
    }
}

#[cfg(feature = "http2")]
impl Default for Http2Config {
    fn default() -> Self {
        Self::new()
    }
}
