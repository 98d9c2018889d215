use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::StatusCode;
use url::Url;
use wharf_http::sse::{Decoder, MEDIA_TYPE};

use super::Event;
use crate::response::BodyStream;
use crate::{Error, ErrorKind, Response};

/// The events of a response; made by [`Response::into_events`]. It does not connect again by itself.
///
/// It is a [`Stream`] too. After an error there is none.
pub struct EventStream {
    stream: BodyStream,
    url: Url,
    decoder: Decoder,
    rest: Bytes,
    over: bool,
}

impl Response {
    /// Returns the events of the body, as they arrive.
    ///
    /// The limits on bodies hold: a stream that may be silent wants `Timeouts::new().body_read(None).min_rate(None)`, or
    /// [`RequestBuilder::events`](crate::RequestBuilder::events), which connects again too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`] when the status is 400 or above; [`ErrorKind::Decode`], with [`Error::status`], when it is
    /// another than 200, or the media type is not `text/event-stream`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(client: wharf_client::Client) -> Result<(), wharf_client::Error> {
    /// let mut events = client.get("http://quay.test/events").send().await?.into_events()?;
    /// while let Some(event) = events.next().await? {
    ///     println!("{}", event.data().unwrap_or_default());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn into_events(self) -> Result<EventStream, Error> {
        let response = self.ok()?;
        let (status, url) = (response.status(), response.url().clone());
        let refused = |why: &str| {
            let error = Error::new(ErrorKind::Decode).at_url(&url);
            Err(error.answered(status).because(why))
        };
        if status != StatusCode::OK {
            return refused("the status of an event stream is 200");
        }
        let media_type = response
            .content_type()
            .and_then(|text| text.split(';').next());
        if !media_type.is_some_and(|name| name.trim().eq_ignore_ascii_case(MEDIA_TYPE)) {
            return refused("the media type is not text/event-stream");
        }
        Ok(EventStream {
            stream: response.into_stream(),
            url,
            decoder: Decoder::new(),
            rest: Bytes::new(),
            over: false,
        })
    }
}

impl EventStream {
    /// Returns the next event; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] when a line or the data of an event is longer than 1 MiB; else as [`Response::chunk`].
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.poll_event(cx)).await.transpose()
    }

    /// Returns the id to send as `last-event-id` when connecting again.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.decoder.last_event_id()
    }

    /// Returns how long the server wants a reader to wait before it connects again; `None` when it did not say.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.decoder.retry()
    }

    /// Sets the id that is known from before.
    pub(super) fn resume_after(mut self, id: Option<&str>) -> Self {
        if let Some(id) = id {
            self.decoder = self.decoder.with_last_event_id(id);
        }
        self
    }

    /// The error of a body that is over.
    pub(super) fn failed(&self, why: &str) -> Error {
        let error = Error::new(ErrorKind::ResponseBody).at_url(&self.url);
        error.because(why)
    }

    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, Error>>> {
        while !self.over {
            match self.decoder.decode(&mut self.rest) {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Ok(None) => {}
                Err(why) => {
                    self.over = true;
                    let error = Error::new(ErrorKind::Decode).at_url(&self.url);
                    return Poll::Ready(Some(Err(error.because(why))));
                }
            }
            match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(piece)) => self.rest = piece,
                Some(Err(error)) => {
                    self.over = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.over = true,
            }
        }
        Poll::Ready(None)
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("last_event_id", &self.last_event_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted;

    async fn got(head: &str, body: &str) -> Result<EventStream, Error> {
        let length = body.len();
        let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}");
        let response = scripted::client(answer).get("/").send().await;
        response.unwrap().into_events()
    }

    #[tokio::test]
    async fn events_are_read_with_what_a_second_connection_needs() {
        let head = "200 OK\r\ncontent-type: Text/Event-Stream; charset=utf-8";
        let body = ": hello\n\nid: 7\nretry: 20\ndata: a\n\ndata: b\n\ndata: cut";
        let mut events = got(head, body).await.unwrap();
        assert_eq!(events.next().await.unwrap().unwrap().data(), Some("a"));
        assert_eq!(events.next().await.unwrap().unwrap().data(), Some("b"));
        assert_eq!(events.next().await.unwrap(), None);
        assert_eq!(events.last_event_id(), Some("7"));
        assert_eq!(events.retry(), Some(Duration::from_millis(20)));
    }

    #[tokio::test]
    async fn what_is_no_event_stream_is_an_error_with_the_status() {
        let error = got("200 OK\r\ncontent-type: text/html", "")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.status(), Some(StatusCode::OK));
        let error = got("503 Service Unavailable", "").await.unwrap_err();
        let expected = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(error.kind(), ErrorKind::Status(expected));
        assert_eq!(error.status(), Some(expected));
    }
}
