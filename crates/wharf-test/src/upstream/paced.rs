//! [`Paced`]: a body whose pieces come at their times.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use wharf_http::BoxError;

use super::Reply;
use super::reply::{Broken, Content, Then};

/// How long after the last piece a body breaks off: the end of a stream of HTTP/2 would overtake what is not on its way yet.
const GRACE: Duration = Duration::from_millis(1);

/// The body of a reply, with a wait before each piece.
pub(super) struct Paced {
    pieces: VecDeque<(Duration, Bytes)>,
    timer: Option<Pin<Box<Sleep>>>,
    /// What comes in place of the end: nothing, or an error.
    end: Option<Then>,
    length: Option<u64>,
}

impl Paced {
    /// Makes the body of a reply; one that breaks off ends in an error, or does not end.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut pieces = reply.pieces();
        let end = match &reply.broken {
            None => None,
            Some(Broken::After(bytes, then)) => {
                truncate(&mut pieces, *bytes);
                Some(*then)
            }
            Some(_) => Some(Then::Reset),
        };
        Self {
            pieces: pieces.into(),
            timer: None,
            end,
            length: match &reply.content {
                Content::Whole(bytes) if end.is_none() => Some(bytes.len() as u64),
                _ => None,
            },
        }
    }
}

fn truncate(pieces: &mut Vec<(Duration, Bytes)>, bytes: u64) {
    let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
    pieces.retain_mut(|(_, piece)| {
        piece.truncate(left);
        left -= piece.len();
        !piece.is_empty()
    });
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Some(&(wait, _)) = this.pieces.front() else {
            return match this.end {
                None => Poll::Ready(None),
                Some(Then::Stall) => Poll::Pending,
                Some(_) => {
                    let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(GRACE)));
                    ready!(timer.as_mut().poll(cx));
                    Poll::Ready(Some(Err("the reply was to break off here".into())))
                }
            };
        };
        if !wait.is_zero() {
            let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(wait)));
            ready!(timer.as_mut().poll(cx));
            this.timer = None;
        }
        let piece = this.pieces.pop_front();
        if let Some(length) = &mut this.length {
            *length = 0;
        }
        Poll::Ready(piece.map(|(_, piece)| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.end.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}
