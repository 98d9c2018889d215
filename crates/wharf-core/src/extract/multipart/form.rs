use std::ops::Deref;

use http::StatusCode;
use serde_core::de::DeserializeOwned;
use wharf_http::Request;
use wharf_http::multipart::{MultipartReader, PartReader};

use super::spool::Spool;
use super::{FormConfig, Upload, rejected, upload};
use crate::error::{ErrorKind, HttpError};
use crate::extract::text::{self, Given, Kind, Layout};
use crate::extract::{FromRequest, Scope, body};

/// A form with files (`multipart/form-data`), as a struct of texts and [`Upload`]s.
///
/// Fields are read as in [`Form`](crate::Form): repeated names make a `Vec`, also of files, and blank ones an `Option` without a
/// value; a file input that was left empty is absent. A file is a part with a file name. Files stay in memory up to 1 MiB
/// together, larger ones are temporary files that are removed when the request ends, however it ends.
///
/// The whole body is limited by the body limit of the route, 1 MiB unless it is raised; [`FormConfig`] in the state of the app
/// sets this and the other limits. Another content type is answered 415, and so are a charset that is not known and a nested
/// `multipart` part; what passes a limit 413, with the limit and the field; a form that is malformed 400; a field that is
/// missing, unknown where those are denied, or does not fit 422, with its name.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use wharf_core::extract::{MultipartForm, Upload};
/// use wharf_core::{App, HttpError, post};
///
/// #[derive(Deserialize)]
/// struct Ship {
///     name: String,
///     photo: Option<Upload>,
///     #[serde(default)]
///     papers: Vec<Upload>,
/// }
///
/// async fn launch(MultipartForm(ship): MultipartForm<Ship>) -> Result<String, HttpError> {
///     if let Some(photo) = ship.photo {
///         let name = photo.safe_file_name().unwrap_or_default();
///         photo.persist(format!("/srv/photos/{}-{name}", ship.name.len())).await?;
///     }
///     Ok(format!("{} with {} papers", ship.name, ship.papers.len()))
/// }
///
/// # let _ =
/// App::new().routes([post("/ships", launch).body_limit(20 << 20)])
/// # ;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MultipartForm<T>(pub T);

impl<T> Deref for MultipartForm<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Send> FromRequest for MultipartForm<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, HttpError> {
        body::expect_type(request.headers(), "multipart/form-data", |kind| {
            kind.essence() == "multipart/form-data"
        })?;
        body::refuse_coding(request.headers())?;
        let config = scope.state::<FormConfig>();
        let default = FormConfig::new();
        let config = config.as_deref().unwrap_or(&default);
        let total = config
            .total_bytes
            .or(scope.body_limit().map(|limit| limit as u64));
        let (head, body) = request.into_parts();
        // Too long by its own account: answered before a byte of it is read.
        if let (Some(limit), Some(length)) = (total, body.len())
            && length > limit
        {
            return Err(too_large(format!(
                "the form is larger than the limit of {limit} bytes"
            )));
        }
        let limits = config.limits(total);
        let parts = MultipartReader::of(&head.headers, body, limits).map_err(rejected)?;
        read(parts, config, total).await.map(Self)
    }
}

/// Reads a whole form.
pub(super) async fn read<T: DeserializeOwned>(
    parts: MultipartReader,
    config: &FormConfig,
    total: Option<u64>,
) -> Result<T, HttpError> {
    let mut form = Contents {
        fields: Vec::new(),
        files: Vec::new(),
        text: 0,
        memory: 0,
        config,
    };
    let mut parts = parts.limits(config.limits(total));
    while let Some(part) = parts.next_part().await.map_err(rejected)? {
        form.take(part).await?;
    }
    form.decode()
}

/// What was read of a form.
struct Contents<'c> {
    /// In the order of writing: names with texts, or with the numbers of files.
    fields: Vec<(String, Result<String, u32>)>,
    files: Vec<Upload>,
    /// How many bytes the texts have.
    text: usize,
    /// How many bytes the files have that are in memory.
    memory: usize,
    config: &'c FormConfig,
}

impl Contents<'_> {
    async fn take(&mut self, mut part: PartReader) -> Result<(), HttpError> {
        let Some(name) = part.name().map(str::to_owned) else {
            let detail = format!("part {} of the form has no name", part.number());
            return Err(HttpError::bad_request(detail).kind(ErrorKind::Extraction));
        };
        if let Some(kind) = part.content_type()
            && kind.essence().starts_with("multipart/")
        {
            return Err(body::unsupported(format!(
                "the form field `{name}` is `{}`, which a form may not hold",
                kind.essence()
            )));
        }
        let own = self.config.field(&name);
        let value = if part.file_name().is_some() {
            let limit = own.or(self.config.file_bytes);
            let room = self.config.memory.saturating_sub(self.memory);
            let spool = Spool::new(room, limit, self.config.folder.as_deref());
            let file = spool.run(part, &name).await?;
            // What browsers send for an input without a file.
            if file.is_empty() && file.file_name() == Some("") {
                return Ok(());
            }
            if file.path().is_none() {
                self.memory += usize::try_from(file.len()).unwrap_or(usize::MAX);
            }
            let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
            self.files.push(file);
            Err(number)
        } else {
            let left = self.config.text_bytes.saturating_sub(self.text);
            let own = own.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
            let limit = own.map_or(left, |own| own.min(left));
            let text = part.text(limit).await.map_err(|error| match own {
                // The texts before it have used up the limit.
                None if error.is_limit() && self.text > 0 => too_large(format!(
                    "the texts of the form are larger than the limit of {} bytes, from the field `{name}` on",
                    self.config.text_bytes
                )),
                _ => rejected(error),
            })?;
            self.text += text.len();
            Ok(text)
        };
        self.fields.push((name, value));
        Ok(())
    }

    fn decode<T: DeserializeOwned>(self) -> Result<T, HttpError> {
        let given = self.fields.iter().map(|(name, value)| Given {
            name,
            text: value.as_deref().unwrap_or_default(),
            file: value.as_ref().err().copied(),
        });
        let given: Vec<Given<'_>> = given.collect();
        let decoded = upload::with_files(self.files, || text::decode_given(&given, Layout::Form));
        decoded.map_err(|error| {
            let text = &|name: &str| {
                let found = given.iter().find(|given| given.name == name);
                found.map_or_else(String::new, |given| given.text.to_owned())
            };
            let text = error.describe("form field", text);
            match error.kind {
                Kind::Unsupported(_) => {
                    HttpError::internal("the app is misconfigured").because(text)
                }
                _ => HttpError::unprocessable(text).kind(ErrorKind::Extraction),
            }
        })
    }
}

pub(super) fn too_large(detail: String) -> HttpError {
    HttpError::new(StatusCode::PAYLOAD_TOO_LARGE)
        .detail(detail)
        .kind(ErrorKind::TooLarge)
}
