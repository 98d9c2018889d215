//! Handlers that are given a time, or that are finished in any case.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};
use wharf_http::middleware::Endpoint;
use wharf_http::{BoxFuture, Request, Response, Tasks};

use crate::error::{ErrorKind, HttpError};
use crate::extract::Scope;
use crate::middleware::Served;
use crate::panic::panicked;

/// A handler with a time limit that begins behind middleware, or one that is finished although its client has left.
pub(super) struct LimitedEndpoint {
    pub(super) end: Box<dyn Endpoint<Served>>,
    pub(super) timeout: Option<Duration>,
    pub(super) finish: bool,
}

impl Endpoint<Served> for LimitedEndpoint {
    fn call(&self, request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        // Later than time goes is never.
        let deadline = self
            .timeout
            .and_then(|after| Instant::now().checked_add(after));
        if let Some(deadline) = deadline {
            scope.context().shorten_deadline(deadline);
        }
        let tasks = self
            .finish
            .then(|| scope.context().connection().tasks().clone());
        let answer = match deadline {
            Some(deadline) => {
                let answer = self.end.call(request, Arc::clone(&scope));
                Box::pin(Limited::new(answer, deadline, scope))
            }
            None => self.end.call(request, scope),
        };
        match tasks {
            Some(tasks) => Box::pin(Finish {
                answer: Some(answer),
                tasks,
            }),
            None => answer,
        }
    }
}

/// An answer that has to be ready in time.
pub(super) struct Limited {
    /// Gone when it was not.
    answer: Option<BoxFuture<'static, Response>>,
    deadline: Instant,
    /// Made when there is something to wait for: most answers are ready at once.
    timer: Option<Pin<Box<Sleep>>>,
    scope: Arc<Scope>,
}

impl Future for Limited {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        let this = &mut *self;
        let Some(answer) = &mut this.answer else {
            return Poll::Pending;
        };
        let polled = answer.as_mut().poll(cx);
        if polled.is_ready() {
            return polled;
        }
        this.poll_clock(cx)
    }
}

impl Limited {
    pub(super) fn new(
        answer: BoxFuture<'static, Response>,
        deadline: Instant,
        scope: Arc<Scope>,
    ) -> Self {
        Self {
            answer: Some(answer),
            deadline,
            timer: None,
            scope,
        }
    }

    /// Answers in place of what is not ready if its time is up.
    pub(super) fn poll_clock(&mut self, cx: &mut task::Context<'_>) -> Poll<Response> {
        let deadline = self.deadline;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        // An answer that has used up its turn does not keep the clock from being looked at.
        task::ready!(Pin::new(&mut unconstrained(timer.as_mut())).poll(cx));
        Poll::Ready(self.give_up())
    }

    /// Drops what is not ready, and answers in its place.
    #[cold]
    fn give_up(&mut self) -> Response {
        let error = match catch_unwind(AssertUnwindSafe(|| self.answer = None)) {
            Ok(()) => {
                HttpError::unavailable("the answer was not ready in time").kind(ErrorKind::Timeout)
            }
            Err(panic) => panicked(panic.as_ref()),
        };
        self.scope.render(&error)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;
    use tokio::time::{Instant, advance};
    use wharf_http::{Body, Context, Request, Response};

    use crate::{App, Next, get};

    const LIMIT: Duration = Duration::from_secs(5);

    async fn ask(app: App) -> StatusCode {
        let running = app.timeout(LIMIT).start().await.unwrap();
        let request = Request::new(Body::empty());
        running.handle(request).await.status()
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_is_always_busy_is_limited_too() {
        let busy = async || {
            advance(2 * LIMIT).await;
            // What it waits for is there each time, until its turn is over.
            for _ in 0..100_000 {
                tokio::task::consume_budget().await;
            }
        };
        let status = ask(App::new().routes([get("/", busy)])).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_in_what_is_given_up_is_an_answer_too() {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let waits = async || {
            let _panics = Panics;
            std::future::pending::<()>().await;
        };
        let status = ask(App::new().routes([get("/", waits)])).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_handler_begins_behind_the_middleware() {
        async fn slow(request: Request, next: Next) -> Response {
            tokio::time::sleep(2 * LIMIT).await;
            next.run(request).await
        }
        let left = async |context: Context| {
            assert_eq!(context.remaining(), Some(LIMIT));
            tokio::time::sleep(LIMIT - Duration::from_millis(1)).await;
        };
        let began = Instant::now();
        let app = || App::new().routes([get("/", left)]);
        assert_eq!(ask(app()).await, StatusCode::OK);
        assert_eq!(ask(app().wrap(slow)).await, StatusCode::OK);
        let lasted = began.elapsed();
        assert!(lasted >= 4 * LIMIT - Duration::from_millis(2), "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_up_is_an_answer_that_hooks_see() {
        let app = || {
            let hooked = App::new().on_response(|response, _| {
                let seen = response.status().as_str().parse().unwrap();
                response.headers_mut().insert("x-seen", seen);
            });
            hooked.routes([
                get("/", async || std::future::pending::<()>().await),
                // What it may spend on others is no matter of its own time.
                get("/late", async |context: Context| {
                    context.shorten_deadline(Instant::now());
                    tokio::time::sleep(LIMIT - Duration::from_secs(1)).await;
                }),
            ])
        };
        let running = app().timeout(LIMIT).start().await.unwrap();
        for (path, status, after) in [("/", "503", 5), ("/late", "200", 4)] {
            let began = Instant::now();
            let request = http::Request::get(path).body(Body::empty()).unwrap();
            let answer = running.handle(request).await;
            assert_eq!(answer.status().as_str(), status);
            assert_eq!(answer.headers()["x-seen"], status);
            assert_eq!(began.elapsed().as_secs(), after, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_beyond_the_end_of_time_is_none() {
        let left = async |context: Context| assert_eq!(context.deadline(), None);
        let app = App::new().routes([get("/", left).timeout(Duration::MAX)]);
        assert_eq!(ask(app).await, StatusCode::OK);
    }
}
