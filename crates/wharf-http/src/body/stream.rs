//! The streams that a body can be made of.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{Body, Error};
use crate::BoxError;

pin_project! {
    /// Any body, its errors made ours.
    pub(super) struct Wrapped<B> {
        #[pin]
        body: B,
    }
}

impl<B> Wrapped<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body }
    }
}

impl<B> HttpBody for Wrapped<B>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.project().body.poll_frame(cx).map_err(Error::from_any)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// A stream of pieces of unknown number.
    pub(super) struct Pieces<S> {
        #[pin]
        stream: S,
    }
}

impl<S> Pieces<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream }
    }
}

impl<S, T, E> HttpBody for Pieces<S>
where
    S: Stream<Item = Result<T, E>>,
    T: Into<Bytes>,
    E: Into<BoxError>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let piece = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(piece.map(|piece| {
            piece
                .map(|data| Frame::data(data.into()))
                .map_err(Error::from_any)
        }))
    }
}

/// A body with trailer fields behind it.
pub(super) struct Trailed {
    body: Body,
    trailers: Option<HeaderMap>,
}

impl Trailed {
    pub(super) fn new(body: Body, trailers: HeaderMap) -> Self {
        Self {
            body,
            trailers: Some(trailers),
        }
    }
}

impl HttpBody for Trailed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            // Trailers that the body had already are joined by ours, which win.
            Some(Ok(frame)) => match frame.into_trailers() {
                Ok(mut trailers) => {
                    trailers.extend(self.trailers.take().unwrap_or_default());
                    Poll::Ready(Some(Ok(Frame::trailers(trailers))))
                }
                Err(frame) => Poll::Ready(Some(Ok(frame))),
            },
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            None => Poll::Ready(
                self.trailers
                    .take()
                    .map(|trailers| Ok(Frame::trailers(trailers))),
            ),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.trailers.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
