use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use http::header::{ACCEPT, CACHE_CONTROL, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use tokio::time::{Sleep, sleep};
use wharf_http::BoxFuture;
use wharf_http::sse::MEDIA_TYPE;

use super::{Event, EventStream};
use crate::backoff::{Attempts, Backoff};
use crate::{Error, ErrorKind, Phase, RequestBuilder, Response};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Three times what servers of this kind, and most others, take between two comments.
const SILENCE: Duration = Duration::from_secs(45);

/// The longest that a server may send its readers away for.
const LONGEST_RETRY: Duration = Duration::from_secs(60 * 60);

/// Events that go on where a connection has broken off; made by [`RequestBuilder::events`].
///
/// When a response ends, or a connection fails or is [silent](Self::silence) for too long, the request is sent again, with the id
/// of the last event as `last-event-id`, so that the server can send what was missed. Before that it waits: for as long as the
/// server said in `retry`, or else by its [back-off](Self::backoff).
///
/// It is a [`Stream`] too. After an error there is none.
#[must_use = "nothing is sent until an event is asked for"]
pub struct EventSource {
    /// The request to send copies of, or what is wrong with it.
    request: Result<RequestBuilder, Option<Error>>,
    attempts: Attempts,
    last_event_id: Option<String>,
    /// How long the server wants its readers to wait.
    retry: Option<Duration>,
    state: State,
}

enum State {
    Start,
    Waiting(Pin<Box<Sleep>>),
    Opening(BoxFuture<'static, Result<Response, Error>>),
    Open(Box<EventStream>),
    Over,
}

impl RequestBuilder {
    /// Reads events from the response, and connects again whenever it ends; nothing is sent yet.
    ///
    /// `accept` and `cache-control` are set, no coding is asked for, since one would hold events back, and the retry policy of
    /// the client does not apply. [`Timeouts::total`](crate::Timeouts::total) limits each response.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
    /// let mut prices = client.get("http://quay.test/prices").events();
    /// while let Some(event) = prices.next().await? {
    ///     println!("{}", event.data().unwrap_or_default());
    /// }
    /// # Ok(()) }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "sse")))]
    pub fn events(self) -> EventSource {
        let request = self.for_repetition(|headers| {
            let accept = HeaderValue::from_static(MEDIA_TYPE);
            headers.entry(ACCEPT).or_insert(accept);
            let no_store = HeaderValue::from_static("no-store");
            headers.entry(CACHE_CONTROL).or_insert(no_store);
        });
        EventSource {
            request: request.map_err(Some),
            attempts: Attempts::default(),
            last_event_id: None,
            retry: None,
            state: State::Start,
        }
        .silence(SILENCE)
    }
}

impl EventSource {
    /// Sets how long the server may send nothing, not even a comment, before the connection is taken for dead.
    ///
    /// It takes the place of [`Timeouts::body_read`](crate::Timeouts::body_read) and
    /// [`Timeouts::min_rate`](crate::Timeouts::min_rate), which would end streams that are quiet by nature.
    ///
    /// Default: 45 seconds, where servers of wharf send a comment after 15. `None` waits for ever; zero is an error of
    /// [`next`](Self::next).
    pub fn silence(mut self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        if limit == Some(Duration::ZERO) {
            let why = "the time limit `silence` is zero; `None` switches it off";
            self.request = Err(Some(Error::new(ErrorKind::Config).because(why)));
        }
        self.request = self.request.map(|request| request.silence(limit));
        self
    }

    /// Sets the back-off after the first failure, and the longest; it doubles from one failure to the next, and a random part of
    /// up to half of it is left out.
    ///
    /// A server that sends `retry` sets the first wait in place of this, up to an hour; then the random part comes on top, so that
    /// nobody is back too early. The back-off begins anew once an event has come, or a connection has lasted for the longest.
    ///
    /// Default: half a second, and 30 seconds.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.attempts.backoff = Backoff::new(first, longest);
        self
    }

    /// Sets after how many failures in a row, ends without an event among them, it gives up. `None` never does.
    ///
    /// Default: `None`.
    pub fn max_attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.attempts.most = attempts.into();
        self
    }

    /// Sets the id of the last event that is known already, for a program that goes on where it stopped.
    ///
    /// Default: none, so that the first request has no `last-event-id`.
    pub fn resume_after(mut self, id: impl Into<String>) -> Self {
        self.last_event_id = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Returns the id that is sent as `last-event-id` when connecting again; `None` when the stream has none.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        match &self.state {
            State::Open(stream) => stream.last_event_id(),
            _ => self.last_event_id.as_deref(),
        }
    }

    /// Returns how often a stream of events was opened.
    #[must_use]
    pub fn opens(&self) -> u64 {
        self.attempts.opens()
    }

    /// Returns the next event, of whatever response; `None` when the server has answered with status 204, which tells readers not
    /// to come back, and ever after an error.
    ///
    /// # Errors
    ///
    /// What will not change by itself: a request that cannot be sent; a status other than 200, or another media type than
    /// `text/event-stream`, with [`Error::status`]; an event of more than 1 MiB; a client that is closed, or a request that this
    /// one is [within](RequestBuilder::within) and that has ended; and the last failure where there were
    /// [too many](Self::max_attempts).
    ///
    /// # Cancel safety
    ///
    /// Safe: no event is lost, and the next call goes on, with the wait or the connecting too.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.poll_event(cx)).await.transpose()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            let error = match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Start => match self.open() {
                    Ok(()) => continue,
                    Err(error) => error,
                },
                State::Waiting(alarm) => {
                    ready!(alarm.as_mut().poll(cx));
                    self.state = State::Start;
                    continue;
                }
                State::Opening(response) => match ready!(response.as_mut().poll(cx)) {
                    // WHATWG HTML, "Server-sent events": 204 tells a reader to stop.
                    Ok(response) if response.status() == StatusCode::NO_CONTENT => {
                        self.state = State::Over;
                        continue;
                    }
                    Ok(response) => match response.into_events() {
                        Ok(stream) => {
                            self.attempts.opened();
                            let stream = stream.resume_after(self.last_event_id.as_deref());
                            self.state = State::Open(Box::new(stream));
                            continue;
                        }
                        Err(error) => error,
                    },
                    Err(error) => error,
                },
                State::Open(stream) => {
                    let event = ready!(stream.poll_event(cx));
                    if let Some(Ok(event)) = event {
                        self.attempts.succeeded();
                        return Poll::Ready(Some(Ok(event)));
                    }
                    self.last_event_id = stream.last_event_id().map(str::to_owned);
                    self.retry = stream.retry().or(self.retry);
                    let ended = || stream.failed("the event stream has ended");
                    match event {
                        Some(Err(error)) => error,
                        _ => ended(),
                    }
                }
            };
            if let Err(error) = self.lost(error) {
                self.state = State::Over;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    /// Begins to send the request.
    fn open(&mut self) -> Result<(), Error> {
        let unsendable = || Error::new(ErrorKind::Request);
        let request = match &mut self.request {
            Ok(request) => request,
            Err(error) => return Err(error.take().unwrap_or_else(unsendable)),
        };
        // An id that cannot be sent, which a server may have made up, is not.
        let id = self.last_event_id.as_ref();
        let id = id.and_then(|id| HeaderValue::from_bytes(id.as_bytes()).ok());
        let request = request.again(|headers: &mut HeaderMap| {
            if let Some(id) = id {
                headers.insert(LAST_EVENT_ID, id);
            }
        });
        let request = request.ok_or_else(unsendable)?;
        self.state = State::Opening(Box::pin(request.send()));
        Ok(())
    }

    /// Sets when to try again, or gives up.
    fn lost(&mut self, error: Error) -> Result<(), Error> {
        if self.attempts.failed() || is_final(&error) {
            return Err(error);
        }
        let wait = match self.retry {
            Some(retry) => self.attempts.wait_at_least(retry.min(LONGEST_RETRY)),
            None => self.attempts.wait(),
        };
        self.state = State::Waiting(Box::pin(sleep(wait)));
        Ok(())
    }
}

/// Tells whether another attempt would end in the same way.
fn is_final(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Config
            | ErrorKind::Url
            | ErrorKind::Request
            | ErrorKind::RequestBody
            | ErrorKind::AddressRefused
            | ErrorKind::Certificate
            | ErrorKind::Redirect
            | ErrorKind::Status(_)
            | ErrorKind::Decode
            | ErrorKind::Cancelled
            | ErrorKind::Closed
            | ErrorKind::Timeout(Phase::Deadline)
    )
}

impl Stream for EventSource {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl fmt::Debug for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSource")
            .field("failures", &self.attempts.failures())
            .field("opens", &self.attempts.opens())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
