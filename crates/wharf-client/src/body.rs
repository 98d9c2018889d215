//! A response body on its way in: its time limit, and the connection that it is read from.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};
use wharf_http::{Body, body};

use crate::pool::Lease;

/// The body of a response, as hyper reads it.
///
/// The connection is returned with the last byte. A body that is dropped before that closes it: reading on might never end.
pub(crate) struct Received {
    incoming: Incoming,
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether `timer` counts: it is kept from one gap to the next.
    waiting: bool,
    lease: Option<Lease>,
}

impl Received {
    /// Makes the body of a response head that came by `lease`.
    pub(crate) fn body(incoming: Incoming, limit: Option<Duration>, lease: Lease) -> Body {
        let mut received = Self {
            incoming,
            limit,
            timer: None,
            waiting: false,
            lease: Some(lease),
        };
        received.check_end();
        Body::new(received)
    }

    fn check_end(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.give_back();
        }
    }

    /// Waits for more until the limit is reached.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.limit else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !self.waiting {
            self.waiting = true;
            // A limit too far away to be a point in time is none.
            let Some(due) = Instant::now().checked_add(limit) else {
                return Poll::Pending;
            };
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx)
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) else {
            ready!(self.poll_timer(cx));
            self.lease = None;
            return Poll::Ready(Some(Err(body::Error::new(body::ErrorKind::TimedOut))));
        };
        self.waiting = false;
        match &frame {
            Some(Err(_)) => self.lease = None,
            Some(Ok(_)) => self.check_end(),
            None => {
                if let Some(lease) = self.lease.take() {
                    lease.give_back();
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

fn broken(error: hyper::Error) -> body::Error {
    // hyper reports bad chunks (RFC 9112 §7.1) as input errors, and the early end as an unexpected one.
    let io = std::error::Error::source(&error)
        .and_then(|source| source.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind);
    let kind = match io {
        Some(std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData) => {
            body::ErrorKind::Malformed
        }
        _ if error.is_parse() => body::ErrorKind::Malformed,
        _ => body::ErrorKind::Disconnected,
    };
    body::Error::new(kind).because(error)
}

/// A body whose first frames were already taken out.
pub(crate) struct Replayed {
    taken: VecDeque<Frame<Bytes>>,
    rest: Body,
}

impl Replayed {
    pub(crate) fn new(taken: VecDeque<Frame<Bytes>>, rest: Body) -> Self {
        Self { taken, rest }
    }
}

impl HttpBody for Replayed {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        match self.taken.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.taken.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let taken = self.taken.iter().filter_map(Frame::data_ref);
        let taken = taken.map(|data| data.len() as u64).sum::<u64>();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + taken);
        }
        hint.set_lower(rest.lower() + taken);
        hint
    }
}
