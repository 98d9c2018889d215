use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use wharf_http::Request;
use wharf_http::header::{ContentType, TypedHeader as _};

use super::{FromRequest, OptionalFromRequest, Scope};
use crate::error::{ErrorKind, HttpError};

/// Reads the whole body, up to the limit of the route.
pub(super) async fn whole(request: &mut Request, scope: &Scope) -> Result<Bytes, HttpError> {
    refuse_coding(request.headers())?;
    let body = request.body_mut().bytes(scope.body_limit()).await;
    body.map_err(|error| {
        let error = HttpError::from(error);
        match error.origin() {
            ErrorKind::Returned => error.kind(ErrorKind::Extraction),
            _ => error,
        }
    })
}

/// Refuses a body that would have to be decoded first, and says what can be sent (RFC 9110 §15.5.16).
pub(super) fn refuse_coding(headers: &HeaderMap) -> Result<(), HttpError> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    for coding in codings {
        if !coding.as_bytes().eq_ignore_ascii_case(b"identity") {
            let coding = String::from_utf8_lossy(coding.as_bytes());
            return Err(
                unsupported(format!("the content coding `{coding}` is not supported")).header(
                    header::ACCEPT_ENCODING,
                    HeaderValue::from_static("identity"),
                ),
            );
        }
    }
    Ok(())
}

pub(super) fn unsupported(detail: String) -> HttpError {
    HttpError::unsupported_media_type(detail).kind(ErrorKind::Extraction)
}

/// Reads what the client says the body is; `None` when it says nothing.
pub(super) fn content_type(headers: &HeaderMap) -> Result<Option<ContentType>, HttpError> {
    ContentType::decode(headers).map_err(|error| unsupported(error.to_string()))
}

/// Refuses a body of another type than `expected`.
#[cfg(any(feature = "form", feature = "json", feature = "multipart"))]
pub(super) fn expect_type(
    headers: &HeaderMap,
    expected: &'static str,
    fits: impl Fn(&ContentType) -> bool,
) -> Result<(), HttpError> {
    match content_type(headers)? {
        Some(kind) if fits(&kind) => Ok(()),
        Some(kind) => Err(unsupported(format!(
            "the content type is `{kind}`, expected `{expected}`"
        ))),
        None => Err(unsupported(format!(
            "the content type is missing, expected `{expected}`"
        ))),
    }
}

/// Refuses text in another charset than UTF-8.
pub(super) fn expect_utf8(headers: &HeaderMap) -> Result<(), HttpError> {
    match content_type(headers)? {
        Some(kind) if !kind.is_utf8() => {
            let charset = kind.charset().unwrap_or_default();
            Err(unsupported(format!(
                "the charset is `{charset}`, expected `utf-8`"
            )))
        }
        _ => Ok(()),
    }
}

impl FromRequest for Bytes {
    type Rejection = HttpError;

    /// Reads the whole body, up to the limit of the route.
    async fn from_request(mut request: Request, scope: &Scope) -> Result<Self, HttpError> {
        whole(&mut request, scope).await
    }
}

impl OptionalFromRequest for Bytes {
    type Rejection = HttpError;

    /// `None` when the body is empty.
    async fn from_request_optional(
        request: Request,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let bytes = Self::from_request(request, scope).await?;
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

impl FromRequest for String {
    type Rejection = HttpError;

    /// Reads the whole body as UTF-8 text, up to the limit of the route; another charset is answered 415.
    async fn from_request(mut request: Request, scope: &Scope) -> Result<Self, HttpError> {
        expect_utf8(request.headers())?;
        let bytes = whole(&mut request, scope).await?;
        Self::from_utf8(bytes.into()).map_err(|error| {
            HttpError::bad_request("the body is not valid UTF-8")
                .kind(ErrorKind::Extraction)
                .because(error)
        })
    }
}

impl OptionalFromRequest for String {
    type Rejection = HttpError;

    /// `None` when the body is empty.
    async fn from_request_optional(
        request: Request,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let text = Self::from_request(request, scope).await?;
        Ok((!text.is_empty()).then_some(text))
    }
}
