//! [`AnyFuture`], an answer to come whose type has been forgotten.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::{BoxFuture, Response};

/// The answer to come of a service of whatever type; see [`Service::call_any`](super::Service::call_any).
///
/// # Examples
///
/// ```
/// use wharf_http::service::{AnyFuture, Service, service_fn};
/// use wharf_http::{Connection, Context, Request, Response};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let hello = service_fn(|_: Request, _: Context| async { Response::new("hello".into()) });
/// let answer: AnyFuture = hello.call_any(Request::default(), &Context::new(Connection::memory()));
/// assert_eq!(answer.await.status(), 200);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AnyFuture {
    future: BoxFuture<'static, Response>,
    finish: Option<Arc<dyn Finish>>,
    /// Somebody wants to know that the answer is not ready at once, and has not been told yet.
    unwaited: bool,
    /// Somebody wants to see the answer.
    unseen: bool,
}

/// What a service does beside the future that makes its answer, without another future around that.
pub trait Finish: Send + Sync {
    /// Is told once that `future` is not ready at once, and may put another in its place. Default: nothing.
    fn wait(
        self: Arc<Self>,
        future: &mut BoxFuture<'static, Response>,
        cx: &mut Context<'_>,
    ) -> Poll<Response> {
        let _ = (future, cx);
        Poll::Pending
    }

    /// Sees the answer. Default: nothing.
    fn see(&self, response: &mut Response) {
        let _ = response;
    }
}

impl AnyFuture {
    /// Creates the answer that a future makes.
    #[must_use]
    #[inline]
    pub fn new(future: BoxFuture<'static, Response>) -> Self {
        Self::finished_by(None, future, false, false)
    }

    /// Creates the answer that a future makes, and which somebody [waits](Finish::wait) for, or [sees](Finish::see).
    #[must_use]
    #[inline]
    pub fn finished_by(
        finish: Option<Arc<dyn Finish>>,
        future: BoxFuture<'static, Response>,
        waits: bool,
        sees: bool,
    ) -> Self {
        Self {
            future,
            finish,
            unwaited: waits,
            unseen: sees,
        }
    }

    #[cold]
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Response> {
        self.unwaited = false;
        match &self.finish {
            Some(finish) => Arc::clone(finish).wait(&mut self.future, cx),
            None => Poll::Pending,
        }
    }
}

impl Future for AnyFuture {
    type Output = Response;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        // Handed on where it lies: a response is large to move.
        let mut polled = self.future.as_mut().poll(cx);
        if polled.is_pending() && self.unwaited {
            polled = self.wait(cx);
        }
        if self.unseen
            && let Poll::Ready(response) = &mut polled
            && let Some(finish) = &self.finish
        {
            finish.see(response);
        }
        polled
    }
}

impl fmt::Debug for AnyFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyFuture")
            .field("waited_for", &self.unwaited)
            .field("seen", &self.unseen)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Waker;

    use http::StatusCode;

    use super::*;

    /// Answers in place of what is not ready, and counts.
    #[derive(Default)]
    struct Impatient {
        waited: AtomicUsize,
        seen: AtomicUsize,
    }

    impl Finish for Impatient {
        fn wait(
            self: Arc<Self>,
            future: &mut BoxFuture<'static, Response>,
            _cx: &mut Context<'_>,
        ) -> Poll<Response> {
            self.waited.fetch_add(1, Ordering::Relaxed);
            let mut late = Response::default();
            *late.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            *future = Box::pin(ready(late));
            Poll::Pending
        }

        fn see(&self, response: &mut Response) {
            self.seen.fetch_add(1, Ordering::Relaxed);
            response
                .headers_mut()
                .insert("seen", "yes".parse().unwrap());
        }
    }

    fn poll(future: &mut AnyFuture) -> Poll<Response> {
        Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_answer_is_waited_for_once_and_seen_when_it_is_there() {
        let finish = Arc::new(Impatient::default());
        let slow = Box::pin(pending());
        let mut answer = AnyFuture::finished_by(Some(finish.clone()), slow, true, true);
        assert!(poll(&mut answer).is_pending());
        let Poll::Ready(response) = poll(&mut answer) else {
            unreachable!("what took the place of the answer is ready")
        };
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["seen"], "yes");
        assert_eq!(finish.waited.load(Ordering::Relaxed), 1);
        assert_eq!(finish.seen.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn who_wants_neither_is_told_nothing() {
        let finish = Arc::new(Impatient::default());
        let slow = Box::pin(pending());
        let mut answer = AnyFuture::finished_by(Some(finish.clone()), slow, false, false);
        assert!(poll(&mut answer).is_pending() && poll(&mut answer).is_pending());
        let quick = Box::pin(ready(Response::default()));
        let mut answer = AnyFuture::finished_by(Some(finish.clone()), quick, false, false);
        assert!(poll(&mut answer).is_ready());
        assert_eq!(finish.waited.load(Ordering::Relaxed), 0);
        assert_eq!(finish.seen.load(Ordering::Relaxed), 0);
    }
}
