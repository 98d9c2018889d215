//! What a handler may return: anything that turns into a response.

mod attachment;
#[cfg(feature = "cookies")]
mod cookie;
#[cfg(feature = "files")]
mod file;
mod html;
pub(crate) mod page;
pub mod problem;
mod redirect;
#[cfg(feature = "sse")]
#[cfg_attr(docsrs, doc(cfg(feature = "sse")))]
pub mod sse;

pub use attachment::Attachment;
#[cfg(feature = "cookies")]
#[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
pub use cookie::{SameSite, SetCookie};
#[cfg(feature = "files")]
#[cfg_attr(docsrs, doc(cfg(feature = "files")))]
pub use file::FileResponse;
pub use html::Html;
pub use redirect::Redirect;

use std::borrow::Cow;
use std::convert::Infallible;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::response::Parts;
use http::{Extensions, StatusCode};
use wharf_http::{Body, Response};

use crate::error::HttpError;

/// Turns into a response.
///
/// Text becomes `text/plain; charset=utf-8`, bytes `application/octet-stream`. A tuple ends in a body and starts with
/// what goes before it: a status, header fields.
///
/// # Examples
///
/// ```
/// use http::{StatusCode, header};
/// use wharf_core::IntoResponse;
///
/// let response = (StatusCode::CREATED, [(header::LOCATION, "/docs/7")], "made").into_response();
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers()["location"], "/docs/7");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be turned into a response",
    label = "return text, bytes, `Json<T>`, a status, a `Response`, .., or a `Result<_, HttpError>` of these",
    note = "a tuple of status, header fields and body is a response too; a type of your own implements `IntoResponse`",
    note = "in a `Result<T, E>`, `E` must turn into a response too: `HttpError` takes any error through `?`"
)]
pub trait IntoResponse {
    /// Makes the response.
    fn into_response(self) -> Response;
}

/// Goes before the body in a tuple that turns into a response: a status or header fields.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand before the body of a response",
    note = "write `(StatusCode, body)`, `([(name, value), ..], body)`, `(HeaderMap, body)`, or several of them before the body"
)]
pub trait IntoResponseParts {
    /// Changes the head of the response.
    ///
    /// # Errors
    ///
    /// The error to answer with instead, such as a header value with a line break.
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError>;
}

/// Makes a response of this type, which is best a constant: to look at its bytes is most of what this costs.
pub(crate) fn with_type(body: impl Into<Body>, content_type: HeaderValue) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Made when the crate is compiled.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

fn text(body: impl Into<Body>) -> Response {
    with_type(body, TEXT)
}

fn bytes(body: impl Into<Body>) -> Response {
    with_type(body, BYTES)
}

macro_rules! bodies {
    ($($type:ty: $self:ident => $value:expr;)*) => {
        $(
            impl IntoResponse for $type {
                fn into_response($self) -> Response {
                    $value
                }
            }
        )*
    };
}

bodies! {
    Response: self => self;
    (): self => Response::default();
    Body: self => Response::new(self);
    &'static str: self => text(self);
    String: self => text(self);
    Box<str>: self => text(String::from(self));
    &'static [u8]: self => bytes(self);
    Vec<u8>: self => bytes(self);
    Bytes: self => bytes(self);
    Infallible: self => match self {};
}

impl IntoResponse for Cow<'static, str> {
    fn into_response(self) -> Response {
        match self {
            Self::Borrowed(text) => text.into_response(),
            Self::Owned(text) => text.into_response(),
        }
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self;
        response
    }
}

impl<T: IntoResponse, E: IntoResponse> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

impl IntoResponseParts for StatusCode {
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError> {
        head.status = self;
        Ok(())
    }
}

impl IntoResponseParts for HeaderMap {
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError> {
        head.headers.extend(self);
        Ok(())
    }
}

impl IntoResponseParts for Extensions {
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError> {
        head.extensions.extend(self);
        Ok(())
    }
}

impl<N, V, const LEN: usize> IntoResponseParts for [(N, V); LEN]
where
    N: TryInto<HeaderName, Error: Into<http::Error>>,
    V: TryInto<HeaderValue, Error: Into<http::Error>>,
{
    /// Replaces fields of the same name.
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError> {
        for (name, value) in self {
            let name = name.try_into().map_err(Into::into)?;
            let value = value.try_into().map_err(Into::into)?;
            head.headers.insert(name, value);
        }
        Ok(())
    }
}

impl<T: IntoResponseParts> IntoResponseParts for Option<T> {
    fn into_response_parts(self, head: &mut Parts) -> Result<(), HttpError> {
        self.map_or(Ok(()), |parts| parts.into_response_parts(head))
    }
}

macro_rules! tuples {
    ($($part:ident)+) => {
        impl<$($part: IntoResponseParts,)+ B: IntoResponse> IntoResponse for ($($part,)+ B) {
            #[expect(non_snake_case, reason = "the values are named like their types")]
            fn into_response(self) -> Response {
                let ($($part,)+ body) = self;
                let (mut head, body) = body.into_response().into_parts();
                $(
                    if let Err(error) = $part.into_response_parts(&mut head) {
                        return error.into_response();
                    }
                )+
                Response::from_parts(head, body)
            }
        }
    };
}

tuples!(P1);
tuples!(P1 P2);
tuples!(P1 P2 P3);
tuples!(P1 P2 P3 P4);

#[cfg(test)]
mod tests;
