//! What both ends of an HTTP connection speak: bodies, services, middleware and what travels with a request.
//!
//! # Layout
//!
//! - [`body`]: [`Body`], the one body type of requests and responses: bytes or a stream, length known or not.
//! - [`service`]: [`Service`], one request in, one response out; [`Serve`], what a server checks and starts before it.
//! - [`middleware`]: [`Middleware`], [`Next`] and [`Chain`], the same shape on the server and on the client.
//! - [`context`]: [`Context`], what travels with a request: identity, deadline, cancellation, typed extensions.
//! - [`connection`]: [`Connection`] and [`Peer`], what is known of the connection that a request came by.
//! - [`signal`]: [`Signal`], a one-way switch that many tasks can await; [`Tasks`], work that a shutdown waits for.
//! - [`header`]: typed header fields, and what the conditions of a request come to.
//! - [`charset`]: text that is not UTF-8.
//! - [`error`]: [`BoxError`] and [`ErrorChain`], the printer of causes.
//! - `coding` (features `gzip`, `brotli`, `zstd`): bodies that are sent compressed, decoded and encoded.
//! - `cookie` (feature `cookies`): cookies, read and written.
//! - `form` (feature `form`): forms as browsers send them, encoded.
//! - `json` (feature `json`): the hook for JSON codecs.
//! - `multipart` (feature `multipart`): bodies of several parts, such as forms with files, written and read.
//! - `ws` (feature `ws`): WebSockets, their handshake and both ends of the open connection.
//! - `sse` (feature `sse`): server-sent events, written and read.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `brotli` | no | the coding `br`, with the crate `brotli` |
//! | `cookies` | no | the `cookie` module, with the crate `cookie` |
//! | `form` | no | the `form` module, with `serde` |
//! | `fs` | no | bodies of files: `Body::from_path` |
//! | `gzip` | no | the codings `gzip` and `deflate`, with the crates `flate2` and `zlib-rs`, which are Rust |
//! | `json` | no | the `json` module, with `serde` and `serde_json` |
//! | `multipart` | no | the `multipart` module, with the crate `memchr` |
//! | `ws` | no | the `ws` module, with the crate `sha1_smol` |
//! | `ws-deflate` | no | compression of WebSocket messages, with the crates `flate2` and `zlib-rs` |
//! | `sse` | no | the `sse` module |
//! | `zstd` | no | the coding `zstd`, with the crate `zstd`, which wants a C compiler |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod body;
pub mod charset;
#[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "brotli", feature = "gzip", feature = "zstd")))
)]
pub mod coding;
pub mod connection;
pub mod context;
#[cfg(feature = "cookies")]
#[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
pub mod cookie;
pub mod error;
#[cfg(feature = "form")]
#[cfg_attr(docsrs, doc(cfg(feature = "form")))]
pub mod form;
pub mod header;
#[cfg(feature = "json")]
#[cfg_attr(docsrs, doc(cfg(feature = "json")))]
pub mod json;
pub mod middleware;
#[cfg(feature = "multipart")]
#[cfg_attr(docsrs, doc(cfg(feature = "multipart")))]
pub mod multipart;
pub mod service;
pub mod signal;
#[cfg(feature = "sse")]
#[cfg_attr(docsrs, doc(cfg(feature = "sse")))]
pub mod sse;
#[cfg(feature = "ws")]
#[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
pub mod ws;

pub use body::Body;
pub use connection::{Connection, Peer};
pub use context::Context;
pub use error::{BoxError, ErrorChain};
pub use middleware::{Chain, Middleware, Next, Side};
pub use service::{Serve, Service};
pub use signal::{Signal, Tasks};

// The types of the `http` crate that signatures here are made of, for those who have no other use for it.
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};

/// A request with wharf's body type.
pub type Request = http::Request<Body>;

/// A response with wharf's body type.
pub type Response = http::Response<Body>;

/// A boxed, sendable future.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
