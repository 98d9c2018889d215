//! [`Timeout`]: a time limit for everything that it is wrapped around.

use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, timeout_at};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};
use crate::error::{ErrorKind, HttpError};
use crate::response::IntoResponse;

/// Answers 503 or 504 when what it is wrapped around has no response ready in time.
///
/// Wrapped around an app, a mounted app or a route. The time runs from when the request comes by until there is a response: its
/// head, not its body. So event streams, downloads and open WebSockets are not cut, and what the handler waits for while the
/// client sends its body is included.
///
/// [`App::timeout`](crate::App::timeout) and [`Route::timeout`](crate::Route::timeout) limit the handler alone, and the innermost
/// of them replaces the others, so that a slow route may have more time than its app. This limits the middleware inside as well,
/// such as one that asks a database who the user is, and of several that are nested the shortest counts: one inside cannot
/// have more time than one outside leaves it. Give the app the `timeout`, and wrap this around what must not be exceeded.
///
/// The deadline of the request's [`Context`](wharf_http::Context) is moved forward to it, so that calls of a client
/// made `within` that context give up in time.
///
/// When time is up, what is inside is dropped where it waits, as when the client leaves: no line after that `.await` runs, `Drop`
/// does, and a transaction that was not committed is rolled back. What has to be done in any case goes through
/// [`Context::protect`](wharf_http::Context::protect). A handler that is set to
/// [`OnDisconnect::Finish`](crate::OnDisconnect::Finish) runs to its end, and its answer is thrown away. Code that never waits, such
/// as a long computation, cannot be dropped, and the answer is late by as much.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use wharf_core::middleware::Timeout;
/// use wharf_core::{App, Context, get};
///
/// async fn left(context: Context) -> String {
///     format!("{:?} left", context.remaining().unwrap())
/// }
///
/// let app = App::new()
///     .wrap(Timeout::new(Duration::from_secs(2)))
///     .routes([get("/", left), get("/never", async || std::future::pending::<()>().await)]);
/// # app.check().unwrap();
/// # let mut runtime = tokio::runtime::Builder::new_current_thread();
/// # runtime.enable_time().start_paused(true).build().unwrap().block_on(async {
/// # let running = app.start().await.unwrap();
/// # let ask = async |path: &str| {
/// #     running.handle(http::Request::get(path).body("".into()).unwrap()).await
/// # };
/// let mut answer = ask("/").await;
/// assert_eq!(answer.body_mut().bytes(None).await.unwrap(), "2s left");
/// assert_eq!(ask("/never").await.status(), 503);
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timeout {
    after: Duration,
    status: StatusCode,
}

impl Timeout {
    /// Creates the middleware with the time that there is until the response.
    ///
    /// Zero is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn new(after: Duration) -> Self {
        Self {
            after,
            status: StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Sets the status of the answer when time is up: 503, or 504 where what is inside asks another server (RFC 9110 §15.6.5).
    ///
    /// Default: 503. Another is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl Middleware<Served> for Timeout {
    async fn handle(&self, request: Request, next: Next) -> Response {
        // Later than time goes is never.
        let Some(deadline) = Instant::now().checked_add(self.after) else {
            return next.run(request).await;
        };
        next.scope().context().shorten_deadline(deadline);
        match timeout_at(deadline, next.run(request)).await {
            Ok(response) => response,
            Err(_elapsed) => HttpError::new(self.status)
                .detail("the answer was not ready in time")
                .kind(ErrorKind::Timeout)
                .into_response(),
        }
    }

    fn problem(&self) -> Option<String> {
        if self.after.is_zero() {
            return Some("a time limit of zero leaves no time for any answer".to_owned());
        }
        let known = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
        (!known.contains(&self.status)).then(|| {
            format!(
                "{} does not say that time is up: expected 503 or 504",
                self.status.as_u16()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use wharf_http::{Body, Connection, Context, Service};

    use super::*;
    use crate::{App, OnDisconnect, Route, get};

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Says after so many seconds how many of the deadline were left when it began.
    fn answers_after(path: &str, delay: u64) -> Route {
        get(path, move |context: Context| async move {
            let left = context.remaining();
            tokio::time::sleep(seconds(delay)).await;
            format!("{left:?}")
        })
    }

    /// Status, text, and after how many seconds it came.
    async fn ask(app: App, path: &str) -> (u16, String, u64) {
        let running = app.start().await.unwrap();
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let before = Instant::now();
        let mut answer = running.handle(request).await;
        let text = answer.body_mut().bytes(None).await.unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        (answer.status().as_u16(), text, before.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn the_shortest_time_that_it_is_wrapped_in_counts() {
        let route = |delay| answers_after("/", delay);
        let wrapped = |delay, inner| route(delay).wrap(Timeout::new(seconds(inner)));
        let limited = |delay, handler| route(delay).timeout(seconds(handler));
        let app = |outer, route| {
            App::new()
                .wrap(Timeout::new(seconds(outer)))
                .routes([route])
        };
        for (name, app, status, after) in [
            ("in time", app(5, route(4)), 200, 4),
            ("too late", app(5, route(6)), 503, 5),
            ("a route has less", app(5, wrapped(4, 3)), 503, 3),
            ("a route cannot have more", app(5, wrapped(9, 8)), 503, 5),
            ("a handler has less", app(5, limited(4, 3)), 503, 3),
            ("a handler cannot have more", app(5, limited(9, 8)), 503, 5),
            (
                "that of the app is replaced by that of the route",
                App::new().timeout(seconds(5)).routes([limited(9, 8)]),
                503,
                8,
            ),
            (
                "a mounted app has less",
                App::new()
                    .wrap(Timeout::new(seconds(5)))
                    .mount("/in", app(2, route(4))),
                503,
                2,
            ),
        ] {
            let path = if name.starts_with("a mounted") {
                "/in"
            } else {
                "/"
            };
            let (found, _, elapsed) = ask(app, path).await;
            assert_eq!((found, elapsed), (status, after), "{name}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_of_the_context_is_the_shortest() {
        for (outer, inner, left) in [(5, 3, "Some(3s)"), (3, 5, "Some(3s)")] {
            let app = App::new()
                .wrap(Timeout::new(seconds(outer)))
                .routes([answers_after("/", 0).wrap(Timeout::new(seconds(inner)))]);
            assert_eq!(ask(app, "/").await.1, left);
        }
        let forever = App::new()
            .wrap(Timeout::new(Duration::MAX))
            .routes([answers_after("/", 1000)]);
        assert_eq!(ask(forever, "/").await, (200, "None".to_owned(), 1000));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wrapped_inside_is_limited_as_well() {
        async fn slow(request: Request, next: Next) -> Response {
            tokio::time::sleep(seconds(9)).await;
            next.run(request).await
        }
        let app = App::new().wrap(Timeout::new(seconds(5))).wrap(slow);
        let (status, text, elapsed) = ask(app.timeout(seconds(1)), "/nothing").await;
        assert_eq!((status, elapsed), (503, 5));
        assert_eq!(
            text,
            "503 Service Unavailable: the answer was not ready in time\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_status_can_be_that_of_a_gateway() {
        let gateway = Timeout::new(seconds(5)).status(StatusCode::GATEWAY_TIMEOUT);
        let app = App::new().routes([answers_after("/", 6).wrap(gateway)]);
        assert_eq!(ask(app, "/").await.0, 504);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_longer_than_its_head() {
        let app = App::new()
            .wrap(Timeout::new(seconds(5)))
            .routes([get("/", async || {
                let (mut sender, body) = Body::channel(1);
                tokio::spawn(async move {
                    tokio::time::sleep(seconds(60)).await;
                    sender.send("late").await.unwrap();
                });
                Response::new(body)
            })]);
        assert_eq!(ask(app, "/").await, (200, "late".to_owned(), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_inside_is_dropped_unless_it_is_to_finish() {
        struct Sets(Arc<AtomicBool>);
        impl Drop for Sets {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let dropped = Arc::new(AtomicBool::new(false));
        let finished = Arc::new(AtomicBool::new(false));
        let on_drop = Arc::clone(&dropped);
        let at_end = Arc::clone(&finished);
        let app = App::new().wrap(Timeout::new(seconds(5))).routes([
            get("/never", move || {
                let sets = Sets(Arc::clone(&on_drop));
                async move {
                    pending::<()>().await;
                    drop(sets);
                }
            }),
            get("/finish", move || {
                let at_end = Arc::clone(&at_end);
                async move {
                    tokio::time::sleep(seconds(9)).await;
                    at_end.store(true, Ordering::Relaxed);
                }
            })
            .on_disconnect(OnDisconnect::Finish),
        ]);
        let running = app.start().await.unwrap();
        let ask = |path| http::Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(running.handle(ask("/never")).await.status(), 503);
        assert!(dropped.load(Ordering::Relaxed));

        let connection = Connection::memory();
        let context = Context::new(connection.clone());
        let answer = running.call(ask("/finish"), &context).await;
        assert_eq!(answer.status(), 503);
        assert!(!finished.load(Ordering::Relaxed));
        connection.tasks().idle().await;
        assert!(finished.load(Ordering::Relaxed));
    }

    #[test]
    fn settings_that_cannot_work_are_found_before_the_start() {
        let is_fine = |timeout: Timeout| App::new().wrap(timeout).check().is_ok();
        assert!(is_fine(Timeout::new(seconds(1))));
        assert!(!is_fine(Timeout::new(Duration::ZERO)));
        let with = |status| Timeout::new(seconds(1)).status(status);
        assert!(is_fine(with(StatusCode::GATEWAY_TIMEOUT)));
        assert!(!is_fine(with(StatusCode::REQUEST_TIMEOUT)));
        assert!(!is_fine(with(StatusCode::OK)));
    }
}
