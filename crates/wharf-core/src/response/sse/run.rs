use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use wharf_http::{BoxError, BoxFuture, Signal};

use super::{Event, EventItem, Events};

pin_project! {
    /// A stream of whatever becomes events.
    pub(super) struct Items<S> {
        #[pin]
        stream: S,
    }
}

impl<S> Items<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream }
    }
}

impl<S: Stream<Item: EventItem>> Stream for Items<S> {
    type Item = Result<Event, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(item.map(EventItem::into_event))
    }
}

/// The events as they are sent, with comments where there are none for long.
pub(super) struct Run {
    events: Events,
    shutdown: BoxFuture<'static, ()>,
    keep_alive: Option<Duration>,
    alarm: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl Run {
    pub(super) fn new(events: Events, shutdown: Signal, keep_alive: Option<Duration>) -> Self {
        Self {
            events,
            shutdown: Box::pin(async move { shutdown.fired().await }),
            keep_alive,
            alarm: None,
            over: false,
        }
    }

    /// Tells whether a comment is due; the clock starts again when it is.
    fn is_silent(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(every) = self.keep_alive else {
            return false;
        };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(every)));
        let due = alarm.as_mut().poll(cx).is_ready();
        if due {
            self.alarm = None;
        }
        due
    }

    fn heard(&mut self) {
        if let Some((alarm, every)) = self.alarm.as_mut().zip(self.keep_alive) {
            match Instant::now().checked_add(every) {
                Some(at) => alarm.as_mut().reset(at),
                None => self.alarm = None,
            }
        }
    }
}

impl Stream for Run {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over || self.shutdown.as_mut().poll(cx).is_ready() {
            self.over = true;
            return Poll::Ready(None);
        }
        if let Poll::Ready(event) = self.events.as_mut().poll_next(cx) {
            self.over = !matches!(event, Some(Ok(_)));
            self.heard();
            return Poll::Ready(event.map(|event| event.map(|event| event.encode())));
        }
        match self.is_silent(cx) {
            true => Poll::Ready(Some(Ok(Bytes::from_static(b":\n\n")))),
            false => Poll::Pending,
        }
    }
}
