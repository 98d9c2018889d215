//! Tests for wharf applications without a network.
//!
//! ```
//! use wharf_http::{Body, Context, Request, Response, service::service_fn};
//! use wharf_test::TestClient;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let app = service_fn(|_: Request, _: Context| async { Response::new(Body::from("Hello, wharf!")) });
//! let client = TestClient::new(app).await;
//! client.get("/").send().await.assert_status(200).assert_text("Hello, wharf!");
//! client.close().await;
//! # });
//! ```
//!
//! Everything between the two ends is the real thing: the client, the server's side of a connection, HTTP in between.
//! Only the socket is a pipe in memory, so that time can be paused (`#[tokio::test(start_paused = true)]`) and limits
//! of minutes be tested in no time.
//!
//! Mistakes of a test panic with a message that shows request and response.
//!
//! # Layout
//!
//! - [`client`]: [`TestClient`], the real client and an application in the same process.
//! - [`mode`]: [`Mode`], how the two are joined: called, by a pipe in memory, by a socket.
//! - [`server`]: [`TestServer`], a real server on a socket that the system chose.
//! - [`request`], [`response`]: one call, and what is asserted of its answer.
//! - [`raw`]: [`RawConnection`] and [`RawReply`], bytes as they are on the wire.
//! - [`upstream`]: [`MockServer`], a server that expects calls, for the tests of a client.
//! - [`fault`]: [`Faults`](fault::Faults), what goes wrong with connections, on cue or by a seed.
//! - `unit` (feature `unit`): a handler, an extractor or a middleware alone.
//! - `tls` (feature `tls`): certificates for one test.
//! - private: `host`, the service that requests lead to; `journal` and `observed`, what it did for each of them; `events`, what was
//!   told to `tracing` meanwhile; `json`, where a body is not as it was expected.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http2` | no | HTTP/2, on both sides |
//! | `tls` | no | TLS on both sides, `Mode::Tls` and the module `tls`, with `rcgen` |
//! | `tracing` | no | `TestClientBuilder::show_events`: a failure shows what handlers told `tracing` |
//! | `unit` | no | the module `unit`, with `wharf-core` |
//! | `ws` | no | `TestClient::ws`: WebSockets of an application |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod client;
#[cfg(feature = "tracing")]
mod events;
pub mod fault;
mod host;
mod journal;
mod json;
pub mod mode;
mod observed;
pub mod raw;
pub mod request;
pub mod response;
pub mod server;
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub mod tls;
#[cfg(feature = "unit")]
#[cfg_attr(docsrs, doc(cfg(feature = "unit")))]
pub mod unit;
pub mod upstream;

pub use client::TestClient;
pub use mode::Mode;
pub use raw::{RawConnection, RawReply};
pub use request::TestRequest;
pub use response::TestResponse;
pub use server::TestServer;
pub use upstream::MockServer;

pub use serde_json::{Value, json};

/// Fails the test.
#[track_caller]
#[expect(clippy::panic, reason = "a test fails by panicking")]
fn fail(message: &str) -> ! {
    panic!("{message}")
}
