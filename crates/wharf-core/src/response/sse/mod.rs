//! Server-sent events (WHATWG HTML, "Server-sent events"): an answer that goes on.

mod last_event_id;
mod run;
mod sink;

pub use last_event_id::LastEventId;
pub use sink::Sink;
pub use wharf_http::sse::{BadEvent, Event};

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use http::HeaderName;
use http::header::{self, HeaderValue};
use wharf_http::sse::MEDIA_TYPE;
use wharf_http::{Body, BoxError, Context, Response, Signal};

use self::run::{Items, Run};
use super::IntoResponse;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

type Events = Pin<Box<dyn Stream<Item = Result<Event, BoxError>> + Send>>;

/// A stream of events as a response, each sent as soon as it is there.
///
/// It ends with its source, when the client leaves, and when the server begins to shut down; the browser connects again by
/// itself. Caches and nginx are told to let every event through at once.
///
/// # Examples
///
/// ```
/// use wharf_core::response::sse::{Event, LastEventId, Sse};
/// use wharf_core::{App, Context, get};
///
/// async fn count(context: Context, last: LastEventId) -> Sse {
///     let from = last.as_str().and_then(|id| id.parse().ok()).unwrap_or(0_u64);
///     Sse::channel(&context, async move |mut sink| {
///         for number in from + 1..=10 {
///             sink.send(Event::new(number.to_string()).with_id(number)?).await?;
///         }
///         Ok(())
///     })
/// }
///
/// let app = App::new().routes([get("/count", count)]);
/// # let _ = app;
/// ```
#[must_use = "a stream of events does nothing until it is answered with"]
pub struct Sse {
    events: Events,
    shutdown: Signal,
    keep_alive: Option<Duration>,
}

impl Sse {
    /// Makes an answer of a stream of [`Event`]s, or of results with events in them. It ends with `context`'s server.
    ///
    /// An error breaks the answer off.
    pub fn new<S>(context: &Context, stream: S) -> Self
    where
        S: Stream<Item: EventItem> + Send + 'static,
    {
        Self {
            events: Box::pin(Items::new(stream)),
            shutdown: context.shutdown().clone(),
            keep_alive: Some(KEEP_ALIVE),
        }
    }

    /// Makes an answer of what `produce` sends. It ends when `produce` does, or with `context`'s server.
    ///
    /// `produce` runs as a part of the answer, and is dropped with it when the client leaves. While the client does not
    /// read, [`Sink::send`] waits. An error breaks the answer off.
    pub fn channel<F, R>(context: &Context, produce: F) -> Self
    where
        F: FnOnce(Sink) -> R,
        R: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self {
            events: Box::pin(sink::produced(produce)),
            shutdown: context.shutdown().clone(),
            keep_alive: Some(KEEP_ALIVE),
        }
    }

    /// Sets how long the stream may be silent before a comment is sent, so that proxies keep the connection and a client
    /// that is gone is noticed.
    ///
    /// Default: 15 seconds. `None` sends none.
    pub fn keep_alive(mut self, every: impl Into<Option<Duration>>) -> Self {
        self.keep_alive = every.into();
        self
    }
}

impl IntoResponse for Sse {
    fn into_response(self) -> Response {
        let run = Run::new(self.events, self.shutdown, self.keep_alive);
        let mut response = Response::new(Body::from_stream(run));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        // nginx collects an answer unless it is told not to.
        headers.insert(
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        );
        response
    }
}

impl fmt::Debug for Sse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sse")
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}

/// An item of a stream of events: an [`Event`], or a result with one.
pub trait EventItem {
    /// Makes the event, or the error that breaks the answer off.
    ///
    /// # Errors
    ///
    /// The error of the item.
    fn into_event(self) -> Result<Event, BoxError>;
}

impl EventItem for Event {
    fn into_event(self) -> Result<Event, BoxError> {
        Ok(self)
    }
}

impl<E: Into<BoxError>> EventItem for Result<Event, E> {
    fn into_event(self) -> Result<Event, BoxError> {
        self.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests;
