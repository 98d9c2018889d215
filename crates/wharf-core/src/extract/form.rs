use std::ops::Deref;

use http::StatusCode;
use http::header::{self, HeaderMap};
use http::request::Parts;
use serde_core::de::DeserializeOwned;
use wharf_http::header::ContentType;
use wharf_http::{Body, Request, charset};

use super::path::given;
use super::text::{self, Kind, Layout, Pair};
use super::{FromRequest, OptionalFromRequest, Scope, body, head_of};
use crate::error::{ErrorKind, HttpError};

/// How many fields a form may have.
const MAX_FIELDS: usize = 1_000;

/// A body that a form sent (`application/x-www-form-urlencoded`), as a struct or a map.
///
/// Fields are read as in [`Query`](super::Query): repeated names make a `Vec`, blank ones an `Option` without a value.
/// Another content type is answered 415, and so are a charset that [`charset::decode`] does not know and text that is not
/// valid in its charset, which is UTF-8 unless one is named. A field that does not fit is answered 422 with its name; more than 1,000 fields, or more than the body limit of the route, 413.
///
/// Only the body is looked at: a form sent with GET is in the query. `Option<Form<T>>` is `None` when there is neither
/// a content type nor a body.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use wharf_core::{App, Form, post};
///
/// #[derive(Deserialize)]
/// struct Login {
///     name: String,
///     #[serde(default)]
///     remember: bool,
/// }
///
/// async fn login(Form(login): Form<Login>) -> String {
///     format!("hello {}", login.name)
/// }
///
/// # let _ = App::new().routes([post("/login", login)]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Form<T>(pub T);

impl<T> Deref for Form<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + Send> FromRequest for Form<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, HttpError> {
        let (head, mut body) = request.into_parts();
        read(&head.headers, &mut body, scope).await.map(Self)
    }

    async fn from_pieces(
        head: &mut Option<Parts>,
        body: &mut Body,
        scope: &Scope,
    ) -> Result<Self, HttpError> {
        read(&head_of(head).headers, body, scope).await.map(Self)
    }
}

impl<T: DeserializeOwned + Send> OptionalFromRequest for Form<T> {
    type Rejection = HttpError;

    async fn from_request_optional(
        request: Request,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let (head, mut body) = request.into_parts();
        let headers = &head.headers;
        if !headers.contains_key(header::CONTENT_TYPE)
            && body::whole(headers, &mut body, scope).await?.is_empty()
        {
            return Ok(None);
        }
        let form = read(headers, &mut body, scope).await;
        form.map(|form| Some(Self(form)))
    }
}

async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &mut Body,
    scope: &Scope,
) -> Result<T, HttpError> {
    body::expect_type(
        headers,
        "application/x-www-form-urlencoded",
        ContentType::is_form,
    )?;
    let charset = charset(headers)?;
    let encoded = body::whole(headers, body, scope).await?;
    decode(encoded.trim_ascii_end(), charset.as_deref())
}

/// Returns the charset of the texts, unless it is UTF-8, which is what browsers send (URL standard §5.1).
fn charset(headers: &HeaderMap) -> Result<Option<String>, HttpError> {
    let kind = body::content_type(headers)?;
    let Some(name) = kind
        .as_ref()
        .filter(|kind| !kind.is_utf8())
        .and_then(ContentType::charset)
    else {
        return Ok(None);
    };
    match charset::decode(name, b"") {
        Ok(_) => Ok(Some(name.to_owned())),
        Err(_) => Err(body::unsupported(format!(
            "the charset is `{name}`, expected `utf-8`"
        ))),
    }
}

fn decode<T: DeserializeOwned>(encoded: &[u8], charset: Option<&str>) -> Result<T, HttpError> {
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    let all = text::pairs(encoded);
    let all = match charset {
        Some(charset) => all.in_charset(charset),
        None => all,
    };
    for pair in all {
        let pair = pair.map_err(|bad| body::unsupported(format!("the form field {bad}")))?;
        if pairs.len() == MAX_FIELDS {
            return Err(HttpError::new(StatusCode::PAYLOAD_TOO_LARGE)
                .detail(format!(
                    "the form has more than the limit of {MAX_FIELDS} fields"
                ))
                .kind(ErrorKind::TooLarge));
        }
        pairs.push(pair);
    }
    text::decode(&pairs, Layout::Form).map_err(|error| {
        let text = error.describe("form field", &|name| given(&pairs, name));
        match error.kind {
            Kind::Unsupported(_) => HttpError::internal("the app is misconfigured").because(text),
            _ => HttpError::unprocessable(text).kind(ErrorKind::Extraction),
        }
    })
}
