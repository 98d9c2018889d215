use bytes::Bytes;
use wharf_http::Request;

use super::{FromRequest, Scope};
use crate::error::{ErrorKind, HttpError};

impl FromRequest for Bytes {
    type Rejection = HttpError;

    /// Reads the whole body, up to the limit of the route.
    async fn from_request(mut request: Request, scope: &Scope) -> Result<Self, HttpError> {
        Ok(request.body_mut().bytes(scope.body_limit()).await?)
    }
}

impl FromRequest for String {
    type Rejection = HttpError;

    /// Reads the whole body as UTF-8 text, up to the limit of the route.
    async fn from_request(request: Request, scope: &Scope) -> Result<Self, HttpError> {
        let bytes = Bytes::from_request(request, scope).await?;
        Self::from_utf8(bytes.into()).map_err(|error| {
            HttpError::bad_request("the body is not valid UTF-8")
                .kind(ErrorKind::Extraction)
                .because(error)
        })
    }
}
