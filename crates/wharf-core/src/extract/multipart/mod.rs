//! Bodies of several parts: read one by one, or as a form whose large files go to temporary files.
//!
//! [`Multipart`] streams, [`MultipartForm`] makes a value of the whole; [`FormConfig`] says how much that may be. A file is an
//! [`Upload`].

mod config;
mod form;
mod spool;
mod upload;

pub use config::FormConfig;
pub use form::MultipartForm;
pub use upload::Upload;

use std::ops::{Deref, DerefMut};

use serde_core::de::DeserializeOwned;
use wharf_http::Request;
use wharf_http::multipart::{Limits, MultipartReader};

use super::{FromRequest, Scope, body};
use crate::error::{ErrorKind, HttpError};

/// The parts of a body, of any `multipart` type, as they come.
///
/// Nothing is read before the first part is asked for, and no more than a piece is held: there is no limit on the size unless
/// [`limits`](MultipartReader::limits) set one, and the body limit of the route does not hold. An error becomes an answer
/// through `?`: 413 for a limit, 415 for what is not supported, else 400, and names the limit and the part.
///
/// Another content type is answered 415.
///
/// # Examples
///
/// ```
/// use wharf_core::extract::Multipart;
/// use wharf_core::{App, HttpError, post};
///
/// async fn upload(mut parts: Multipart) -> Result<String, HttpError> {
///     let mut total = 0;
///     while let Some(mut part) = parts.next_part().await? {
///         while let Some(piece) = part.chunk().await? {
///             total += piece.len();
///         }
///     }
///     Ok(format!("{total} bytes\n"))
/// }
///
/// # let _ = App::new().routes([post("/upload", upload)]);
/// ```
#[derive(Debug)]
pub struct Multipart(pub MultipartReader);

impl Multipart {
    /// Reads the rest as a form, as [`MultipartForm`] does, but with limits of one's own; the body limit of the route does not
    /// hold.
    ///
    /// # Errors
    ///
    /// As the rejection of [`MultipartForm`].
    ///
    /// # Cancel safety
    ///
    /// Not safe: what was read is lost when the future is dropped; temporary files are removed.
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::Deserialize;
    /// use wharf_core::extract::{FormConfig, Multipart, Upload};
    /// use wharf_core::{App, HttpError, post};
    ///
    /// #[derive(Deserialize)]
    /// struct Film {
    ///     title: String,
    ///     reel: Upload,
    /// }
    ///
    /// async fn film(parts: Multipart) -> Result<String, HttpError> {
    ///     let config = FormConfig::new().total_bytes(8 << 30).field_bytes("title", 200);
    ///     let film: Film = parts.into_form(&config).await?;
    ///     Ok(format!("{}: {} bytes\n", film.title, film.reel.len()))
    /// }
    ///
    /// # let _ = App::new().routes([post("/films", film)]);
    /// ```
    pub async fn into_form<T: DeserializeOwned>(self, config: &FormConfig) -> Result<T, HttpError> {
        form::read(self.0, config, config.total_bytes).await
    }
}

impl Deref for Multipart {
    type Target = MultipartReader;

    fn deref(&self) -> &MultipartReader {
        &self.0
    }
}

impl DerefMut for Multipart {
    fn deref_mut(&mut self) -> &mut MultipartReader {
        &mut self.0
    }
}

impl FromRequest for Multipart {
    type Rejection = HttpError;

    async fn from_request(request: Request, _scope: &Scope) -> Result<Self, HttpError> {
        body::refuse_coding(request.headers())?;
        let (head, body) = request.into_parts();
        MultipartReader::of(&head.headers, body, Limits::new())
            .map(Self)
            .map_err(rejected)
    }
}

/// Makes the answer to an error that an extractor met.
fn rejected(error: wharf_http::multipart::Error) -> HttpError {
    let error = HttpError::from(error);
    match error.origin() {
        ErrorKind::Returned => error.kind(ErrorKind::Extraction),
        _ => error,
    }
}
