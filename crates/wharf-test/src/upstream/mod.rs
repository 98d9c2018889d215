//! A server for the tests of a client: it expects calls, answers as it is told, and says what was wrong.
//!
//! ~~~text
//! client ─▶ MockConnector ─▶ server code ─▶ Matcher, of each Expectation ─▶ Reply
//!                                                └ none fits ─▶ 501, and a problem for verify
//! ~~~
//!
//! # Testing a client
//!
//! Code that makes requests is given a client whose connections lead to a [`MockServer`]. Nothing of it is replaced: pool,
//! retries, redirects, time limits and the bytes of HTTP are real, only the socket is a pipe in memory, and over `https` the
//! encryption is left out. It works for any host, and in paused time (`#[tokio::test(start_paused = true)]`).
//!
//! ```
//! use wharf_client::{Client, Error};
//! use wharf_test::upstream::{Reply, get, post};
//! use wharf_test::{MockServer, json};
//!
//! /// What is to be tested.
//! async fn promote(client: &Client, id: u64) -> Result<String, Error> {
//!     let user: wharf_test::Value = client.get(format!("users/{id}")).send().await?.ok()?.json().await?;
//!     let name = user["name"].as_str().unwrap_or("nobody");
//!     client.post("captains").json(&json!({ "name": name })).send().await?.ok()?;
//!     Ok(name.to_owned())
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let mock = MockServer::new();
//! mock.expect(get("/users/{id}")).reply(Reply::new(200).json(&json!({ "name": "Ada" })));
//! mock.expect(post("/captains").json(&json!({ "name": "Ada" }))).reply(Reply::new(201));
//!
//! assert_eq!(promote(mock.client(), 7).await?, "Ada");
//! assert_eq!(mock.calls()[0].param("id"), Some("7"));
//! # Ok::<(), Error>(()) }).unwrap();
//! ```
//!
//! When the mock is dropped, or [verified](MockServer::verify), calls that nobody expected and calls that did not come fail the
//! test. An unexpected call is answered 501 with the same text:
//!
//! ```
//! use wharf_test::upstream::get;
//! use wharf_test::{MockServer, json};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let mock = MockServer::new();
//! mock.expect(get("/ships").query("page", 2).header("accept", "application/json"));
//! let mut response = mock.client().get("ships?page=3").header("accept", "*/*").send().await?;
//! assert_eq!(response.status(), 501);
//! let text = response.text().await?;
//! assert!(text.starts_with("unexpected call: GET mock.test/ships?page=3\n"));
//! assert!(text.contains("query `page`: expected \"2\", got \"3\"\n"));
//! assert!(text.ends_with("header `accept`: expected \"application/json\", got \"*/*\""));
//!
//! let problems = mock.try_verify().unwrap_err().to_string();
//! assert!(problems.contains("missing call: GET /ships?page=2, expected once, has come never"));
//! # Ok::<(), wharf_client::Error>(()) }).unwrap();
//! ```
//!
//! Answers may come late, in pieces, broken or not at all. A client with retries gets over two connections that are reset:
//!
//! ```
//! use wharf_client::{Client, retry::RetryPolicy};
//! use wharf_test::MockServer;
//! use wharf_test::upstream::{Reply, get};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let mock = MockServer::new();
//! mock.expect(get("/ships")).replies([Reply::reset(), Reply::reset(), Reply::new(200).text("two")]);
//! let client = Client::builder().connector(mock.connector()).retry(RetryPolicy::new()).build()?;
//! assert_eq!(client.get("http://quay.test/ships").send().await?.text().await?, "two");
//! # Ok::<(), wharf_client::Error>(()) }).unwrap();
//! ```
//!
//! What a real server answers can be recorded once and played back from then on: [`Recorder`] and [`MockServer::replay`].
//!
//! A client that is not wharf's needs a socket: [`MockServer::listen`].

mod board;
mod call;
mod connector;
mod diff;
mod expectation;
mod line;
mod listen;
mod matcher;
mod mock;
mod paced;
mod pattern;
mod record;
mod replay;
mod reply;
mod script;
mod serve;
mod times;

pub use call::Call;
pub use connector::MockConnector;
pub use expectation::Expectation;
pub use matcher::Matcher;
pub use mock::MockServer;
pub use record::Recorder;
pub use reply::Reply;
pub use times::Times;

use http::Method;

/// The functions that start a matcher with the method of their name.
macro_rules! verbs {
    ($($name:ident $method:ident),+) => {$(
        #[doc = concat!("Means `", stringify!($method), "` requests for a path, whose pattern is told at [`request`].")]
        ///
        /// # Panics
        ///
        /// Panics when the pattern makes no sense.
        #[track_caller]
        pub fn $name(path: &str) -> Matcher {
            request(Method::$method, path)
        }
    )+};
}

verbs! {
    get GET, head HEAD, post POST, put PUT, patch PATCH, delete DELETE, options OPTIONS
}

/// Means requests of a method for a path.
///
/// In the path, `{name}` stands for any segment and `{*name}` at the end for all that are left. Segments are compared
/// percent-decoded. [`Matcher::exact_path`] is for paths that have braces themselves.
///
/// # Panics
///
/// Panics when the pattern makes no sense, such as one that does not begin with a slash.
#[track_caller]
pub fn request(method: Method, path: &str) -> Matcher {
    Matcher::new(Some(method), Some(path))
}

/// Means all requests, until the matcher is told more.
pub fn any() -> Matcher {
    Matcher::new(None, None)
}

#[cfg(test)]
mod tests;
