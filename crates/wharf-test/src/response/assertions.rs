//! The assertions of a [`TestResponse`].

use std::fmt::Write as _;

use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::shown::Excerpt;
use super::{ResponseCookie, TestResponse};
use crate::json::{Extent, Place, differences};

impl TestResponse {
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

    /// Asserts that the status is one of success, 200 to 299.
    ///
    /// # Panics
    ///
    /// Panics when it is another one.
    #[track_caller]
    pub fn assert_success(&self) -> &Self {
        if !self.status().is_success() {
            let status = self.status();
            self.fail(&format!("the status is {status}, expected success"));
        }
        self
    }

    /// Asserts that the response is a redirect with this status to this place, as its `Location` has it.
    ///
    /// # Panics
    ///
    /// Panics when the status or the place is another one.
    #[track_caller]
    pub fn assert_redirect(&self, status: u16, location: impl AsRef<str>) -> &Self {
        self.assert_status(status);
        self.assert_header(LOCATION.as_str(), location.as_ref())
    }

    /// Asserts which paths have redirected before the response came, in order, each with its query.
    ///
    /// # Panics
    ///
    /// Panics when others have.
    #[track_caller]
    pub fn assert_history(&self, paths: &[&str]) -> &Self {
        let followed = self.history().iter().map(|hop| {
            let url = hop.url();
            let query = url
                .query()
                .map_or_else(String::new, |query| format!("?{query}"));
            format!("{}{query}", url.path())
        });
        let followed: Vec<String> = followed.collect();
        if followed != paths {
            self.fail(&format!(
                "the redirects were {followed:?}, expected {paths:?}"
            ));
        }
        self
    }

    /// Asserts that the response sets a cookie of this name to this value, percent-escapes undone.
    ///
    /// # Panics
    ///
    /// Panics when it does not.
    #[track_caller]
    pub fn assert_cookie(&self, name: &str, value: impl AsRef<str>) -> &Self {
        let (cookie, value) = (self.expect_cookie(name), value.as_ref());
        if cookie.value() != value {
            let got = cookie.value();
            self.fail(&format!(
                "the cookie `{name}` is `{got}`, expected `{value}`"
            ));
        }
        self
    }

    /// Asserts attributes of a cookie that the response sets, written like `Path=/; Secure`. It may have others.
    ///
    /// # Panics
    ///
    /// Panics when the cookie is not set, or lacks an attribute or has another value of it.
    #[track_caller]
    pub fn assert_cookie_attributes(&self, name: &str, expected: &str) -> &Self {
        let cookie = self.expect_cookie(name);
        let lacking = cookie.lacking(expected);
        if !lacking.is_empty() {
            let lacking = lacking.join("`, `");
            self.fail(&format!("the cookie `{name}` is without `{lacking}`"));
        }
        self
    }

    /// Asserts that the response sets no cookie of this name.
    ///
    /// # Panics
    ///
    /// Panics when it does.
    #[track_caller]
    pub fn assert_no_cookie(&self, name: &str) -> &Self {
        if let Some(cookie) = self.cookie(name) {
            let value = cookie.value();
            self.fail(&format!("the cookie `{name}` is `{value}`, expected none"));
        }
        self
    }

    #[track_caller]
    fn expect_cookie(&self, name: &str) -> ResponseCookie {
        if let Some(cookie) = self.cookie(name) {
            return cookie;
        }
        let cookies = self.cookies();
        let names: Vec<&str> = cookies.iter().map(ResponseCookie::name).collect();
        match names.as_slice() {
            [] => self.fail(&format!("the cookie `{name}` is not set, nor is any other")),
            names => {
                let names = names.join("`, `");
                self.fail(&format!("the cookie `{name}` is not set, only `{names}`"))
            }
        }
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
                Excerpt(self.bytes()).quoted()
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
                Excerpt(expected).quoted(),
                Excerpt(self.bytes()).quoted()
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
        let found = told(expected, &value, Extent::Whole);
        if !found.is_empty() {
            self.fail(&format!("the body is other JSON{found}"));
        }
        self
    }

    /// Asserts that the body is JSON that has what is expected, and perhaps more: objects have the fields that are expected
    /// among others, at any depth. An array has as many elements as the expected one, each with what is expected of it.
    ///
    /// # Panics
    ///
    /// Panics when something is missing or another value, or the body is not JSON.
    #[track_caller]
    pub fn assert_json_contains(&self, expected: &Value) -> &Self {
        let value = self.json::<Value>();
        let found = told(expected, &value, Extent::Part);
        if !found.is_empty() {
            self.fail(&format!("the body lacks some of the expected JSON{found}"));
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
}

/// Tells where JSON is not as expected, a line each.
fn told(expected: &Value, got: &Value, extent: Extent) -> String {
    let (places, more) = differences(expected, got, extent);
    let mut lines = String::new();
    for Place {
        pointer,
        expected,
        got,
    } in places
    {
        let expected = expected.map_or_else(|| "nothing".to_owned(), Value::to_string);
        lines += &match got {
            Some(got) => format!("\nat `{pointer}`: got {got}, expected {expected}"),
            None => format!("\nat `{pointer}`: missing, expected {expected}"),
        };
    }
    if more > 0 {
        lines += &format!("\nand {more} more");
    }
    lines
}
