use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Body, Error};

/// Bodies that are sent one after the other.
pub(super) struct Concat {
    pieces: VecDeque<Body>,
}

impl Concat {
    pub(super) fn new(pieces: impl IntoIterator<Item = Body>) -> Self {
        Self {
            pieces: pieces.into_iter().collect(),
        }
    }
}

impl HttpBody for Concat {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        while let Some(piece) = self.pieces.front_mut() {
            match ready!(Pin::new(piece).poll_frame(cx)) {
                // There is a place for trailer fields at the end alone.
                Some(Ok(frame)) if frame.is_trailers() => {}
                Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
                Some(Err(error)) => {
                    // What comes after a hole is of no use.
                    self.pieces.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                None => drop(self.pieces.pop_front()),
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.iter().all(Body::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        let mut pieces = self.pieces.iter();
        let sum = pieces.try_fold(0_u64, |sum, piece| sum.checked_add(piece.len()?));
        sum.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
