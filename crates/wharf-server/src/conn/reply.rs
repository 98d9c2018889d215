//! [`ReplyBody`], the body of an answer on its way out, which knows when the request has ended.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use wharf_http::Body;
use wharf_http::body::Error;

/// hyper copies or keeps pieces: larger ones are handed over in parts, so that its buffer does not grow.
pub(super) const PIECE: usize = 64 * 1024;

/// What the body of an answer tells the connection, and what it asks it.
pub(crate) trait Delivery: Send + Unpin + 'static {
    /// Whether [`handed_over`](Self::handed_over) is of interest; finding out costs a little.
    const TRACKED: bool = false;

    /// hyper asks for more, so it has got rid of what it had.
    fn asked(&mut self) {}

    /// Says how many of `length` bytes hyper gets next; not 0 unless there are none.
    fn piece(&mut self, length: usize) -> usize {
        length.min(PIECE)
    }

    /// Tells whether hyper may learn with the last piece that it is the last.
    fn ends_with_a_piece(&self) -> bool {
        true
    }

    /// hyper has got all there is.
    fn handed_over(&mut self) {}

    /// The body failed.
    fn failed(&mut self, error: &Error);

    /// hyper has dropped the body, which it does when it has all of it, or when the request is over.
    fn dropped(&mut self);
}

/// What hyper sends. It drops it when it has all of it, or when the connection ends.
pub(crate) struct ReplyBody<D: Delivery> {
    body: Body,
    /// The rest of a large piece; rarely there, so that the body is small to move.
    rest: Option<Box<Bytes>>,
    delivery: D,
}

impl<D: Delivery> ReplyBody<D> {
    pub(super) fn new(body: Body, delivery: D) -> Self {
        let mut this = Self {
            body,
            rest: None,
            delivery,
        };
        this.look_for_the_end();
        this
    }

    fn look_for_the_end(&mut self) {
        if D::TRACKED && self.is_end_stream() {
            self.delivery.handed_over();
        }
    }

    /// Hands over a piece, or keeps what is too much of it for later.
    fn hand_over(&mut self, mut data: Bytes) -> Frame<Bytes> {
        let part = self.delivery.piece(data.len());
        if part < data.len() {
            self.rest = Some(Box::new(data.split_off(part)));
        }
        self.look_for_the_end();
        Frame::data(data)
    }

    fn hand_over_rest(&mut self, mut rest: Box<Bytes>) -> Frame<Bytes> {
        let data = rest.split_to(self.delivery.piece(rest.len()));
        self.rest = (!rest.is_empty()).then_some(rest);
        self.look_for_the_end();
        Frame::data(data)
    }
}

impl<D: Delivery> HttpBody for ReplyBody<D> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.delivery.asked();
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(self.hand_over_rest(rest))));
        }
        Poll::Ready(match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(data) => self.hand_over(data),
                Err(frame) => {
                    self.delivery.handed_over();
                    frame
                }
            })),
            Some(Err(error)) => {
                self.delivery.failed(&error);
                Some(Err(error))
            }
            None => {
                self.delivery.handed_over();
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.delivery.ends_with_a_piece() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // hyper asks before the first piece: nothing is in `rest`.
        self.body.size_hint()
    }
}

impl<D: Delivery> Drop for ReplyBody<D> {
    fn drop(&mut self) {
        self.delivery.dropped();
    }
}
