use std::fmt::Write as _;

use http::StatusCode;
use http::header::{self, HeaderValue};
use wharf_http::Response;

use super::IntoResponse;
use crate::error::HttpError;

/// Sends the client to another URI.
///
/// It can be returned, or left with through `?` from whatever fails with [`HttpError`]. The URI may be relative to that
/// of the request. White space and what is not ASCII are percent-encoded; an empty URI or one with control characters
/// is a mistake in the program, logged and answered 500, so that no text of a client can add header fields.
///
/// A target that comes from a client should be checked: `//other.example` leads to another host.
///
/// # Examples
///
/// ```
/// use http::StatusCode;
/// use wharf_core::{HttpError, IntoResponse, Redirect};
///
/// async fn members_only(user: Option<&str>) -> Result<String, HttpError> {
///     let user = user.ok_or(Redirect::to("/login"))?;
///     Ok(format!("hello {user}"))
/// }
///
/// let response = Redirect::permanent("/ships/größte").into_response();
/// assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
/// assert_eq!(response.headers()["location"], "/ships/gr%C3%B6%C3%9Fte");
/// # let _ = members_only(None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    status: StatusCode,
    /// As it was given, should it be no valid location.
    location: Result<HeaderValue, String>,
}

impl Redirect {
    /// Answers 303: the client gets the other URI, whatever the method was. For the answer to a form.
    #[must_use]
    pub fn to(uri: impl AsRef<str>) -> Self {
        Self::with_status(StatusCode::SEE_OTHER, uri.as_ref())
    }

    /// Answers 307: the client repeats the request there, this time.
    #[must_use]
    pub fn temporary(uri: impl AsRef<str>) -> Self {
        Self::with_status(StatusCode::TEMPORARY_REDIRECT, uri.as_ref())
    }

    /// Answers 308: the client repeats the request there, now and always.
    #[must_use]
    pub fn permanent(uri: impl AsRef<str>) -> Self {
        Self::with_status(StatusCode::PERMANENT_REDIRECT, uri.as_ref())
    }

    /// Answers 302, which clients follow with GET after a POST. [`to`](Self::to) says so clearly.
    #[must_use]
    pub fn found(uri: impl AsRef<str>) -> Self {
        Self::with_status(StatusCode::FOUND, uri.as_ref())
    }

    /// Answers 301, which clients follow with GET after a POST. [`permanent`](Self::permanent) keeps the method.
    #[must_use]
    pub fn moved(uri: impl AsRef<str>) -> Self {
        Self::with_status(StatusCode::MOVED_PERMANENTLY, uri.as_ref())
    }

    fn with_status(status: StatusCode, uri: &str) -> Self {
        Self {
            status,
            location: location(uri).ok_or_else(|| uri.to_owned()),
        }
    }

    /// Returns the status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the URI, encoded; `None` when it cannot be sent.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_ref().ok()?.to_str().ok()
    }
}

/// Encodes what a field value or a URI cannot hold; `None` when there is nothing, or a control character.
fn location(uri: &str) -> Option<HeaderValue> {
    if uri.is_empty() || uri.chars().any(char::is_control) {
        return None;
    }
    let mut encoded = String::with_capacity(uri.len());
    for byte in uri.bytes() {
        if byte.is_ascii_graphic()
            && !matches!(
                byte,
                b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
            )
        {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    HeaderValue::try_from(encoded).ok()
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        match self.location {
            Ok(location) => {
                let mut response = Response::default();
                *response.status_mut() = self.status;
                response.headers_mut().insert(header::LOCATION, location);
                response
            }
            Err(_) => HttpError::from(self).into_response(),
        }
    }
}

impl From<Redirect> for HttpError {
    fn from(redirect: Redirect) -> Self {
        match redirect.location {
            Ok(location) => Self::new(redirect.status).header(header::LOCATION, location),
            Err(uri) => Self::new(StatusCode::INTERNAL_SERVER_ERROR)
                .because(format!("a redirect to {uri:?}, which is no URI")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_encoded_and_never_ends_the_field() {
        let rows = [
            ("/", Some("/")),
            (
                "https://a.test/b?c=%20d#e",
                Some("https://a.test/b?c=%20d#e"),
            ),
            ("/a b", Some("/a%20b")),
            ("/\u{e4}", Some("/%C3%A4")),
            ("/<script>", Some("/%3Cscript%3E")),
            ("", None),
            ("/\r\nset-cookie: a=b", None),
            ("/\u{85}", None),
            ("/\0", None),
        ];
        for (uri, expected) in rows {
            let redirect = Redirect::to(uri);
            assert_eq!(redirect.location(), expected, "{uri:?}");
            let status = redirect.into_response().status();
            assert_eq!(status.as_u16(), if expected.is_some() { 303 } else { 500 });
        }
    }
}
