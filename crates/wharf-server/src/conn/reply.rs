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
    /// The rest of a large piece; rarely there, so that the body is small to move.
    rest: Option<Box<Bytes>>,
    open: Open,
}

impl ReplyBody {
    pub(super) fn new(body: Body, open: Open) -> Self {
        Self {
            body,
            rest: None,
            open,
        }
    }

    /// Keeps what is too much of a piece for later.
    fn cut(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_data() {
            Ok(mut data) => {
                self.rest = Some(Box::new(data.split_off(PIECE)));
                Frame::data(data)
            }
            Err(frame) => frame,
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
        if let Some(rest) = &mut self.rest {
            let part = rest.split_to(rest.len().min(PIECE));
            if rest.is_empty() {
                self.rest = None;
            }
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) if frame.data_ref().is_none_or(|data| data.len() <= PIECE) => {}
            Some(Err(error)) => self.open.failed(error),
            Some(Ok(_)) => {
                return Poll::Ready(frame.map(|frame| frame.map(|frame| self.cut(frame))));
            }
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.body.is_end_stream()
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
