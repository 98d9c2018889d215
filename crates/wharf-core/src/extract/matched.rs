use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use http::request::Parts;

use super::{FromRequestParts, OptionalFromRequestParts, Scope};
use crate::app::RouteInfo;
use crate::error::HttpError;

/// The route that matched: its pattern, name, handler, and where it was written.
///
/// `Option<MatchedRoute>` is `None` in a fallback, where no route matched; without the `Option` that is answered 500.
#[derive(Clone, Debug)]
pub struct MatchedRoute {
    info: Arc<RouteInfo>,
}

impl MatchedRoute {
    fn of(scope: &Scope) -> Option<Self> {
        let info = Arc::clone(scope.shared_route()?);
        Some(Self { info })
    }
}

impl Deref for MatchedRoute {
    type Target = RouteInfo;

    fn deref(&self) -> &RouteInfo {
        &self.info
    }
}

impl FromRequestParts for MatchedRoute {
    type Rejection = HttpError;

    async fn from_request_parts(_parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        Self::of(scope).ok_or_else(|| {
            HttpError::internal("the app is misconfigured")
                .because("no route matched: take `Option<MatchedRoute>` where that can be")
        })
    }
}

impl OptionalFromRequestParts for MatchedRoute {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        _parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(scope))
    }
}
