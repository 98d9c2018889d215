//! [`Session`]: what a handler holds of a session.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use super::current::Renewal;
use super::failure::Failure;
use super::flash::{Flash, Level};
use super::sessions::Slot;
use super::token::Secret;
use super::visit::{Shared, lock};
use super::{SessionData, Sessions};
use crate::error::HttpError;
use crate::extract::{FromRequestParts, Needs, OptionalFromRequestParts, Scope};

/// What is known of a visitor, as an extractor. Cheap to clone; clones are the same session.
///
/// It is loaded when it is extracted, once for each request, and written when the handler has answered and before the head of the
/// answer is sent; not at all unless something has changed. If it cannot be written, the answer is one of status 503 or 500 in place
/// of the handler's. After an answer of status 500 or above nothing is written but the end of a session. What is changed later, such
/// as by a WebSocket or while a body is streamed, is lost, and a line of the log.
///
/// # Two requests at once
///
/// In a store, the request that ends later is written on top of the other: fields of `T` that only one of them has changed are both
/// kept, and of one field the later value. A session that one of them has ended or rotated stays so: the other is answered 409
/// if it has changed anything. In a cookie, the browser keeps the one that comes last, as a whole.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "form")]
/// # mod example {
/// use serde::{Deserialize, Serialize};
/// use wharf_core::session::{Level, Session};
/// use wharf_core::{Form, HttpError, Redirect};
///
/// #[derive(Clone, Default, Serialize, Deserialize)]
/// struct Visitor {
///     user: Option<u64>,
/// }
///
/// # async fn check(_: &Login) -> Result<u64, HttpError> { Ok(7) }
/// #[derive(Deserialize)]
/// struct Login { name: String, password: String }
///
/// async fn login(session: Session<Visitor>, form: Form<Login>) -> Result<Redirect, HttpError> {
///     let user = check(&form).await?;
///     session.sign_in(|visitor| visitor.user = Some(user));
///     session.flash(Level::Success, "Welcome back.");
///     Ok(Redirect::to("/"))
/// }
///
/// async fn logout(session: Session<Visitor>) -> Redirect {
///     session.destroy();
///     Redirect::to("/")
/// }
/// # }
/// ```
pub struct Session<T> {
    current: Shared<T>,
}

impl<T: SessionData> Session<T> {
    /// Returns what is in the session as it is now; the default of the type for a visitor who has none.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&lock(&self.current).data)
    }

    /// Changes what is in the session, and returns what the closure does.
    ///
    /// The closure works on a copy, which then takes the place of what was there: of two parts of one handler that do this at the same
    /// moment, the one that ends later counts.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut data = T::clone(&self.get());
        let result = change(&mut data);
        let mut current = lock(&self.current);
        current.touch();
        current.data = Arc::new(data);
        result
    }

    /// Changes what is in the session of a visitor who has just proved who it is, and begins it anew: with another
    /// id, other tokens, and all of its time.
    ///
    /// Whoever has put a known cookie into the browser before has nothing of it (session fixation).
    pub fn sign_in<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = self.update(change);
        lock(&self.current).rotate(Renewal::SignedIn);
        result
    }

    /// Gives the session another id, as when a visitor may do more than before. The old id is worth nothing then, where the session is
    /// in a store; a copy of an old cookie that holds all of it is good until it expires.
    ///
    /// Does nothing for a session that has nothing in it.
    pub fn rotate(&self) {
        let mut current = lock(&self.current);
        current.touch();
        current.rotate(Renewal::Rotated);
    }

    /// Ends the session: it is removed from its store, and the browser forgets its cookie.
    ///
    /// What is put in afterwards, such as a message, begins a new one. A copy of a cookie that holds all of a session is good until it
    /// expires: keep what must end at once in a store.
    pub fn destroy(&self) {
        let mut current = lock(&self.current);
        current.touch();
        current.destroy();
    }

    /// Tells whether the visitor has come without a session, or with one that is not used.
    #[must_use]
    pub fn is_new(&self) -> bool {
        lock(&self.current).is_new()
    }

    /// Adds a message for the next page that asks for them, be it after a redirect.
    ///
    /// A message has at most 512 bytes, the rest is cut off; there are at most 16, of which the oldest go first.
    pub fn flash(&self, level: Level, text: impl Into<String>) {
        let flash = Flash::new(level, text);
        let mut current = lock(&self.current);
        current.touch();
        current.flash(flash);
    }

    /// Takes out the messages that wait, the oldest first: they are shown now, and not again.
    #[must_use = "they are not shown again"]
    pub fn take_flashes(&self) -> Vec<Flash> {
        let mut current = lock(&self.current);
        if !current.flashes.is_empty() {
            current.touch();
        }
        std::mem::take(&mut current.flashes)
    }

    /// Returns a token for a form of this visitor, which [`check_token`](Self::check_token) knows when it comes back; another one
    /// each time, all of them good until the session ends or gets another id.
    ///
    /// [`Csrf`](crate::middleware::Csrf) protects all forms without any: this is for clients that say nothing of where a
    /// request comes from.
    ///
    /// # Errors
    ///
    /// 500 when the system has no random bytes.
    pub fn token(&self) -> Result<String, HttpError> {
        let random = |_error| Failure::NoRandomBytes.into_http();
        let mut current = lock(&self.current);
        let secret = match &current.secret {
            Some(secret) => secret.clone(),
            None => {
                current.touch();
                current
                    .secret
                    .insert(Secret::random().map_err(random)?)
                    .clone()
            }
        };
        secret.token().map_err(random)
    }

    /// Checks a token that came with a form.
    ///
    /// # Errors
    ///
    /// 403 when this session has made none such.
    pub fn check_token(&self, token: &str) -> Result<(), HttpError> {
        let secret = lock(&self.current).secret.clone();
        if secret.is_some_and(|secret| secret.made(token)) {
            return Ok(());
        }
        Err(HttpError::forbidden(
            "the form is not from here, or its session has ended: load its page again",
        ))
    }
}

impl<T> Clone for Session<T> {
    fn clone(&self) -> Self {
        Self {
            current: Arc::clone(&self.current),
        }
    }
}

impl<T> fmt::Debug for Session<T> {
    /// Shows nothing of what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl<T: SessionData> FromRequestParts for Session<T> {
    type Rejection = HttpError;

    /// Fails with 503 when the store does not answer. A cookie that is not used is an empty session and a line of the log.
    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, HttpError> {
        let session = Self::from_request_parts_optional(parts, scope).await?;
        session.ok_or_else(|| {
            let name = std::any::type_name::<T>();
            HttpError::internal("the app is misconfigured").because(format!(
                "no `Sessions<{name}>` is wrapped around it, although a middleware declares to be one"
            ))
        })
    }

    fn needs(needs: &mut Needs) {
        // The message of the check names what has to be wrapped around the route.
        needs.extension::<Sessions<T>>();
    }
}

impl<T: SessionData> OptionalFromRequestParts for Session<T> {
    type Rejection = HttpError;

    /// `None` where no [`Sessions`] are wrapped around the route.
    async fn from_request_parts_optional(
        parts: &mut Parts,
        scope: &Scope,
    ) -> Result<Option<Self>, HttpError> {
        let Some(Slot(visit)) = parts.extensions.get::<Slot<T>>().cloned() else {
            return Ok(None);
        };
        match visit.load(&parts.headers, scope).await {
            Ok(current) => Ok(Some(Self { current })),
            Err(failure) => Err(failure.into_http()),
        }
    }
}
