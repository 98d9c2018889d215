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
//! One client serves a whole program: it is cheap to clone, and clones share its connections. It limits how many there are and
//! how long everything may take ([`PoolConfig`], [`Timeouts`]), follows redirects, undoes codings, sends again what was lost
//! with a kept connection where that is safe, and says in one line what went wrong ([`Error`]). TLS, HTTP/2, cookies, proxies
//! and more are features.
//!
//! # Layout
//!
//! - [`client`]: [`Client`], the cheap handle, and its builder; [`request`], [`response`]: one call.
//! - `blocking` (feature `blocking`): the same client for programs without a runtime.
//! - [`config`]: [`Timeouts`], [`PoolConfig`], [`DnsConfig`], [`TcpConfig`]: every default, once.
//! - [`connect`]: [`Connector`], which opens streams; those for TCP and unix sockets, and [`Resolve`](connect::Resolve).
//! - [`address_policy`]: [`AddressPolicy`], which addresses may be connected to.
//! - `jar`: the cookie jar, with the feature `cookies`.
//! - [`timeout`]: [`Phase`], the part of a request that a time limit applies to.
//! - `tls` (feature `tls`): [`TlsConfig`](tls::TlsConfig), whom the client believes, and who it is itself.
//! - [`trace`]: [`Observer`](trace::Observer), who is shown what happens to a call, and how long its phases took.
//! - `proxy` (feature `proxy`): the rules that choose a proxy for a URL, and tunnels through it.
//! - `sse` (feature `sse`): reading event streams, and going on where one has broken off.
//! - `ws` (feature `ws`): opening WebSockets, and opening them again.
//! - [`error`]: [`Error`] and [`ErrorKind`].
//! - [`netrc`]: [`Netrc`](netrc::Netrc), credentials by host from a file.
//! - `digest`: `Digest`, a password that is proved and not sent, behind the feature of that name.
//! - [`progress`]: [`Progress`](progress::Progress), how much of a body has come; `download`: `Download`, a body that becomes a
//!   file, behind the feature `fs`.
//! - [`redirect`]: [`RedirectPolicy`](redirect::RedirectPolicy), which redirects are followed; [`retry`]:
//!   [`RetryPolicy`](retry::RetryPolicy), when a request is sent again.
//! - [`middleware`]: code around each request that is sent, `async fn(Request, Next) -> Result<Response, Error>`.
//! - [`pool`]: the connections in use and those that are kept, and their numbers.
//! - private: `backoff`, how long to wait before opening again; `send`, the main loop; `conn`, one connection through hyper; `body`, a response body on its way in.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http1` | yes | HTTP/1.1; without any protocol this crate is empty |
//! | `blocking` | no | the module `blocking`: a client whose calls wait, with a thread of its own |
//! | `brotli` | no | responses in the coding `br` are undone |
//! | `charset` | no | `Response::text` in all charsets that browsers know, with `encoding_rs` |
//! | `cookies` | no | the cookie jar, without another crate |
//! | `digest` | no | digest authentication (RFC 7616), with `md-5` and `sha2` |
//! | `form` | no | `RequestBuilder::form`, with `serde` |
//! | `fs` | no | `RequestBuilder::file`, a body that is read from a file; `Response::save_to` and `RequestBuilder::download` |
//! | `gzip` | no | responses in the codings `gzip` and `deflate` are undone |
//! | `http2` | no | HTTP/2, agreed on behind TLS or spoken without |
//! | `in-process` | no | `connect::InProcess`, which leads to a service in the same process |
//! | `json` | no | `RequestBuilder::json` and `Response::json`, with `serde` and `serde_json` |
//! | `multipart` | no | `RequestBuilder::multipart` and `Response::into_multipart`: bodies of several parts, such as forms with files |
//! | `public-suffix` | no | `cookies`, and the public suffix list for it: no cookies for all of `co.uk` (`psl`) |
//! | `proxy` | no | the `proxy` module: HTTP proxies, chosen by rules of your own or those of the environment |
//! | `socks` | no | SOCKS proxies, with `proxy` |
//! | `sse` | no | the module `sse`: event streams, `Response::into_events` and `RequestBuilder::events`, which connects again |
//! | `tls` | no | the module `tls`: TLS with the cryptography of aws-lc-rs, which needs a C compiler to build |
//! | `tls-ring` | no | the same with that of ring, which is smaller and has no post-quantum key exchange |
//! | `tls-core` | no | the same with none: the program brings a provider, see `tls::dangerous_raw`; the other two bring this |
//! | `ws` | no | the module `ws`: WebSockets, with `sha1_smol` |
//! | `ws-deflate` | no | the same, and their messages compressed where the server likes (`flate2`) |
//! | `zstd` | no | responses in the coding `zstd` are undone; wants a C compiler |
//! | `bundled-roots` | no | the data of `tls::Roots::Bundled`, for machines that have no root certificates; brings `tls-core` |
//!
//! With both `tls` and `tls-ring` it is aws-lc-rs that is used. Which roots are trusted is chosen when the program runs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg(feature = "http1")]

pub mod address_policy;
#[cfg(any(feature = "sse", feature = "ws"))]
mod backoff;
#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod body;
pub mod client;
pub mod config;
mod conn;
pub mod connect;
#[cfg(feature = "digest")]
#[cfg_attr(docsrs, doc(cfg(feature = "digest")))]
pub mod digest;
#[cfg(feature = "fs")]
#[cfg_attr(docsrs, doc(cfg(feature = "fs")))]
pub mod download;
pub mod error;
#[cfg(feature = "cookies")]
#[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
pub mod jar;
pub mod middleware;
pub mod netrc;
pub mod pool;
pub mod progress;
#[cfg(feature = "proxy")]
#[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
pub mod proxy;
pub mod redirect;
pub mod request;
pub mod response;
pub mod retry;
#[cfg(test)]
mod scripted;
mod send;
#[cfg(feature = "sse")]
#[cfg_attr(docsrs, doc(cfg(feature = "sse")))]
pub mod sse;
pub mod timeout;
#[cfg(feature = "tls-core")]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "tls", feature = "tls-ring", feature = "tls-core")))
)]
pub mod tls;
pub mod trace;
#[cfg(feature = "ws")]
#[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
pub mod ws;

pub use address_policy::AddressPolicy;
pub use client::{Client, ClientBuilder};
pub use config::{DnsConfig, PoolConfig, TcpConfig, Timeouts};
pub use connect::Connector;
pub use error::{Error, ErrorKind};
pub use request::RequestBuilder;
pub use response::Response;
pub use timeout::Phase;

// What signatures here are made of, for those who have no other use for the two crates.
pub use url::Url;
pub use wharf_http as http;
