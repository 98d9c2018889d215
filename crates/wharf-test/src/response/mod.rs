//! What a test asserts of a response.

use std::fmt::{self, Write as _};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fail;

/// How much of a body a message shows, in bytes.
const EXCERPT: usize = 2048;

/// A response with its whole body.
///
/// Every method that begins with `assert` returns the response, so that one can be written after the other. A failure
/// prints what differs, then the request line, the response head and the start of the body.
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
///     .assert_json_at("/ships/0", &json!(1));
/// # });
/// ```
pub struct TestResponse {
    request: String,
    response: http::Response<Bytes>,
}

impl TestResponse {
    pub(crate) fn new(request: String, response: wharf_http::Response, body: Bytes) -> Self {
        Self {
            request,
            response: response.map(|_read| body),
        }
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

    /// Asserts the status, such as `200`.
    ///
    /// # Panics
    ///
    /// Panics when it is another one.
    #[track_caller]
    pub fn assert_status(&self, expected: u16) -> &Self {
        let status = self.status();
        if status.as_u16() != expected {
            let expected = StatusCode::from_u16(expected).map_or_else(
                |_unassigned| expected.to_string(),
                |status| status.to_string(),
            );
            self.fail(&format!("the status is {status}, expected {expected}"));
        }
        self
    }

    /// Asserts that a header field has this value, among others that it may have.
    ///
    /// # Panics
    ///
    /// Panics when no field of that name has the value.
    #[track_caller]
    pub fn assert_header(&self, name: &str, expected: impl AsRef<[u8]>) -> &Self {
        let expected = expected.as_ref();
        let mut values = self.headers().get_all(name).iter().peekable();
        if values.peek().is_none() {
            let expected = expected.escape_ascii();
            self.fail(&format!(
                "the header `{name}` is missing, expected `{expected}`"
            ));
        }
        if !values.any(|value| value.as_bytes() == expected) {
            let mut message = format!("the header `{name}` is ");
            for (index, value) in self.headers().get_all(name).iter().enumerate() {
                let separator = if index == 0 { "" } else { " and " };
                let value = value.as_bytes().escape_ascii();
                let _infallible = write!(message, "{separator}`{value}`");
            }
            let _infallible = write!(message, ", expected `{}`", expected.escape_ascii());
            self.fail(&message);
        }
        self
    }

    /// Asserts that there is no header field of this name.
    ///
    /// # Panics
    ///
    /// Panics when there is one.
    #[track_caller]
    pub fn assert_no_header(&self, name: &str) -> &Self {
        if let Some(value) = self.headers().get(name) {
            let value = value.as_bytes().escape_ascii();
            self.fail(&format!("the header `{name}` is `{value}`, expected none"));
        }
        self
    }

    /// Asserts that the body is this text.
    ///
    /// # Panics
    ///
    /// Panics when it is something else.
    #[track_caller]
    pub fn assert_text(&self, expected: impl AsRef<str>) -> &Self {
        let expected = expected.as_ref();
        if self.bytes() != expected.as_bytes() {
            self.fail(&format!(
                "the body is not the expected text\nexpected: {expected:?}\n     got: {}",
                quoted(self.bytes())
            ));
        }
        self
    }

    /// Asserts that the body is text that contains `part`.
    ///
    /// # Panics
    ///
    /// Panics when it is not.
    #[track_caller]
    pub fn assert_text_contains(&self, part: impl AsRef<str>) -> &Self {
        let part = part.as_ref();
        if !self.text().contains(part) {
            self.fail(&format!("the body does not contain {part:?}"));
        }
        self
    }

    /// Asserts the bytes of the body.
    ///
    /// # Panics
    ///
    /// Panics when it has others.
    #[track_caller]
    pub fn assert_bytes(&self, expected: impl AsRef<[u8]>) -> &Self {
        let expected = expected.as_ref();
        if self.bytes() != expected {
            self.fail(&format!(
                "the body has not the expected bytes\nexpected: {}\n     got: {}",
                quoted(expected),
                quoted(self.bytes())
            ));
        }
        self
    }

    /// Asserts that the body is this JSON; white space and the order of fields do not matter.
    ///
    /// # Panics
    ///
    /// Panics when it is other JSON, or none.
    #[track_caller]
    pub fn assert_json(&self, expected: &Value) -> &Self {
        let value = self.json::<Value>();
        if value != *expected {
            self.fail(&format!(
                "the body is other JSON\nexpected: {expected}\n     got: {value}"
            ));
        }
        self
    }

    /// Asserts one value of a JSON body, named by a JSON pointer such as `/ships/0/name` (RFC 6901).
    ///
    /// # Panics
    ///
    /// Panics when the value is missing or another one, or the body is not JSON.
    #[track_caller]
    pub fn assert_json_at(&self, pointer: &str, expected: &Value) -> &Self {
        let value = self.json::<Value>();
        match value.pointer(pointer) {
            Some(value) if value == expected => self,
            Some(value) => self.fail(&format!(
                "the body has other JSON at `{pointer}`\nexpected: {expected}\n     got: {value}"
            )),
            None => self.fail(&format!(
                "the body has nothing at `{pointer}`, expected {expected}"
            )),
        }
    }

    /// Fails the test with a message that shows the whole exchange.
    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        fail(&format!("{what}\n\n{self}"))
    }
}

/// The bytes as a string literal, cut where they are long.
fn quoted(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(EXCERPT)];
    let more = if shown.len() < bytes.len() { "..." } else { "" };
    format!("{:?}{more}", String::from_utf8_lossy(shown))
}

impl fmt::Display for TestResponse {
    /// Prints the request line, the response head and the start of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.request)?;
        writeln!(f)?;
        writeln!(f, "{:?} {}", self.version(), self.status())?;
        for (name, value) in self.headers() {
            writeln!(f, "{name}: {}", value.as_bytes().escape_ascii())?;
        }
        writeln!(f)?;
        let body = self.bytes();
        let shown = &body[..body.len().min(EXCERPT)];
        write!(f, "{}", String::from_utf8_lossy(shown))?;
        if shown.len() < body.len() {
            write!(f, "\n... ({} bytes in all)", body.len())?;
        }
        Ok(())
    }
}

impl fmt::Debug for TestResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestResponse")
            .field("request", &self.request)
            .field("status", &self.status())
            .field("headers", self.headers())
            .field("body", &quoted(self.bytes()))
            .finish()
    }
}

#[cfg(test)]
mod tests;
