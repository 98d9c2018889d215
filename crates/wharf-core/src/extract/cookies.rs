use std::convert::Infallible;

use http::header;
use http::request::Parts;
pub use wharf_http::cookie::Cookies;

use super::{FromRequestParts, OptionalFromRequestParts, Scope};

impl FromRequestParts for Cookies {
    type Rejection = Infallible;

    /// Never fails: what is malformed is left out.
    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl OptionalFromRequestParts for Cookies {
    type Rejection = Infallible;

    /// `None` when the request has no `Cookie` field.
    async fn from_request_parts_optional(
        parts: &mut Parts,
        _scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        let there = parts.headers.contains_key(header::COOKIE);
        Ok(there.then(|| Self::of(&parts.headers)))
    }
}
