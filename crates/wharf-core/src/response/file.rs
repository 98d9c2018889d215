use std::path::Path;

use http::HeaderValue;
use http::header;
use wharf_http::Response;
use wharf_http::header::{CacheControl, TypedHeader as _};

use super::IntoResponse;
use crate::error::HttpError;
use crate::extract::Conditional;
use crate::files::{self, Answer, Found};

/// A file on disk as a response, from any handler.
///
/// Its media type is that of its name. As it is, it is sent whole; [`respond`](Self::respond) answers conditions and
/// requests for ranges as well. For a whole folder see [`App::files`](crate::App::files).
///
/// # Examples
///
/// ```
/// use wharf_core::extract::Conditional;
/// use wharf_core::response::{Attachment, FileResponse};
/// use wharf_core::{App, HttpError, IntoResponse, get};
///
/// async fn report(conditional: Conditional) -> Result<impl IntoResponse, HttpError> {
///     let file = FileResponse::open("reports/2026.pdf").await?;
///     Ok(Attachment::new(file.respond(&conditional)?).named("Bericht 2026.pdf"))
/// }
///
/// let app = App::new().routes([get("/report", report)]);
/// # assert!(app.check().is_ok());
/// ```
#[derive(Debug)]
pub struct FileResponse {
    answer: Answer,
}

impl FileResponse {
    /// Opens a file. A path that a client has a say in belongs to [`App::files`](crate::App::files) instead: here, `..`
    /// and links lead wherever they lead.
    ///
    /// # Errors
    ///
    /// 404 when there is no such file, 403 when it may not be read or is no regular file, else 500.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime; so does reading.
    ///
    /// # Cancel safety
    ///
    /// Safe: the file is closed when the future is dropped.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, HttpError> {
        let path = path.as_ref();
        let media = files::media_of_path(&path.to_string_lossy());
        match files::open_path(path).await? {
            Found::File(content) => Ok(Self {
                answer: Answer::new(content, media),
            }),
            Found::Missing => Err(HttpError::not_found("there is no such file")),
            Found::Folder | Found::Refused => {
                Err(HttpError::forbidden("this is no file that can be sent"))
            }
        }
    }

    /// Sets the media type, in place of that of the file's name. One that is no valid field value changes nothing.
    #[must_use]
    pub fn media_type(mut self, media: impl AsRef<str>) -> Self {
        if let Ok(media) = HeaderValue::from_str(media.as_ref()) {
            self.answer.set_media(media);
        }
        self
    }

    /// Sets `Cache-Control`, of the complete answer and of a 304 alike. Default: none is sent.
    #[must_use]
    pub fn cache(mut self, control: &CacheControl) -> Self {
        if let Some(value) = control.encode() {
            self.answer = self.answer.field(header::CACHE_CONTROL, value);
        }
        self
    }

    /// Answers what the request asks for: the file, ranges of it, or that the client has it already.
    ///
    /// # Errors
    ///
    /// The answer to leave with: 304, 412, or 416 with the length.
    pub fn respond(self, conditional: &Conditional) -> Result<Response, HttpError> {
        self.answer.respond(conditional)
    }
}

impl IntoResponse for FileResponse {
    fn into_response(self) -> Response {
        self.answer.whole()
    }
}
