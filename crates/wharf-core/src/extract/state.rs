use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use http::request::Parts;

use super::{FromRequestParts, Needs, OptionalFromRequestParts, Scope};
use crate::error::HttpError;

/// A value shared by all requests: what `App::provide` or a resource provided, or a parent app did.
///
/// An app whose handlers need state that nobody provides does not start.
pub struct State<T> {
    value: Arc<T>,
}

impl<T> State<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self { value }
    }

    /// Returns the shared value itself.
    #[must_use]
    pub fn into_inner(self) -> Arc<T> {
        self.value
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
        }
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Send + Sync + 'static> FromRequestParts for State<T> {
    type Rejection = HttpError;

    async fn from_request_parts(_parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        // The check before the start leaves only extractors that did not name their needs.
        scope.state().ok_or_else(|| {
            let name = std::any::type_name::<T>();
            HttpError::internal("the app is misconfigured").because(format!(
                "no state of type `{name}`: provide it, and name it in `needs` of the extractor that looks it up"
            ))
        })
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}

impl<T: Send + Sync + 'static> OptionalFromRequestParts for State<T> {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        _parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(scope.state())
    }
}

/// A value that a middleware put into the request's extensions.
///
/// An app whose handlers need an extension that no middleware around them declares to provide does not start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extension<T>(pub T);

impl<T> Deref for Extension<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static> FromRequestParts for Extension<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, HttpError> {
        parts.extensions.get().cloned().map(Self).ok_or_else(|| {
            let name = std::any::type_name::<T>();
            HttpError::internal("the app is misconfigured").because(format!(
                "no request extension of type `{name}`, although a middleware declares to provide it"
            ))
        })
    }

    fn needs(needs: &mut Needs) {
        needs.extension::<T>();
    }
}

impl<T: Clone + Send + Sync + 'static> OptionalFromRequestParts for Extension<T> {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        parts: &mut Parts,
        _scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned().map(Self))
    }
}
