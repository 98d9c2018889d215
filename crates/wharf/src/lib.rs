//! wharf: an asynchronous HTTP client **and** server, on tokio, hyper and rustls.
//!
//! An application is data until it is served: routes, shared state, what is set up before the first request and
//! cleared away after the last. One call runs it.
//!
//! ```no_run
//! use wharf::{App, get};
//!
//! fn main() -> wharf::Result<()> {
//!     wharf::run(App::new().routes([get("/", async || "Hello, wharf!")]))
//! }
//! ```
//!
//! The [`guide`] teaches it in the order in which one needs it.
//!
//! # Layout
//!
//! Everything lives in the crates below; this one names it. The root holds what nearly every application uses.
//!
//! - [`app`], [`route`], [`routing`], [`name`]: applications, routes, how paths match, URLs from names.
//! - [`extract`], [`handler`], [`response`], [`error`]: what a handler takes, is, and gives.
//! - `files` (feature `files`): folders of static files.
//! - `session` (feature `sessions`): what is known of a visitor from one request to the next.
//! - `template` (feature `templates`): pages from templates.
//! - [`middleware`], [`lifecycle`], [`check`]: around handlers, before and after them, and what is wrong with them.
//! - [`server`]: listeners, limits, access log, shutdown. [`client`]: outgoing requests.
//! - [`http`]: bodies, context and services, which both ends share. `test` (feature `testing`): tests without a network.
//! - [`guide`]: the guided tour.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `server` | yes | applications and the server: everything but the client and the tests |
//! | `client` | yes | the client |
//! | `http1` | yes | HTTP/1.1 on both sides; without a protocol neither side opens a connection |
//! | `http2` | yes | HTTP/2 on both sides |
//! | `tls` | yes | TLS on both sides, with the cryptography of aws-lc-rs, which needs a C compiler to build |
//! | `tls-ring` | no | the same with that of ring; for less to build, without the defaults |
//! | `tls-core` | no | the same with none: the program brings a provider, see `server::tls::dangerous_raw` |
//! | `json` | yes | `Json`, and JSON bodies of the client |
//! | `form` | yes | `Form`, and forms of the client |
//! | `sse` | yes | server-sent events on both sides: `response::sse` and `client::sse` |
//! | `ws` | yes | WebSockets on both sides, compressed where both like it, and rooms of them |
//! | `files` | yes | folders of static files, and files as responses |
//! | `multipart` | yes | forms with files and all else of the type `multipart`: `extract::MultipartForm`, `extract::Multipart`, written by the client |
//! | `cookies` | yes | `Cookies` and `SetCookie`, and the cookie jar of the client |
//! | `gzip` | yes | the codings `gzip` and `deflate`, for what the client reads and the middleware `Compress` and `Decompress` |
//! | `brotli`, `zstd` | no | and the codings `br`, `zstd`; the latter wants a C compiler |
//! | `fs` | no | bodies of files |
//! | `proxy`, `socks` | no | the client goes through proxies |
//! | `blocking` | no | a client whose calls wait, as the module `client::blocking` |
//! | `charset` | no | the client reads text in all charsets that browsers know |
//! | `digest` | no | digest authentication of the client |
//! | `public-suffix` | no | the public suffix list for the cookie jar |
//! | `bundled-roots` | no | root certificates in the program, for machines that have none |
//! | `in-process` | no | the client reaches a service in the same process |
//! | `sessions` | no | typed sessions, as the module `session`: in signed cookies, in memory, in files |
//! | `encrypted-sessions` | no | the same, and in encrypted cookies |
//! | `redis` | no | with `sessions` a store for these, with `ws` rooms of WebSockets, that several instances share |
//! | `rate-limit` | no | `middleware::RateLimit`: so many requests in so much time, for each client |
//! | `testing` | no | the test kit, as the module `test`; with `http2` and `tls` its servers speak these too |
//! | `toml` | no | settings of the server from a file, `--config wharf.toml` |
//! | `templates` | no | pages from templates: the module `template` |
//! | `tower` | no | an app as a tower service, tower layers as middleware |
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(
    feature = "client",
    feature = "cookies",
    feature = "files",
    feature = "form",
    feature = "http1",
    feature = "json",
    feature = "multipart",
    feature = "server",
    feature = "sse",
    feature = "tls",
))]
pub mod guide;

#[cfg(feature = "client")]
#[cfg_attr(docsrs, doc(cfg(feature = "client")))]
pub use wharf_client as client;
pub use wharf_http as http;
#[cfg(feature = "server")]
#[cfg_attr(docsrs, doc(cfg(feature = "server")))]
pub use wharf_server as server;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub use wharf_test as test;

#[cfg(feature = "server")]
#[cfg_attr(docsrs, doc(cfg(feature = "server")))]
pub use wharf_core::{
    app, check, error, extract, handler, lifecycle, middleware, name, response, route, routing,
};

#[cfg(all(feature = "server", feature = "files"))]
#[cfg_attr(docsrs, doc(cfg(feature = "files")))]
pub use wharf_core::files;

#[cfg(all(feature = "server", feature = "ws"))]
#[cfg_attr(docsrs, doc(cfg(feature = "ws")))]
pub use wharf_core::{rooms, ws};

#[cfg(all(feature = "server", feature = "sessions"))]
#[cfg_attr(docsrs, doc(cfg(feature = "sessions")))]
pub use wharf_core::session;

#[cfg(all(feature = "server", feature = "templates"))]
#[cfg_attr(docsrs, doc(cfg(feature = "templates")))]
pub use wharf_core::template;

#[cfg(all(feature = "server", feature = "tower"))]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use wharf_core::tower;

#[cfg(all(feature = "client", feature = "http1"))]
pub use wharf_client::Client;
#[cfg(all(feature = "server", feature = "form"))]
pub use wharf_core::Form;
#[cfg(all(feature = "server", feature = "json"))]
pub use wharf_core::Json;
#[cfg(feature = "server")]
pub use wharf_core::{
    App, Cleanup, Html, HttpError, IntoResponse, Next, Path, Query, Redirect, Route, Setup, State,
    any, at, delete, from_fn, get, head, options, patch, post, put, resource,
};
pub use wharf_http::{Body, BoxError, Context, Method, Request, Response, StatusCode};
#[cfg(all(feature = "server", any(feature = "http1", feature = "http2")))]
pub use wharf_server::{Server, Settings, run, run_with};

/// A result whose error is any error, unless it is named.
pub type Result<T, E = BoxError> = std::result::Result<T, E>;

/// One kibibyte: 1,024 bytes.
pub const KIB: usize = 1024;

/// One mebibyte: 1,048,576 bytes.
pub const MIB: usize = 1024 * KIB;

#[cfg(all(doctest, feature = "http1", feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;
