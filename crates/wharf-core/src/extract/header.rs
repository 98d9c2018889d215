use std::ops::Deref;

use http::StatusCode;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::response;
use wharf_http::header::{BadHeader, TypedHeader};

use super::{FromRequestParts, OptionalFromRequestParts, Scope};
use crate::error::{ErrorKind, HttpError};
use crate::response::IntoResponseParts;

/// A header field with a type of its own: one of those in [`wharf_http::header`], or yours.
///
/// As a handler argument it is read from the request. One that is malformed is answered 400, and so is a missing one,
/// but for credentials: these are asked for with 401. `Option<Header<T>>` is `None` when the field is missing.
///
/// Before the body of a response it sets the field.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_core::extract::Header;
/// use wharf_core::{App, HttpError, IntoResponse, get};
/// use wharf_http::header::{Basic, CacheControl};
///
/// async fn private(Header(user): Header<Basic>) -> Result<impl IntoResponse, HttpError> {
///     if user.password() != "open sesame" {
///         return Err(HttpError::forbidden("wrong password"));
///     }
///     Ok((Header(CacheControl::new().max_age(Duration::from_secs(60))), "inside"))
/// }
///
/// # let _ = App::new().routes([get("/", private)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<T>(pub T);

impl<T> Deref for Header<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: TypedHeader + Send> FromRequestParts for Header<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, HttpError> {
        match T::decode(&parts.headers).map_err(malformed)? {
            Some(value) => Ok(Self(value)),
            None => Err(missing::<T>()),
        }
    }
}

impl<T: TypedHeader + Send> OptionalFromRequestParts for Header<T> {
    type Rejection = HttpError;

    async fn from_request_parts_optional(
        parts: &mut Parts,
        _scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let value = T::decode(&parts.headers).map_err(malformed)?;
        Ok(value.map(Self))
    }
}

fn malformed(error: BadHeader) -> HttpError {
    HttpError::bad_request(error.to_string())
        .kind(ErrorKind::Extraction)
        .because(error)
}

fn missing<T: TypedHeader>() -> HttpError {
    let detail = format!("the header field `{}` is missing", T::NAME);
    let error = match T::CHALLENGE.map(HeaderValue::from_static) {
        // RFC 9110 §15.5.2
        Some(challenge) => {
            HttpError::unauthorized(detail).header(header::WWW_AUTHENTICATE, challenge)
        }
        None => HttpError::bad_request(detail),
    };
    error.kind(ErrorKind::Extraction)
}

impl<T: TypedHeader> IntoResponseParts for Header<T> {
    /// Replaces a field of the same name.
    fn into_response_parts(self, head: &mut response::Parts) -> Result<(), HttpError> {
        match self.0.encode() {
            Some(value) => {
                head.headers.insert(T::NAME, value);
                Ok(())
            }
            None => Err(
                HttpError::new(StatusCode::INTERNAL_SERVER_ERROR).because(format!(
                    "a value that the header field `{}` cannot have",
                    T::NAME
                )),
            ),
        }
    }
}
