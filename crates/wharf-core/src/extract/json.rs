//! Bodies of JSON, and the codecs that read and write them.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use serde_core::Serialize;
use serde_core::de::DeserializeOwned;
use wharf_http::header::ContentType;
use wharf_http::{Body, Request, Response};

pub use wharf_http::json::{JsonCodec, JsonError, JsonErrorKind, SerdeJson};

use super::{FromRequest, OptionalFromRequest, Scope, body, head_of};
use crate::error::{ErrorKind, HttpError};
use crate::response::{IntoResponse, with_type};

/// A body of JSON: read from a request as the last argument of a handler, or returned as the answer.
///
/// A request must say `application/json`, or a type that ends in `+json`: 415 if not. Text that is no JSON is answered
/// 400, JSON of another shape 422 with the path of the bad field, more than the body limit of the route 413.
/// `Option<Json<T>>` is `None` when there is neither a content type nor a body.
///
/// The answer has the content type `application/json`. A value that cannot be encoded is logged and answered 500.
///
/// `serde_json` does the work; [`JsonWith`] is the same with another codec.
///
/// # Examples
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wharf_core::{App, Json, post};
///
/// #[derive(Deserialize, Serialize)]
/// struct Ship {
///     name: String,
/// }
///
/// async fn launch(Json(ship): Json<Ship>) -> Json<Ship> {
///     Json(ship)
/// }
///
/// # let _ = App::new().routes([post("/ships", launch)]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    /// Has the value encoded by another codec, for one answer.
    pub fn with<C: JsonCodec>(self) -> JsonWith<T, C> {
        JsonWith::new(self.0)
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned + Send> FromRequest for Json<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, HttpError> {
        let (head, mut body) = request.into_parts();
        let value = read::<T, SerdeJson>(&head.headers, &mut body, scope).await;
        value.map(Self)
    }

    async fn from_pieces(
        head: &mut Option<Parts>,
        body: &mut Body,
        scope: &Scope,
    ) -> Result<Self, HttpError> {
        let headers = &head_of(head).headers;
        read::<T, SerdeJson>(headers, body, scope).await.map(Self)
    }
}

impl<T: DeserializeOwned + Send> OptionalFromRequest for Json<T> {
    type Rejection = HttpError;

    async fn from_request_optional(
        request: Request,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let value = read_optional::<T, SerdeJson>(request, scope).await?;
        Ok(value.map(Self))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        respond::<T, SerdeJson>(&self.0)
    }
}

/// A body of JSON, read and written by a codec of choice; all else is as with [`Json`].
///
/// # Examples
///
/// An application that wants another codec everywhere names it once:
///
/// ```
/// use serde::{Deserialize, Serialize, de::DeserializeOwned};
/// use wharf_core::extract::json::{JsonCodec, JsonError, JsonWith, SerdeJson};
/// use wharf_core::{App, BoxError, post};
///
/// /// Writes JSON that people can read.
/// struct Pretty;
///
/// impl JsonCodec for Pretty {
///     fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, BoxError> {
///         serde_json::to_vec_pretty(value).map_err(Into::into)
///     }
///
///     fn decode<T: DeserializeOwned>(json: &[u8]) -> Result<T, JsonError> {
///         SerdeJson::decode(json)
///     }
/// }
///
/// type Json<T> = JsonWith<T, Pretty>;
///
/// #[derive(Deserialize, Serialize)]
/// struct Ship {
///     name: String,
/// }
///
/// async fn launch(ship: Json<Ship>) -> Json<Ship> {
///     Json::new(Ship { name: ship.name.to_uppercase() })
/// }
///
/// # let _ = App::new().routes([post("/ships", launch)]);
/// ```
///
/// One answer alone is encoded by another codec with `Json(value).with::<Pretty>()`.
pub struct JsonWith<T, C> {
    value: T,
    codec: PhantomData<fn() -> C>,
}

impl<T, C> JsonWith<T, C> {
    /// Wraps a value to answer with.
    pub fn new(value: T) -> Self {
        Self {
            value,
            codec: PhantomData,
        }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T, C> Deref for JsonWith<T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, C> DerefMut for JsonWith<T, C> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug, C> fmt::Debug for JsonWith<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonWith").field(&self.value).finish()
    }
}

impl<T: DeserializeOwned + Send, C: JsonCodec> FromRequest for JsonWith<T, C> {
    type Rejection = HttpError;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, HttpError> {
        let (head, mut body) = request.into_parts();
        let value = read::<T, C>(&head.headers, &mut body, scope).await;
        value.map(Self::new)
    }

    async fn from_pieces(
        head: &mut Option<Parts>,
        body: &mut Body,
        scope: &Scope,
    ) -> Result<Self, HttpError> {
        let headers = &head_of(head).headers;
        read::<T, C>(headers, body, scope).await.map(Self::new)
    }
}

impl<T: DeserializeOwned + Send, C: JsonCodec> OptionalFromRequest for JsonWith<T, C> {
    type Rejection = HttpError;

    async fn from_request_optional(
        request: Request,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let value = read_optional::<T, C>(request, scope).await?;
        Ok(value.map(Self::new))
    }
}

impl<T: Serialize, C: JsonCodec> IntoResponse for JsonWith<T, C> {
    fn into_response(self) -> Response {
        respond::<T, C>(&self.value)
    }
}

async fn read<T: DeserializeOwned, C: JsonCodec>(
    headers: &HeaderMap,
    body: &mut Body,
    scope: &Scope,
) -> Result<T, HttpError> {
    body::expect_type(headers, "application/json", ContentType::is_json)?;
    decode::<T, C>(&body::whole(headers, body, scope).await?)
}

async fn read_optional<T: DeserializeOwned, C: JsonCodec>(
    request: Request,
    scope: &Scope,
) -> Result<Option<T>, HttpError> {
    let (head, mut body) = request.into_parts();
    let headers = &head.headers;
    if !headers.contains_key(header::CONTENT_TYPE)
        && body::whole(headers, &mut body, scope).await?.is_empty()
    {
        return Ok(None);
    }
    read::<T, C>(headers, &mut body, scope).await.map(Some)
}

fn decode<T: DeserializeOwned, C: JsonCodec>(json: &[u8]) -> Result<T, HttpError> {
    if json.is_empty() {
        return Err(
            HttpError::bad_request("the body is empty, expected JSON").kind(ErrorKind::Extraction)
        );
    }
    C::decode(json).map_err(|error| {
        let detail = format!("{error:#}");
        let answer = match error.kind() {
            JsonErrorKind::Shape => HttpError::unprocessable(detail),
            _ => HttpError::bad_request(detail),
        };
        answer.kind(ErrorKind::Extraction).because(error)
    })
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn respond<T: Serialize, C: JsonCodec>(value: &T) -> Response {
    match C::encode(value) {
        Ok(json) => with_type(json, JSON),
        Err(error) => HttpError::new(http::StatusCode::INTERNAL_SERVER_ERROR)
            .because(error)
            .into_response(),
    }
}
