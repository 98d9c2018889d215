//! An HTTP server for any service: listeners, time-outs, limits, access log and graceful shutdown, on hyper.
//!
//! # Layout
//!
//! - `config`: [`Timeouts`], [`Limits`], [`Http1Config`], every default once.
//! - `conn`: [`serve_connection`], one connection through hyper, with all limits.
//! - `wire`: the adapter under hyper that counts, corks and holds back.
//! - `access_log`: [`AccessLog`], one line for each request; [`AccessLogFormat`].
//! - `stats`: [`Stats`], live counters.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http1` | yes | HTTP/1.1 and HTTP/1.0, on hyper; without a protocol this crate is empty |

// Every module serves some protocol: a build without any has nothing to offer.
#[cfg(feature = "http1")]
mod access_log;
#[cfg(feature = "http1")]
mod config;
#[cfg(feature = "http1")]
mod conn;
#[cfg(feature = "http1")]
mod stats;
#[cfg(feature = "http1")]
mod wire;

#[cfg(feature = "http1")]
pub use access_log::{AccessLog, AccessLogFormat, AccessLogFormatError};
#[cfg(feature = "http1")]
pub use config::{Http1Config, Limits, Timeouts};
#[cfg(feature = "http1")]
pub use conn::{ConnectionConfig, ConnectionEnd, serve_connection};
#[cfg(feature = "http1")]
pub use stats::Stats;
