use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use url::Url;
use wharf_http::Body;

use crate::Error;

/// A body as a stream of pieces; made by [`Response::into_stream`](crate::Response::into_stream).
///
/// The next piece is read from the connection when it is asked for. The stream ends with the body, or with the error that
/// ended it.
pub struct BodyStream {
    body: Body,
    url: Url,
    over: bool,
}

impl BodyStream {
    pub(super) fn new(body: Body, url: Url) -> Self {
        Self {
            body,
            url,
            over: false,
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once the stream has ended; `None` before, and when there are none.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.body.trailers()
    }

    pub(super) fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Error>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let polled = self.body.poll_chunk(cx);
        self.over = matches!(polled, Poll::Ready(None | Some(Err(_))));
        polled.map(|piece| {
            piece.map(|piece| piece.map_err(|error| Error::body(error).at_url(&self.url)))
        })
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
