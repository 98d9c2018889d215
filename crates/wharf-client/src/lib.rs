//! An asynchronous HTTP client on hyper, usable without any server code.
//!
//! ```no_run
//! use wharf_client::Client;
//!
//! # async fn example() -> Result<(), wharf_client::Error> {
//! let client = Client::builder().base("http://api.example/v1/").build()?;
//! let text = client.get("users").query("page", 2).send().await?.ok()?.text().await?;
//! # Ok(()) }
//! ```
//!
//! It speaks HTTP/1.1 over plain TCP, and over any other stream that a [`Connector`] hands out. Time limits are in force
//! from the first request: see [`Timeouts`]. It hands out what the server sent: redirects are not followed, codings not
//! undone.
//!
//! # Layout
//!
//! - [`client`]: [`Client`], the cheap handle, and its builder; [`request`], [`response`]: one call.
//! - [`config`]: [`Timeouts`] and [`PoolConfig`]: every default, once.
//! - [`connect`]: [`Connector`], which opens streams; the TCP one.
//! - [`timeout`]: [`Phase`], the part of a request that a time limit applies to.
//! - `tls` (feature `tls`): [`TlsConfig`](tls::TlsConfig), whom the client believes, and who it is itself.
//! - [`trace`]: [`Observer`](trace::Observer), who is shown what happens to a call, and how long its phases took.
//! - [`error`]: [`Error`] and [`ErrorKind`].
//! - private: `send`, the main loop; `conn`, one connection through hyper; `pool`, the idle ones; `body`, a response
//!   body on its way in.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http1` | yes | HTTP/1.1; without any protocol this crate is empty |
//! | `json` | no | `RequestBuilder::json` and `Response::json`, with `serde` and `serde_json` |
//! | `tls` | no | the module `tls`: TLS with the cryptography of aws-lc-rs, which needs a C compiler to build |
//! | `tls-ring` | no | the same with that of ring, which is smaller and has no post-quantum key exchange |
//! | `tls-core` | no | the same with none: the program brings a provider, see `tls::dangerous_raw`; the other two bring this |
//! | `bundled-roots` | no | the data of `tls::Roots::Bundled`, for machines that have no root certificates; brings `tls-core` |
//!
//! With both `tls` and `tls-ring` it is aws-lc-rs that is used. Which roots are trusted is chosen when the program runs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg(feature = "http1")]

mod body;
pub mod client;
pub mod config;
mod conn;
pub mod connect;
pub mod error;
mod pool;
pub mod request;
pub mod response;
mod send;
pub mod timeout;
#[cfg(feature = "tls-core")]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "tls", feature = "tls-ring", feature = "tls-core")))
)]
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        unused_imports,
        reason = "no URL leads to a TLS connection yet"
    )
)]
pub mod tls;
pub mod trace;

pub use client::{Client, ClientBuilder};
pub use config::{PoolConfig, Timeouts};
pub use connect::Connector;
pub use error::{Error, ErrorKind};
pub use request::RequestBuilder;
pub use response::Response;
pub use timeout::Phase;
