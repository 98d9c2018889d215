//! The wharf application without a socket: routes, typed state, extractors, middleware and life cycle.
//!
//! An [`App`] is data until it is started; a started one is a [`wharf_http::Service`] that any server can call.
//!
//! # Layout
//!
//! - [`app`]: [`App`], what is mounted in it, and [`Running`](app::Running), which answers.
//! - [`check`]: everything that is wrong with an app, found before anything listens.
//! - [`routing`]: patterns, and from method and path to route; no handler is known there.
//! - [`route`]: [`Route`] as plain data, made by [`get`], [`post`] and their like. [`name`]: URLs from route names.
//! - [`handler`]: what can be called; [`extract`]: what it is called with; [`response`]: what it may return.
//! - [`error`]: [`HttpError`], a failure that is a response.
//! - `files` (feature `files`): folders of static files.
//! - [`middleware`]: `async fn(Request, Next) -> impl IntoResponse`.
//! - `session` (feature `sessions`): what is known of a visitor from one request to the next.
//! - `template` (feature `templates`): pages from templates.
//! - `tower` (feature `tower`): an app as a tower service, tower layers as middleware.
//! - `ws` (feature `ws`): WebSockets, and `rooms`, groups of them.
//! - [`lifecycle`]: resources, hooks, background tasks, and their order.
//! - [`http`]: the crate `wharf-http`, for whoever calls a started app.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `json` | no | `Json`, with `serde` and `serde_json` |
//! | `form` | no | `Form` |
//! | `files` | no | static files, and files as responses |
//! | `multipart` | no | `Multipart` and `MultipartForm`, with the crate `tempfile` |
//! | `cookies` | no | `Cookies` and `SetCookie`, with the crate `cookie` |
//! | `gzip` | no | `middleware::Compress` and `Decompress` with the codings `gzip` and `deflate` |
//! | `brotli`, `zstd` | no | the same with `br`, `zstd`; the latter wants a C compiler |
//! | `sse` | no | `response::sse`: event streams |
//! | `sessions` | no | `cookies`, and `session`: sessions in signed cookies, in memory and in files; 13 crates |
//! | `encrypted-sessions` | no | `sessions`, and sessions in encrypted cookies; 7 crates more |
//! | `rate-limit` | no | `middleware::RateLimit`, with the crate `governor` |
//! | `templates` | no | templates of the language of Jinja 2, with the crates `minijinja` and `serde` |
//! | `tower` | no | an app as a tower service, tower layers as middleware |
//! | `ws` | no | WebSockets and rooms of them; the server has to hand over connections as `hyper` does |
//! | `ws-deflate` | no | the same, and their messages compressed where the client likes |
//! | `http2` | no | WebSockets over HTTP/2 |
//! | `redis` | no | with `sessions` a store for these, with `ws` rooms, that several instances share by a Redis server |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod app;
pub mod check;
pub mod error;
pub mod extract;
#[cfg(feature = "files")]
#[cfg_attr(docsrs, doc(cfg(feature = "files")))]
pub mod files;
pub mod handler;
pub mod lifecycle;
pub mod middleware;
pub mod name;
mod origin;
mod panic;
pub mod response;
#[cfg(feature = "ws")]
#[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
pub mod rooms;
pub mod route;
pub mod routing;
#[cfg(feature = "sessions")]
#[cfg_attr(docsrs, doc(cfg(feature = "sessions")))]
pub mod session;
mod state;
#[cfg(feature = "templates")]
#[cfg_attr(docsrs, doc(cfg(feature = "templates")))]
pub mod template;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;
#[cfg(feature = "ws")]
#[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
pub mod ws;

pub use app::{App, factory};
pub use error::HttpError;
#[cfg(feature = "form")]
#[cfg_attr(docsrs, doc(cfg(feature = "form")))]
pub use extract::Form;
#[cfg(feature = "json")]
#[cfg_attr(docsrs, doc(cfg(feature = "json")))]
pub use extract::json::Json;
pub use extract::{Extension, Path, Query, State};
pub use lifecycle::{Cleanup, Setup, resource};
pub use middleware::{Next, from_fn};
pub use name::Urls;
pub use response::{Html, IntoResponse, Redirect};
pub use route::{
    OnDisconnect, Route, any, at, delete, get, head, method, options, patch, post, put,
};
pub use routing::TrailingSlash;
pub use wharf_http as http;
pub use wharf_http::{Body, BoxError, Context, Request, Response};
