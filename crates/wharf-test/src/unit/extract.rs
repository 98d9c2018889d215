use std::convert::Infallible;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use wharf_core::extract::{FromRequest, Needs, Scope};
use wharf_core::{App, Context, Request};
use wharf_http::BoxFuture;

use super::{Alone, call};
use crate::fail;

/// A value that is to be made of a request; made by [`extract`](super::extract).
///
/// Awaiting it gives the value, or the rejection that would have been the answer.
///
/// # Panics
///
/// Awaiting it panics when state is missing that the extractor says it needs, and when the path does not fit the route.
#[must_use = "nothing is extracted until it is awaited"]
pub struct Extracting<T: FromRequest<M>, M> {
    alone: Alone,
    place: Place<T, M>,
}

type Outcome<T, M> = Result<T, <T as FromRequest<M>>::Rejection>;
type Place<T, M> = Arc<Mutex<Option<Outcome<T, M>>>>;

impl<T, M> Extracting<T, M>
where
    T: FromRequest<M, Rejection: Send> + Send + 'static,
    M: 'static,
{
    #[track_caller]
    pub(super) fn new(request: Request) -> Self {
        let place: Place<T, M> = Arc::default();
        let kept = Arc::clone(&place);
        let keep = move |argument: Argument<T, M>| {
            let mut place = kept.lock().unwrap_or_else(PoisonError::into_inner);
            *place = Some(argument.outcome);
            std::future::ready(())
        };
        Self {
            alone: call(keep, request),
            place,
        }
    }

    /// Provides state. Default: none.
    #[track_caller]
    pub fn state<S: Send + Sync + 'static>(mut self, value: S) -> Self {
        self.alone = self.alone.state(value);
        self
    }

    /// Sets the pattern of the route, such as `/ships/{id}`, which the path of the request has to fit.
    ///
    /// Default: none; any path will do, and there are no parameters.
    pub fn route(mut self, pattern: impl Into<String>) -> Self {
        self.alone = self.alone.route(pattern);
        self
    }

    /// Sets what travels with the request: its connection, who sent it, a deadline. Default: a connection in memory.
    pub fn context(mut self, context: Context) -> Self {
        self.alone = self.alone.context(context);
        self
    }

    /// Changes the application that it is put into, such as its limits or its middleware.
    pub fn app(mut self, change: impl FnOnce(App) -> App) -> Self {
        self.alone = self.alone.app(change);
        self
    }
}

impl<T, M> IntoFuture for Extracting<T, M>
where
    T: FromRequest<M, Rejection: Send> + Send + 'static,
    M: 'static,
{
    type Output = Outcome<T, M>;
    type IntoFuture = BoxFuture<'static, Outcome<T, M>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let response = self.alone.await;
            let outcome = self
                .place
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            match outcome {
                Some(outcome) => outcome,
                None => fail(&format!(
                    "nothing was extracted, the answer came before\n\n{response}"
                )),
            }
        })
    }
}

impl<T: FromRequest<M>, M> fmt::Debug for Extracting<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Extracting").field(&self.alone).finish()
    }
}

/// A handler argument that takes what became of another one.
struct Argument<T: FromRequest<M>, M> {
    outcome: Outcome<T, M>,
    via: PhantomData<fn(M)>,
}

impl<T, M> FromRequest for Argument<T, M>
where
    T: FromRequest<M, Rejection: Send> + Send,
{
    type Rejection = Infallible;

    async fn from_request(request: Request, scope: &Scope) -> Result<Self, Infallible> {
        Ok(Self {
            outcome: T::from_request(request, scope).await,
            via: PhantomData,
        })
    }

    fn needs(needs: &mut Needs) {
        T::needs(needs);
    }
}
