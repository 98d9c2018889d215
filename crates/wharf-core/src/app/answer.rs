use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use wharf_http::{BoxFuture, Chain, Request, Response};

use crate::extract::Scope;
use crate::middleware::Served;

/// The answer to one request, to come.
pub struct AppFuture {
    future: BoxFuture<'static, Response>,
    /// Present where hooks see the response. Handlers and middleware are guarded each by itself, so that their panics
    /// and errors are answers already.
    hooked: Option<Arc<Scope>>,
}

impl AppFuture {
    #[inline]
    pub(super) fn new(chain: &Arc<Chain<Served>>, request: Request, scope: Arc<Scope>) -> Self {
        Self {
            hooked: scope.has_hooks().then(|| Arc::clone(&scope)),
            future: chain.run(request, scope),
        }
    }

    /// Of an answer that hooks have seen already.
    #[cfg(feature = "ws")]
    pub(super) fn unhooked(answer: impl Future<Output = Response> + Send + 'static) -> Self {
        Self {
            future: Box::pin(answer),
            hooked: None,
        }
    }
}

impl Future for AppFuture {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        let Self { future, hooked } = &mut *self;
        // Handed on where it lies: a response is large to move.
        let mut polled = future.as_mut().poll(cx);
        if let Poll::Ready(response) = &mut polled
            && let Some(scope) = hooked
        {
            scope.prepare(response);
        }
        polled
    }
}

impl fmt::Debug for AppFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppFuture")
            .field("hooked", &self.hooked)
            .finish_non_exhaustive()
    }
}
