//! What a test asserts of a response.

mod assertions;
mod cookie;
mod shown;

pub use cookie::ResponseCookie;

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use serde::de::DeserializeOwned;
use wharf_client::Url;
use wharf_client::redirect::Hop;

use self::shown::{Excerpt, fields};
use crate::fail;
use crate::request::Asked;

/// A response with its whole body.
///
/// Every method that begins with `assert` returns the response, so that one can be written after the other. A failure
/// prints what differs, then the request (without its secrets), the response, which route has served it, and what the server has
/// logged for it.
///
/// # Examples
///
/// ```
/// # use wharf_http::{Body, Context, Request, Response, service::service_fn};
/// # use wharf_test::TestClient;
/// use wharf_test::json;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let app = service_fn(|_: Request, _: Context| async {
/// #     let mut response = Response::new(Body::from(r#"{"name": "Ada", "ships": [1, 2]}"#));
/// #     response.headers_mut().insert("content-type", "application/json".parse().unwrap());
/// #     response
/// # });
/// # let client = TestClient::new(app).await;
/// let response = client.get("/captain").send().await;
/// response
///     .assert_status(200)
///     .assert_header("content-type", "application/json")
///     .assert_json(&json!({ "name": "Ada", "ships": [1, 2] }))
///     .assert_json_at("/ships/0", &json!(1))
///     .assert_json_contains(&json!({ "name": "Ada" }));
/// # });
/// ```
pub struct TestResponse {
    asked: Asked,
    response: http::Response<Bytes>,
    url: Option<Url>,
    history: Vec<Hop>,
}

impl TestResponse {
    pub(crate) fn new(asked: Asked, response: wharf_http::Response, body: Bytes) -> Self {
        Self {
            asked,
            response: response.map(|_read| body),
            url: None,
            history: Vec::new(),
        }
    }

    /// Adds where it has come from, and by which redirects.
    pub(crate) fn led(mut self, url: Url, history: Vec<Hop>) -> Self {
        self.url = Some(url);
        self.history = history;
        self
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns the version of HTTP that the answer came in.
    #[must_use]
    pub fn version(&self) -> Version {
        self.response.version()
    }

    /// Returns the header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Returns the first value of a header field; `None` when there is none, or it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// Returns the body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        self.response.body()
    }

    /// Returns the body as text.
    ///
    /// # Panics
    ///
    /// Panics when it is not UTF-8.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(self.bytes()) {
            Ok(text) => text,
            Err(error) => self.fail(&format!("the body is no text: {error}")),
        }
    }

    /// Decodes the body as JSON.
    ///
    /// # Panics
    ///
    /// Panics when it is not JSON, or does not fit `T`.
    #[track_caller]
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(self.bytes()) {
            Ok(value) => value,
            Err(error) => self.fail(&format!("the body is not the expected JSON: {error}")),
        }
    }

    /// Returns the cookies that the response sets, in order.
    #[must_use]
    pub fn cookies(&self) -> Vec<ResponseCookie> {
        ResponseCookie::of(self.headers())
    }

    /// Returns the cookie of a name that the response sets, the last of several.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<ResponseCookie> {
        let cookies = self.cookies().into_iter().rev();
        cookies.into_iter().find(|cookie| cookie.name() == name)
    }

    /// Returns the URL that the response came from, after all redirects; `None` when no client has fetched it.
    #[must_use]
    pub fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// Returns the redirects that were followed, in order.
    #[must_use]
    pub fn history(&self) -> &[Hop] {
        &self.history
    }

    /// Returns which route has served the request, such as `GET /ships/{id} (handler ships::show)`; `None` when none has, or it is
    /// not known.
    #[must_use]
    pub fn route(&self) -> Option<String> {
        self.asked.trail.last()?.account().route.clone()
    }

    /// Returns what the server has logged for the request so far: errors that only the log shows, its line in the access log.
    ///
    /// The line of the access log is written after the last byte of the answer, and may come a moment after that.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        let last = self.asked.trail.last();
        last.map_or_else(Vec::new, |sent| sent.account().lines.clone())
    }

    /// Fails the test with a message that shows the whole exchange.
    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        fail(&format!("{what}\n\n{self}"))
    }
}

impl fmt::Display for TestResponse {
    /// Prints the request without its secrets, the response head and the start of the body, the route, and the server's log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.asked)?;
        for hop in &self.history {
            writeln!(f, "({} from {})\n", hop.status(), hop.url())?;
        }
        writeln!(f, "{:?} {}", self.version(), self.status())?;
        fields(f, self.headers(), false)?;
        if !self.bytes().is_empty() {
            writeln!(f, "\n{}", Excerpt(self.bytes()))?;
        }
        f.write_str(&self.asked.log())
    }
}

impl fmt::Debug for TestResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestResponse")
            .field("request", &self.asked.line)
            .field("status", &self.status())
            .field("headers", self.headers())
            .field("body", &Excerpt(self.bytes()).quoted())
            .finish()
    }
}

#[cfg(test)]
mod tests;
