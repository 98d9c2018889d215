use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;
use wharf_http::{BoxError, BoxFuture};

use super::Event;

/// Where the events of [`Sse::channel`](super::Sse::channel) go.
#[derive(Debug)]
pub struct Sink {
    events: mpsc::Sender<Event>,
}

impl Sink {
    /// Sends an event, waiting while the one before it was not taken.
    ///
    /// # Errors
    ///
    /// The answer has ended: the client has left, or the server shuts down.
    ///
    /// # Cancel safety
    ///
    /// Safe: the event was not sent when the future is dropped before it is ready.
    pub async fn send(&mut self, event: Event) -> Result<(), BoxError> {
        let sent = self.events.send(event).await;
        sent.map_err(|_unsent| "the event stream has ended".into())
    }
}

/// The events that a future sends, which runs while the stream is read.
pub(super) struct Produced {
    future: Option<BoxFuture<'static, Result<(), BoxError>>>,
    events: mpsc::Receiver<Event>,
}

pub(super) fn produced<F, R>(produce: F) -> Produced
where
    F: FnOnce(Sink) -> R,
    R: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(1);
    Produced {
        future: Some(Box::pin(produce(Sink { events: sender }))),
        events: receiver,
    }
}

impl Stream for Produced {
    type Item = Result<Event, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let ended = match &mut self.future {
            None => None,
            Some(future) => match future.as_mut().poll(cx) {
                Poll::Pending => None,
                Poll::Ready(result) => Some(result),
            },
        };
        let failed = ended.and_then(|result| {
            self.future = None;
            result.err()
        });
        if let Some(error) = failed {
            return Poll::Ready(Some(Err(error)));
        }
        // What was sent last is still there when the future has ended, and a sink may live on elsewhere.
        self.events.poll_recv(cx).map(|event| event.map(Ok))
    }
}
