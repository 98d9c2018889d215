use std::convert::Infallible;
use std::ops::Deref;

use http::request::Parts;

use super::{FromRequestParts, Needs, OptionalFromRequestParts, Scope};
use crate::error::{ErrorKind, HttpError};

/// Who is asking: what [`BasicAuth`](crate::middleware::BasicAuth), [`BearerAuth`](crate::middleware::BearerAuth) or a middleware of
/// your own found out.
///
/// Where nobody has signed in, although somebody may, the answer is 401; `Option<Principal<T>>` is `None` then. The 401 asks for
/// credentials as the middleware around it does, and says `WWW-Authenticate: Session` where none of them has a scheme. An app whose
/// handlers take one that no middleware around them declares to provide does not start.
///
/// # Examples
///
/// Any middleware may set it, such as one that knows sessions:
///
/// ```
/// use wharf_core::extract::Principal;
/// use wharf_core::{App, Next, Request, Response, from_fn, get};
///
/// #[derive(Clone)]
/// struct User(String);
///
/// async fn by_session(mut request: Request, next: Next) -> Response {
///     if request.headers().contains_key("x-session") {
///         request.extensions_mut().insert(Principal(User("Ada".into())));
///     }
///     next.run(request).await
/// }
///
/// async fn me(user: Principal<User>) -> String {
///     user.0.0
/// }
///
/// let app = App::new().routes([get("/me", me)]);
/// assert!(app.check().is_err()); // nobody finds out who is asking
///
/// let app = App::new().routes([get("/me", me)]).wrap(from_fn(by_session).provides::<Principal<User>>());
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let request = http::Request::get("/me").body(Default::default()).unwrap();
/// let answer = app.start().await.unwrap().handle(request).await;
/// assert_eq!(answer.status(), 401);
/// assert_eq!(answer.headers()["www-authenticate"], "Session");
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Principal<T>(pub T);

impl<T> Deref for Principal<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What is answered where somebody has to sign in first.
pub(crate) fn nobody() -> HttpError {
    HttpError::unauthorized("sign in first")
}

impl<T: Clone + Send + Sync + 'static> FromRequestParts for Principal<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _scope: &Scope) -> Result<Self, HttpError> {
        let principal = parts.extensions.get().cloned();
        principal.ok_or_else(|| nobody().kind(ErrorKind::Extraction))
    }

    fn needs(needs: &mut Needs) {
        needs.extension::<Self>();
    }
}

impl<T: Clone + Send + Sync + 'static> OptionalFromRequestParts for Principal<T> {
    type Rejection = Infallible;

    async fn from_request_parts_optional(
        parts: &mut Parts,
        _scope: &Scope,
    ) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}
