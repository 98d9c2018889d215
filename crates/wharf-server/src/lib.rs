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
//! - `arrival`: what happens to a connection between `accept` and the end of its last request.
//! - `accept`: the accept loop; `descriptors`: how many connections the system allows; `worker`: on which runtime.
//! - `shutdown`: how a server ends, and its [`Report`]; `signals`: INT and TERM.
//! - `banner`, `notice`: what is said to the operator beside the access log.
//! - `error`: [`Error`] and [`ErrorKind`].
//! - `config`: [`Timeouts`], [`Limits`], [`Http1Config`], [`Http2Config`], every default once.
//! - `conn`: [`serve_connection`], one connection through hyper, with all limits. `http1` and `http2` in it have each a
//!   `driver`, an `exchange` for one request, and a `wire`, the adapter under hyper that counts and corks.
//! - `access_log`: [`AccessLog`], one line for each request; [`AccessLogFormat`].
//! - `stats`: [`Stats`], live counters.
//! - [`http`]: the crate `wharf-http`, for what services are made of.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http1` | yes | HTTP/1.1 and HTTP/1.0, on hyper; without a protocol this crate is empty |
//! | `http2` | no | HTTP/2, on hyper: for clients that begin with it, and where it was agreed on |
// Every module serves some protocol: a build without any has nothing to offer.
#![cfg(any(feature = "http1", feature = "http2"))]

mod accept;
mod access_log;
mod arrival;
mod banner;
mod config;
mod conn;
mod descriptors;
mod error;
mod handle;
pub mod listener;
mod notice;
mod run;
mod server;
mod settings;
mod shutdown;
mod signals;
mod stats;
mod worker;

pub use access_log::{AccessLog, AccessLogFormat, AccessLogFormatError};
pub use config::{Http1Config, Http2Config, Limits, Timeouts};
pub use conn::{ConnectionConfig, ConnectionEnd, Protocol, serve_connection, serve_connection_as};
pub use error::{Error, ErrorKind};
pub use handle::ServerHandle;
pub use run::{run, run_with};
pub use server::Server;
pub use settings::Settings;
pub use shutdown::Report;
pub use stats::Stats;

pub use wharf_http as http;
