use wharf_http::Response;
use wharf_http::header::{ContentDisposition, TypedHeader as _};

use super::IntoResponse;

/// Has the client save an answer to a file instead of showing it (RFC 6266).
///
/// The content type is that of the answer within. A file name never names a folder, and reaches old clients too.
///
/// # Examples
///
/// ```
/// use http::header;
/// use wharf_core::IntoResponse;
/// use wharf_core::response::Attachment;
///
/// let csv = ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], "ship;berth\n");
/// let response = Attachment::new(csv).named("Größen.csv").into_response();
/// assert_eq!(
///     response.headers()["content-disposition"],
///     "attachment; filename=\"Gr__en.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fen.csv",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Attachment<T> {
    content: T,
    disposition: ContentDisposition,
}

impl<T> Attachment<T> {
    /// Has an answer saved under the name that the client chooses, usually the end of the path.
    #[must_use]
    pub fn new(content: T) -> Self {
        Self {
            content,
            disposition: ContentDisposition::attachment(),
        }
    }

    /// Proposes a name for the file.
    #[must_use]
    pub fn named(mut self, file_name: impl AsRef<str>) -> Self {
        self.disposition = self.disposition.named(file_name);
        self
    }
}

impl<T: IntoResponse> IntoResponse for Attachment<T> {
    fn into_response(self) -> Response {
        let mut response = self.content.into_response();
        // An error is shown, not saved.
        if response.status().is_success()
            && let Some(value) = self.disposition.encode()
        {
            response
                .headers_mut()
                .insert(ContentDisposition::NAME, value);
        }
        response
    }
}
