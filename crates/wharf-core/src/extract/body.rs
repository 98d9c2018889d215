use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use wharf_http::header::{ContentType, TypedHeader as _};
use wharf_http::{Body, Request};

use super::{FromRequest, OptionalFromRequest, Scope, head_of};
use crate::error::{ErrorKind, HttpError};

/// Reads the whole body, up to the limit of the route.
pub(super) async fn whole(
    headers: &HeaderMap,
    body: &mut Body,
    scope: &Scope,
) -> Result<Bytes, HttpError> {
    refuse_coding(headers)?;
    let bytes = body.bytes(scope.body_limit()).await;
    bytes.map_err(|error| {
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
    async fn from_request(request: Request, scope: &Scope) -> Result<Self, HttpError> {
        let (head, mut body) = request.into_parts();
        whole(&head.headers, &mut body, scope).await
    }

    async fn from_pieces(
        head: &mut Option<Parts>,
        body: &mut Body,
        scope: &Scope,
    ) -> Result<Self, HttpError> {
        whole(&head_of(head).headers, body, scope).await
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
    async fn from_request(request: Request, scope: &Scope) -> Result<Self, HttpError> {
        let (head, mut body) = request.into_parts();
        text(&head.headers, &mut body, scope).await
    }

    async fn from_pieces(
        head: &mut Option<Parts>,
        body: &mut Body,
        scope: &Scope,
    ) -> Result<Self, HttpError> {
        text(&head_of(head).headers, body, scope).await
    }
}

async fn text(headers: &HeaderMap, body: &mut Body, scope: &Scope) -> Result<String, HttpError> {
    expect_utf8(headers)?;
    let bytes = whole(headers, body, scope).await?;
    String::from_utf8(bytes.into()).map_err(|error| {
        HttpError::bad_request("the body is not valid UTF-8")
            .kind(ErrorKind::Extraction)
            .because(error)
    })
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
