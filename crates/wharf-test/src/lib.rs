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
//! - [`client`]: [`TestClient`], the real client over an in-memory pipe to a service.
//! - [`server`]: [`TestServer`], a real server on a free port.
//! - [`request`], [`response`]: one call, and what is asserted of its answer.
//! - [`raw`]: [`RawConnection`] and [`RawReply`], bytes as they are on the wire.
//! - [`upstream`]: [`MockServer`], a server that expects calls, for the tests of a client.
//! - [`fault`]: [`Faults`](fault::Faults), what goes wrong with connections, on cue or by a seed.
//! - private: `host`, the service that connections lead to.
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `http2` | no | HTTP/2, on both sides of a test |
//! | `tls` | no | TLS, on both sides of a test |

pub mod client;
pub mod fault;
mod host;
pub mod raw;
pub mod request;
pub mod response;
pub mod server;
pub mod upstream;

pub use client::TestClient;
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
