//! The settings of a client, and every default once.

mod dns;
mod http;
mod pool;
mod tcp;
mod timeouts;

pub use dns::DnsConfig;
pub use http::Http1Config;
#[cfg(feature = "http2")]
pub use http::Http2Config;
pub use pool::PoolConfig;
pub use tcp::{Family, TcpConfig};
pub use timeouts::Timeouts;

use std::time::Duration;

/// The most bytes of a body that `bytes`, `text` and `json` hold in memory.
pub(crate) const BODY_LIMIT: usize = 64 << 20;

/// How much of the body of a 4xx or 5xx response its error keeps, in bytes.
pub(crate) const EXCERPT: usize = 1024;

/// How long a 4xx or 5xx response may be held back for the sake of the excerpt.
pub(crate) const EXCERPT_WAIT: Duration = Duration::from_secs(1);

/// How long a request body is held back for `100 Continue`, which some servers never send (RFC 9110 §10.1.1).
pub(crate) const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// After how long a rate is an average that says something.
pub(crate) const MIN_RATE_GRACE: Duration = Duration::from_secs(10);

/// How long the end of a client waits for connections whose runtime may not run any more.
pub(crate) const CLOSE_WAIT: Duration = Duration::from_secs(2);
