use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Body, Error, ErrorKind};

/// A body that may have so many bytes and no more.
pub(super) struct Limited {
    body: Body,
    limit: usize,
    left: usize,
}

impl Limited {
    pub(super) fn new(body: Body, limit: usize) -> Self {
        Self {
            body,
            limit,
            left: limit,
        }
    }
}

impl HttpBody for Limited {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let length = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => 0,
        };
        match self.left.checked_sub(length) {
            Some(left) => self.left = left,
            None => {
                let limit = self.limit;
                return Poll::Ready(Some(Err(Error::new(ErrorKind::TooLarge { limit }))));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
