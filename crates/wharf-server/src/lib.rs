//! An HTTP server for any service: listeners, time-outs, limits, access log and graceful shutdown, on hyper.
//!
//! A server serves anything that implements [`Serve`](wharf_http::Serve), such as a function made a service by
//! [`service_fn`](wharf_http::service::service_fn). [`run`] does it in one call; [`Server`] is the same spelled out.
//!
//! # Layout
//!
//! - `server`: [`Server`], the builder, and `options`: all that it is told; `launch`: how it comes to run, and `erased`: what it serves
//!   then; `handle`: [`ServerHandle`], the way to a server that is running.
//! - `run`: [`run`] and [`run_with`], a server in one call; `settings`: [`Settings`], file, environment and flags.
//! - [`listener`]: [`Listener`](listener::Listener) and [`Address`](listener::Address), TCP and unix sockets.
//! - `tls` (feature `tls`): [`TlsConfig`](tls::TlsConfig), certificates and how they are renewed.
//! - `arrival`: what happens to a connection between `accept` and the end of its last request.
//! - `trust`: [`TrustedProxies`] and [`Network`], whose word counts for the address of a client; [`ForwardedBy`], which
//!   header fields say it, is in `conn`, and [`ProxyProtocol`](listener::ProxyProtocol) with the listeners.
//! - `prefixed`: a stream of which the beginning was read already.
//! - `accept`: the accept loop of a worker; `worker`: [`Workers`], a thread and a runtime each; `runtime`: the main one.
//! - `health`: [`Health`], whether the process is alive and wants requests.
//! - `watchdog`: [`Watchdog`], which reports a worker that is held up, and by what.
//! - `descriptors`: how many connections the system allows.
//! - `develop`: the program is built again when it changes, and takes over from itself.
//! - `restart`: the hand-over to a new process; `notify`: what systemd is told; `pid_file`: the number of the process.
//! - `supervisor`: what a running server is told; `shutdown`: how it ends, and its [`Report`]; `signals`: INT, TERM, HUP and USR2.
//! - `banner`, `notice`: what is said to the operator beside the access log; `panic`: what a panic said.
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
//! | `tls` | no | the module `tls`: TLS with the cryptography of aws-lc-rs, which needs a C compiler to build |
//! | `tls-ring` | no | the same with that of ring, which is smaller and has no post-quantum key exchange |
//! | `tls-core` | no | the same with none: the program brings a provider, see `tls::dangerous_raw`; the other two bring this |
//! | `toml` | no | settings from a file, `--config wharf.toml` |
//!
//! With both `tls` and `tls-ring` it is aws-lc-rs that is used.
// Every module serves some protocol: a build without any has nothing to offer.
#![cfg(any(feature = "http1", feature = "http2"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept;
mod access_log;
mod arrival;
mod banner;
mod config;
mod conn;
mod descriptors;
mod develop;
mod erased;
mod error;
mod handle;
mod health;
mod launch;
pub mod listener;
mod notice;
mod notify;
mod options;
mod panic;
mod pid_file;
mod prefixed;
mod restart;
mod run;
mod runtime;
mod server;
mod settings;
mod shutdown;
mod signals;
mod stats;
mod supervisor;
#[cfg(feature = "tls-core")]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "tls", feature = "tls-ring", feature = "tls-core")))
)]
pub mod tls;
#[cfg(not(feature = "tls-core"))]
#[path = "tls/absent.rs"]
mod tls;
mod trust;
mod watchdog;
mod worker;

pub use access_log::{AccessLog, AccessLogFormat, AccessLogFormatError};
pub use config::{Http1Config, Http2Config, Limits, Timeouts};
pub use conn::{
    ConnectionConfig, ConnectionEnd, ForwardedBy, Protocol, serve_connection, serve_connection_as,
};
pub use error::{Error, ErrorKind};
pub use handle::ServerHandle;
pub use health::Health;
pub use run::{run, run_with};
pub use server::Server;
pub use settings::Settings;
pub use shutdown::Report;
pub use stats::Stats;
pub use trust::{Network, TrustedProxies};
pub use watchdog::Watchdog;
pub use worker::Workers;

pub use wharf_http as http;
