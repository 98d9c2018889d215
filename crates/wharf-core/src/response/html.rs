use http::HeaderValue;
use wharf_http::{Body, Response};

use super::{IntoResponse, with_type};

/// Text that is answered as `text/html; charset=utf-8`.
///
/// Nothing is escaped: what goes into the text is the business of whoever makes it, best a template.
///
/// # Examples
///
/// ```
/// use wharf_core::{Html, IntoResponse};
///
/// let response = Html("<h1>Harbour</h1>").into_response();
/// assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Html<T>(pub T);

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

impl<T: Into<Body>> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        with_type(self.0, HTML)
    }
}
