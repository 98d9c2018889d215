//! An HTTP server for any service: listeners, time-outs, limits, access log and graceful shutdown, on hyper.
//!
//! A server serves anything that implements [`Serve`](wharf_http::Serve), such as a function made a service by
//! [`service_fn`](wharf_http::service::service_fn). [`run`] does it in one call; [`Server`] is the same spelled out.
//!
//! # Layout
//!
//! - `server`: [`Server`], the builder; `handle`: [`ServerHandle`], the way to a server that is running.
//! - `run`: [`run`] and [`run_with`], a server in one call; `settings`: [`Settings`], flags and environment.
//! - [`listener`]: [`Listener`](listener::Listener) and [`Address`](listener::Address), TCP and unix sockets.
//! - `accept`: the accept loop; `descriptors`: how many connections the system allows; `worker`: on which runtime.
//! - `shutdown`: how a server ends, and its [`Report`]; `signals`: INT and TERM.
//! - `banner`, `notice`: what is said to the operator beside the access log.
//! - `error`: [`Error`] and [`ErrorKind`].
//! - `config`: [`Timeouts`], [`Limits`], [`Http1Config`], every default once.
//! - `conn`: [`serve_connection`], one connection through hyper, with all limits.
//! - `wire`: the adapter under hyper that counts, corks and holds back.
//! - `access_log`: [`AccessLog`], one line for each request; [`AccessLogFormat`].
//! - `stats`: [`Stats`], live counters.
//! - [`http`]: the crate `wharf-http`, for what services are made of.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http1` | yes | HTTP/1.1 and HTTP/1.0, on hyper; without a protocol this crate is empty |

// Every module serves some protocol: a build without any has nothing to offer.
#[cfg(feature = "http1")]
mod accept;
#[cfg(feature = "http1")]
mod access_log;
#[cfg(feature = "http1")]
mod banner;
#[cfg(feature = "http1")]
mod config;
#[cfg(feature = "http1")]
mod conn;
#[cfg(feature = "http1")]
mod descriptors;
#[cfg(feature = "http1")]
mod error;
#[cfg(feature = "http1")]
mod handle;
#[cfg(feature = "http1")]
pub mod listener;
#[cfg(feature = "http1")]
mod notice;
#[cfg(feature = "http1")]
mod run;
#[cfg(feature = "http1")]
mod server;
#[cfg(feature = "http1")]
mod settings;
#[cfg(feature = "http1")]
mod shutdown;
#[cfg(feature = "http1")]
mod signals;
#[cfg(feature = "http1")]
mod stats;
#[cfg(feature = "http1")]
mod wire;
#[cfg(feature = "http1")]
mod worker;

#[cfg(feature = "http1")]
pub use access_log::{AccessLog, AccessLogFormat, AccessLogFormatError};
#[cfg(feature = "http1")]
pub use config::{Http1Config, Limits, Timeouts};
#[cfg(feature = "http1")]
pub use conn::{ConnectionConfig, ConnectionEnd, serve_connection};
#[cfg(feature = "http1")]
pub use error::{Error, ErrorKind};
#[cfg(feature = "http1")]
pub use handle::ServerHandle;
#[cfg(feature = "http1")]
pub use run::{run, run_with};
#[cfg(feature = "http1")]
pub use server::Server;
#[cfg(feature = "http1")]
pub use settings::Settings;
#[cfg(feature = "http1")]
pub use shutdown::Report;
#[cfg(feature = "http1")]
pub use stats::Stats;

pub use wharf_http as http;
