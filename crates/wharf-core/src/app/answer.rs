use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use wharf_http::{BoxFuture, Chain, Request, Response};

use super::RouteInfo;
use super::limited::Limited;
use crate::extract::Scope;
use crate::middleware::Served;

/// The answer to one request, to come.
pub struct AppFuture {
    future: BoxFuture<'static, Response>,
    /// Present where hooks see the response, or its time is limited. Handlers and middleware are guarded each by itself, so
    /// that their panics and errors are answers already.
    scope: Option<Arc<Scope>>,
    hooked: bool,
    /// Its time is limited, and it has not been waited for yet.
    limited: bool,
}

impl AppFuture {
    #[inline]
    pub(super) fn new(chain: &Arc<Chain<Served>>, request: Request, scope: Arc<Scope>) -> Self {
        Self::limited(chain, request, scope, None)
    }

    /// Of a route whose `limit` is none of its endpoint's business.
    #[inline]
    pub(super) fn limited(
        chain: &Arc<Chain<Served>>,
        request: Request,
        scope: Arc<Scope>,
        limit: Option<Duration>,
    ) -> Self {
        let context = scope.context();
        // Later than time goes is never.
        let deadline = limit.and_then(|after| context.started().checked_add(after));
        if let Some(deadline) = deadline {
            context.shorten_deadline(deadline);
        }
        let (hooked, limited) = (scope.has_hooks(), deadline.is_some());
        Self {
            scope: (hooked || limited).then(|| Arc::clone(&scope)),
            hooked,
            limited,
            future: chain.run(request, scope),
        }
    }

    /// Begins to wait for an answer whose time is limited. Most are ready at once, and never come here.
    #[cold]
    fn wait(&mut self, cx: &mut task::Context<'_>) -> Poll<Response> {
        self.limited = false;
        let Some(scope) = &self.scope else {
            return Poll::Pending;
        };
        let limit = scope.route().and_then(RouteInfo::timeout);
        // The deadline of the context may be an earlier one by now, which is the handler's business.
        let Some(deadline) = limit.and_then(|after| scope.context().started().checked_add(after))
        else {
            return Poll::Pending;
        };
        let answer = std::mem::replace(&mut self.future, Box::pin(pending()));
        let mut limited = Box::pin(Limited::new(answer, deadline, Arc::clone(scope)));
        let polled = limited.poll_clock(cx);
        self.future = limited;
        polled
    }

    /// Of an answer that hooks have seen already.
    #[cfg(feature = "ws")]
    pub(super) fn unhooked(answer: impl Future<Output = Response> + Send + 'static) -> Self {
        Self {
            future: Box::pin(answer),
            scope: None,
            hooked: false,
            limited: false,
        }
    }
}

impl Future for AppFuture {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        // Handed on where it lies: a response is large to move.
        let mut polled = self.future.as_mut().poll(cx);
        if polled.is_pending() && self.limited {
            polled = self.wait(cx);
        }
        if self.hooked
            && let Poll::Ready(response) = &mut polled
            && let Some(scope) = &self.scope
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
            .field("limited", &self.limited)
            .finish_non_exhaustive()
    }
}
