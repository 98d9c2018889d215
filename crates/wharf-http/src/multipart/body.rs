use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::Body;
use crate::body::Error;

/// Pieces that are sent one after the other.
pub(super) struct Parts {
    pieces: VecDeque<Body>,
}

impl Parts {
    /// Joins pieces to a body, which can be made anew when all of them can.
    pub(super) fn body(pieces: Vec<Body>) -> Body {
        let makers: Option<Vec<_>> = pieces.iter().map(Body::maker).collect();
        let joined = Body::new(Self {
            pieces: pieces.into(),
        });
        match makers {
            Some(makers) => joined.or_made_by(move || {
                Body::new(Self {
                    pieces: makers.iter().map(|make| make()).collect(),
                })
            }),
            None => joined,
        }
    }
}

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        while let Some(piece) = self.pieces.front_mut() {
            match ready!(Pin::new(piece).poll_frame(cx)) {
                // A part has no place for trailer fields.
                Some(Ok(frame)) if frame.is_trailers() => {}
                Some(frame) => return Poll::Ready(Some(frame)),
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
