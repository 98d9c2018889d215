//! [`Responding`]: a request that was handed to a connection, until the head of its response is there.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use tokio::time::Instant;
use wharf_http::{BoxFuture, Request};

use super::failure::{Failure, judged};
use super::{Alarm, Progress};
use crate::Error;
use crate::timeout::Phase;

/// What hyper makes of a request.
pub(super) type Sent = Result<http::Response<Incoming>, TrySendError<Request>>;

/// Waits for the head of a response. Dropping it gives the request up.
pub(crate) struct Responding<'a> {
    pub(super) sent: BoxFuture<'static, Sent>,
    pub(super) alarm: &'a mut Alarm,
    /// What had passed the connection before the request.
    pub(super) traffic: Traffic,
    pub(super) connection: &'a Progress,
    /// How far the request itself has come.
    pub(super) request: Arc<Progress>,
    pub(super) shared: bool,
    pub(super) limit: Option<Duration>,
    /// When the limit is looked at next.
    pub(super) due: Option<Instant>,
}

/// How many bytes have passed a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Traffic {
    read: u64,
    written: u64,
}

impl Traffic {
    pub(super) fn of(connection: &Progress) -> Self {
        Self {
            read: connection.bytes_read(),
            written: connection.bytes_written(),
        }
    }
}

impl Responding<'_> {
    /// Waits until the peer has had its turn for too long.
    fn poll_limit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A limit too far away to be a point in time is none.
        let (request, limit) = (&self.request, self.limit);
        let moved = || limit.and_then(|limit| request.last().checked_add(limit));
        while let Some(at) = self.due.or_else(moved) {
            self.due = Some(at);
            ready!(self.alarm.poll(at, cx));
            // Whatever was sent meanwhile has moved the time from which the limit counts.
            if moved().is_some_and(|at| at <= Instant::now()) {
                return Poll::Ready(());
            }
            self.due = None;
        }
        Poll::Pending
    }

    /// Tells whether nothing has come in since the request was sent.
    fn nothing_read(&self) -> bool {
        self.connection.bytes_read() == self.traffic.read
    }

    fn failed(&self, mut failed: TrySendError<Request>) -> Failure {
        let unsent = failed.take_message();
        let nothing_written = self.connection.bytes_written() == self.traffic.written;
        let mut failure = judged(failed.into_error(), self.nothing_read() || self.shared);
        failure.untouched = failure.ended && (nothing_written || unsent.is_some());
        failure.unsent = unsent.map(Request::into_body);
        failure
    }
}

impl Future for Responding<'_> {
    type Output = Result<http::Response<Incoming>, Box<Failure>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.sent.as_mut().poll(cx) {
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
            Poll::Ready(Err(failed)) => Poll::Ready(Err(Box::new(self.failed(failed)))),
            Poll::Pending => {
                ready!(self.poll_limit(cx));
                Poll::Ready(Err(Box::new(Failure {
                    dead: self.nothing_read(),
                    ..Failure::of(Error::timeout(Phase::ResponseHead, self.limit))
                })))
            }
        }
    }
}
