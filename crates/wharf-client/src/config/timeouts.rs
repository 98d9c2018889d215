//! Time limits.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// Time limits of a client or of one request. `None` switches a limit off.
///
/// There is no limit on a request as a whole, so that a long download that goes on is not cut.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_client::{Client, Timeouts};
///
/// let limits = Timeouts::new().connect(Duration::from_secs(3)).body_read(None);
/// let client = Client::builder().timeouts(limits).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Timeouts {
    pub(crate) pool_wait: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) response_head: Option<Duration>,
    pub(crate) body_read: Option<Duration>,
    pub(crate) total: Option<Duration>,
    pub(crate) min_rate: Option<u32>,
}

impl Timeouts {
    /// Creates the default limits.
    pub fn new() -> Self {
        Self {
            pool_wait: Some(Duration::from_secs(30)),
            connect: Some(Duration::from_secs(10)),
            response_head: Some(Duration::from_secs(30)),
            body_read: Some(Duration::from_secs(30)),
            total: None,
            min_rate: Some(240),
        }
    }

    /// Sets how long a request may wait for a connection while as many are in use as the
    /// [pool](crate::PoolConfig) allows.
    ///
    /// Default: 30 seconds.
    pub fn pool_wait(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.pool_wait = limit.into();
        self
    }

    /// Sets how long it may take to open a connection: looking up the name, connecting, the proxy and TLS together.
    ///
    /// Default: 10 seconds.
    pub fn connect(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connect = limit.into();
        self
    }

    /// Sets how long the peer may take from the last byte of the request to the response head.
    ///
    /// It also limits how long the peer may take no byte of a request that is still being sent. While a request body that
    /// is a stream has nothing to send, the time does not run.
    ///
    /// Default: 30 seconds.
    pub fn response_head(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.response_head = limit.into();
        self
    }

    /// Sets how long the peer may pause between two pieces of the response body.
    ///
    /// Default: 30 seconds.
    pub fn body_read(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.body_read = limit.into();
        self
    }

    /// Sets how long all may take from the call to the last byte of the response, redirects and repetitions included.
    ///
    /// Default: `None`, since such a limit cuts long downloads that go on well.
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.total = limit.into();
        self
    }

    /// Sets how many bytes per second of a response body the peer has to send on average, after ten seconds of grace.
    ///
    /// Only the time counts that is spent waiting for the peer; a reader that takes its time does not lower the rate. It is
    /// looked at whenever a piece arrives; silence is limited by [`body_read`](Self::body_read). Streams of events, which are
    /// slow by nature, need `None` here; `RequestBuilder::events` (feature `sse`) sets it.
    ///
    /// Default: 240 bytes per second. `None` accepts any rate.
    pub fn min_rate(mut self, bytes_per_second: impl Into<Option<u32>>) -> Self {
        self.min_rate = bytes_per_second.into();
        self
    }

    /// Refuses limits that no request could keep.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let named = [
            ("pool_wait", self.pool_wait),
            ("connect", self.connect),
            ("response_head", self.response_head),
            ("body_read", self.body_read),
            ("total", self.total),
        ];
        match named
            .iter()
            .find(|(_, limit)| *limit == Some(Duration::ZERO))
        {
            Some((name, _)) => Err(Error::new(ErrorKind::Config).because(format!(
                "the time limit `{name}` is zero; `None` switches it off"
            ))),
            None => Ok(()),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}
