//! [`ConcurrencyLimit`]: so many requests at a time, a queue of bounded length, and an early 503 for the rest.
//!
//! ~~~text
//! request ─▶ a place is free ─────────────────────▶ inside ─▶ response (─▶ end of its body)
//!              └ none ─▶ the queue has room ─▶ waits ─┘
//!                          └ none ─▶ 503       └ too long ─▶ 503
//! ~~~

mod occupancy;
#[cfg(test)]
mod tests;

use std::time::Duration;

use http::header::RETRY_AFTER;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};
use wharf_http::{Context, Middleware, Request, Response};

pub use self::occupancy::Occupancy;
use super::retry_after::retry_after;
use super::{Next, Served};
use crate::error::HttpError;
use crate::response::IntoResponse;

/// Lets so many requests be inside at once; a few more wait for their turn, and the rest is answered 503 with `Retry-After`.
///
/// Wrapped around an app, a mounted app or a route. A server that takes in more than it can do does nothing in time; one
/// that says so early goes on working. Wrap it around what is scarce, such as the routes of one database, and around the app to
/// bound its memory. Clones share their places: one that is wrapped around two routes limits both together.
///
/// A request is inside from when it has its place until there is a response, and with [`with_bodies`](Self::with_bodies) until
/// the last byte of its body. A handler that goes on after its client has left
/// ([`OnDisconnect::Finish`](crate::OnDisconnect::Finish)) is not counted any more.
///
/// Waiting requests come in by the order in which they arrived, and nobody overtakes them. One whose client leaves gives its turn to
/// the next. Neither those that wait nor those that are refused have had a byte of their body read. A request also waits no longer
/// than the deadline of its [`Context`](wharf_http::Context) allows.
///
/// # Examples
///
/// A health check stays outside, or the balancer takes a busy instance for a dead one:
///
/// ```
/// use std::time::Duration;
///
/// use wharf_core::middleware::{ConcurrencyLimit, when};
/// use wharf_core::{App, get};
///
/// let limit = ConcurrencyLimit::new(100).queue(50).wait(Duration::from_millis(500));
/// let occupancy = limit.occupancy();
/// let app = App::new()
///     .wrap(when(|request| request.uri().path() != "/health", limit))
///     .routes([
///         get("/", async || "index"),
///         get("/health", move || {
///             let text = format!("{} of {}", occupancy.in_use(), occupancy.limit());
///             async { text }
///         }),
///     ]);
/// # app.check().unwrap();
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let running = app.start().await.unwrap();
/// # let request = http::Request::get("/health").body("".into()).unwrap();
/// let mut answer = running.handle(request).await;
/// assert_eq!(answer.body_mut().bytes(None).await.unwrap(), "0 of 100");
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit {
    occupancy: Occupancy,
    queue: usize,
    wait: Option<Duration>,
    retry_after: Option<Duration>,
    with_bodies: bool,
}

impl ConcurrencyLimit {
    /// Creates the middleware with the number of requests that may be inside at once.
    ///
    /// Zero is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            occupancy: Occupancy::new(limit),
            queue: limit,
            wait: Some(Duration::from_secs(1)),
            retry_after: Some(Duration::from_secs(1)),
            with_bodies: false,
        }
    }

    /// Sets how many requests may wait for a place.
    ///
    /// Default: as many as may be inside. With 0 nobody waits.
    #[must_use]
    pub fn queue(mut self, length: usize) -> Self {
        self.queue = length;
        self
    }

    /// Sets how long a request may wait for a place.
    ///
    /// Default: 1 second. `None` waits as long as the client does.
    #[must_use]
    pub fn wait(mut self, at_most: impl Into<Option<Duration>>) -> Self {
        self.wait = at_most.into();
        self
    }

    /// Sets when clients that are refused are told to come again (RFC 9110 §10.2.3), in whole seconds, rounded up.
    ///
    /// Default: 1 second. `None` does not tell.
    #[must_use]
    pub fn retry_after(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.retry_after = after.into();
        self
    }

    /// Sets whether a request is inside until the body of its response has been handed over to the connection, or dropped.
    ///
    /// A body that is in memory as a whole is not waited for: nothing is done for it any more. An event stream keeps its place for as
    /// long as it is open; a WebSocket, which is no body, until it is open.
    ///
    /// Default: `false`, until there is a response.
    #[must_use]
    pub fn with_bodies(mut self, on: bool) -> Self {
        self.with_bodies = on;
        self
    }

    /// Returns a handle by which it can be seen how many are inside, waiting and refused: for a health check or a metric.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        self.occupancy.clone()
    }

    /// Waits for a place; `None` when there is none for this request.
    ///
    /// # Cancel safety
    ///
    /// Safe: the place in the queue, or the place just given, goes to the next.
    async fn enter(&self, context: &Context) -> Option<OwnedSemaphorePermit> {
        if let Some(place) = self.occupancy.try_enter() {
            return Some(place);
        }
        let wait = self.occupancy.queue_up(self.queue)?;
        let until = self.wait.and_then(|wait| Instant::now().checked_add(wait));
        match until.into_iter().chain(context.deadline()).min() {
            Some(until) => timeout_at(until, wait.enter()).await.ok().flatten(),
            None => wait.enter().await,
        }
    }

    fn refused(&self) -> HttpError {
        let error = HttpError::unavailable("too many requests are being answered, try again later");
        match self.retry_after {
            Some(after) => error.header(RETRY_AFTER, retry_after(after)),
            None => error,
        }
    }
}

impl Middleware<Served> for ConcurrencyLimit {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let Some(place) = self.enter(next.scope().context()).await else {
            self.occupancy.count_refused();
            return self.refused().into_response();
        };
        let response = next.run(request).await;
        if self.with_bodies && response.body().as_bytes().is_none() {
            response.map(|body| body.holding(place))
        } else {
            response
        }
    }

    fn problem(&self) -> Option<String> {
        let nobody = self.occupancy.limit() == 0;
        nobody.then(|| "a limit of zero requests lets nobody in".to_owned())
    }
}
