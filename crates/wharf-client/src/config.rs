//! The settings of a client, and every default once.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// The most bytes of a body that `bytes`, `text` and `json` hold in memory.
pub(crate) const BODY_LIMIT: usize = 64 << 20;

/// How much of the body of a 4xx or 5xx response its error keeps, in bytes.
pub(crate) const EXCERPT: usize = 1024;

/// How long a 4xx or 5xx response may be held back for the sake of the excerpt.
pub(crate) const EXCERPT_WAIT: Duration = Duration::from_secs(1);

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
    pub(crate) connect: Option<Duration>,
    pub(crate) response_head: Option<Duration>,
    pub(crate) body_read: Option<Duration>,
}

impl Timeouts {
    /// Creates the default limits.
    pub fn new() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            response_head: Some(Duration::from_secs(30)),
            body_read: Some(Duration::from_secs(30)),
        }
    }

    /// Sets how long it may take to open a connection: looking up the name and connecting together.
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

    /// Refuses limits that no request could keep.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let named = [
            ("connect", self.connect),
            ("response_head", self.response_head),
            ("body_read", self.body_read),
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

/// How connections are kept for later requests to the same host and port.
#[derive(Clone, Debug)]
#[must_use]
pub struct PoolConfig {
    pub(crate) idle: Option<Duration>,
}

impl PoolConfig {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            idle: Some(Duration::from_secs(15)),
        }
    }

    /// Sets how long an idle connection may wait for its next request; zero keeps none.
    ///
    /// Keep it below the server's keep-alive time, or requests race with its close (RFC 9112 §9.5).
    ///
    /// Default: 15 seconds. `None` keeps idle connections until the peer closes them.
    pub fn idle(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.idle = after.into();
        self
    }
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self::new()
    }
}
