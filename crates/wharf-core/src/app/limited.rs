//! Handlers that are given a time, or that are finished in any case.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use tokio::time::Instant;
use wharf_http::middleware::Endpoint;
use wharf_http::{BoxFuture, Request, Response, Tasks};

use crate::error::{ErrorKind, HttpError};
use crate::extract::Scope;
use crate::middleware::Served;
use crate::panic::Guarded;

/// A handler with a time limit, or one that is finished although its client has left.
pub(super) struct LimitedEndpoint {
    pub(super) end: Box<dyn Endpoint<Served>>,
    pub(super) timeout: Option<Duration>,
    pub(super) finish: bool,
}

impl Endpoint<Served> for LimitedEndpoint {
    fn call(&self, request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        if let Some(after) = self.timeout {
            scope.context().shorten_deadline(Instant::now() + after);
        }
        let tasks = scope.context().connection().tasks().clone();
        let answer = self.end.call(request, Arc::clone(&scope));
        let answer = match self.timeout {
            Some(after) => Box::pin(Guarded::new(Arc::clone(&scope), async move {
                match tokio::time::timeout(after, answer).await {
                    Ok(response) => response,
                    Err(_elapsed) => scope.render(
                        &HttpError::unavailable("the answer was not ready in time")
                            .kind(ErrorKind::Timeout),
                    ),
                }
            })),
            None => answer,
        };
        if self.finish {
            Box::pin(Finish {
                answer: Some(answer),
                tasks,
            })
        } else {
            answer
        }
    }
}

/// Moves an unfinished answer into a task of its own when it is dropped, so that it runs to its end.
struct Finish {
    answer: Option<BoxFuture<'static, Response>>,
    tasks: Tasks,
}

impl Future for Finish {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        let Some(answer) = &mut self.answer else {
            return Poll::Pending;
        };
        let polled = answer.as_mut().poll(cx);
        if polled.is_ready() {
            self.answer = None;
        }
        polled
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        // Outside a runtime there is nobody left to finish it.
        if let Some(answer) = self.answer.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let _runtime = runtime.enter();
            drop(self.tasks.spawn(answer));
        }
    }
}
