use std::convert::Infallible;
use std::ops::{Deref, RangeInclusive};

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::response;
use wharf_http::header::{ContentRange, Preconditions, TypedHeader, Validators, Verdict};

use super::{FromRequestParts, Scope};
use crate::error::HttpError;
use crate::response::IntoResponseParts;

/// The conditions that a request makes: on the state of the content, and on the part of it to send (RFC 9110 §13, §14).
///
/// A handler says what state the content is in, and leaves through `?` when there is nothing else to do: with 304 when
/// the client has it already, with 412 when it is not what the client wants to change.
///
/// # Examples
///
/// ```
/// use wharf_core::extract::Conditional;
/// use wharf_core::{App, HttpError, IntoResponse, get, put};
/// use wharf_http::header::{ETag, Validators};
///
/// fn current() -> Result<Validators, HttpError> {
///     Ok(Validators::new().tag(ETag::strong("v7")?))
/// }
///
/// async fn show(conditional: Conditional) -> Result<impl IntoResponse, HttpError> {
///     let current = current()?;
///     conditional.check(&current)?; // If-None-Match: "v7" gets 304
///     Ok((current, "the seventh version")) // with its ETag
/// }
///
/// async fn change(conditional: Conditional) -> Result<(), HttpError> {
///     conditional.check(&current()?)?; // If-Match: "v6" gets 412
///     Ok(())
/// }
///
/// # let _ = App::new().routes([get("/", show), put("/", change)]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditional {
    conditions: Preconditions,
}

impl Conditional {
    /// Checks the conditions on the state of the content.
    ///
    /// # Errors
    ///
    /// The answer to leave with: 304 with the state of the content, or 412.
    pub fn check(&self, current: &Validators) -> Result<(), HttpError> {
        match self.conditions.judge(current) {
            Verdict::Proceed => Ok(()),
            // What a complete answer would say of the state (RFC 9110 §15.4.5).
            Verdict::NotModified => Err(validators(current).into_iter().fold(
                HttpError::new(StatusCode::NOT_MODIFIED),
                |error, (name, value)| error.header(name, value),
            )),
            _ => Err(HttpError::precondition_failed(
                "the content is in another state than the request asks for",
            )),
        }
    }

    /// Returns the parts to send of content of this length; `None` is all of it.
    ///
    /// # Errors
    ///
    /// The answer 416, with the length, when the content has none of the parts.
    pub fn parts(
        &self,
        current: &Validators,
        length: u64,
    ) -> Result<Option<Vec<RangeInclusive<u64>>>, HttpError> {
        let parts = self.conditions.parts(current, length);
        if parts.as_ref().is_none_or(|parts| !parts.is_empty()) {
            return Ok(parts);
        }
        let error = HttpError::range_not_satisfiable(format!("the content has {length} bytes"));
        Err(match ContentRange::unsatisfied(length).encode() {
            Some(value) => error.header(ContentRange::NAME, value),
            None => error,
        })
    }
}

impl Deref for Conditional {
    type Target = Preconditions;

    fn deref(&self) -> &Preconditions {
        &self.conditions
    }
}

impl FromRequestParts for Conditional {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, Infallible> {
        Ok(Self {
            conditions: Preconditions::of(&parts.method, &parts.headers),
        })
    }
}

impl IntoResponseParts for Validators {
    /// Sets `ETag` and `Last-Modified`, as far as they are known.
    fn into_response_parts(self, head: &mut response::Parts) -> Result<(), HttpError> {
        head.headers.extend(validators(&self));
        Ok(())
    }
}

fn validators(current: &Validators) -> Vec<(HeaderName, HeaderValue)> {
    fn field<T: TypedHeader>(value: &T) -> Option<(HeaderName, HeaderValue)> {
        Some((T::NAME, value.encode()?))
    }
    let tag = current.etag().and_then(field);
    let modified = current.last_modified().as_ref().and_then(field);
    tag.into_iter().chain(modified).collect()
}
