use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use wharf_http::service::{AnyFuture, Finish};
use wharf_http::{BoxFuture, Chain, Request, Response};

use super::RouteInfo;
use super::limited::Limited;
use crate::extract::Scope;
use crate::middleware::Served;

/// The answer to one request, to come.
pub struct AppFuture {
    future: AnyFuture,
}

impl AppFuture {
    #[inline]
    pub(super) fn new(chain: &Arc<Chain<Served>>, request: Request, scope: Arc<Scope>) -> Self {
        Self::limited(chain, request, scope, None)
    }

    /// Of a route whose `limit` is none of its endpoint's business.
    ///
    /// The scope comes along where hooks see the response, or its time is limited. Handlers and middleware are guarded each by
    /// itself, so that their panics and errors are answers already.
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
        let finish = (hooked || limited).then(|| Arc::clone(&scope) as Arc<dyn Finish>);
        Self {
            future: AnyFuture::finished_by(finish, chain.run(request, scope), limited, hooked),
        }
    }

    /// Of an answer that hooks have seen already.
    #[cfg(feature = "ws")]
    pub(super) fn unhooked(answer: impl Future<Output = Response> + Send + 'static) -> Self {
        Self {
            future: AnyFuture::new(Box::pin(answer)),
        }
    }

    #[inline]
    pub(super) fn into_any(self) -> AnyFuture {
        self.future
    }
}

impl Finish for Scope {
    /// Begins to wait for an answer whose time is limited. Most are ready at once, and never come here.
    #[cold]
    fn wait(
        self: Arc<Self>,
        future: &mut BoxFuture<'static, Response>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Response> {
        let limit = self.route().and_then(RouteInfo::timeout);
        // The deadline of the context may be an earlier one by now, which is the handler's business.
        let Some(deadline) = limit.and_then(|after| self.context().started().checked_add(after))
        else {
            return Poll::Pending;
        };
        let answer = std::mem::replace(future, Box::pin(pending()));
        let mut limited = Box::pin(Limited::new(answer, deadline, self));
        let polled = limited.poll_clock(cx);
        *future = limited;
        polled
    }

    fn see(&self, response: &mut Response) {
        self.prepare(response);
    }
}

impl Future for AppFuture {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        Pin::new(&mut self.future).poll(cx)
    }
}

impl fmt::Debug for AppFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppFuture").finish_non_exhaustive()
    }
}
