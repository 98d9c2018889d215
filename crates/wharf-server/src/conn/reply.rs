//! [`ReplyBody`], the body of an answer on its way out, which knows when the request has ended.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use wharf_http::Body;
use wharf_http::body::Error;

use super::exchange::Open;

/// hyper copies pieces into its buffer: larger ones are handed over in parts, so that the buffer does not grow.
const PIECE: usize = 64 * 1024;

/// What hyper sends. It drops it when it has all of it, or when the connection ends.
pub(crate) struct ReplyBody {
    body: Body,
    /// The rest of a large piece.
    rest: Bytes,
    open: Open,
}

impl ReplyBody {
    pub(super) fn new(body: Body, open: Open) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            open,
        }
    }
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.rest.is_empty() {
            let part = self.rest.len().min(PIECE);
            return Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(part)))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(mut data) if data.len() > PIECE => {
                    self.rest = data.split_off(PIECE);
                    Frame::data(data)
                }
                Ok(data) => Frame::data(data),
                Err(frame) => frame,
            })),
            Some(Err(error)) => {
                self.open.failed(&error);
                Some(Err(error))
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // hyper asks before the first piece: nothing is in `rest`.
        self.body.size_hint()
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        self.open.close();
    }
}
