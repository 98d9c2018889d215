//! A response body on its way in: its time limit, and the connection that it is read from.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;
use wharf_http::{Body, body};

use crate::config::MIN_RATE_GRACE;
use crate::pool::Lease;
use crate::progress::DownloadReport;
use crate::send::Scope;
use crate::timeout::{Deadline, Phase, Reached};
use crate::trace::{Call, Event};

/// The body of a response, as hyper reads it.
///
/// The connection is returned with the last byte. A body that is dropped before that closes it: reading on might never end.
pub(crate) struct Received {
    incoming: Incoming,
    limits: Limits,
    /// When the wait for the next piece began.
    waiting: Option<Instant>,
    /// How long the peer was waited for, all together.
    waited: Duration,
    bytes: u64,
    /// Who is told of the bytes, and how many there will be.
    report: Option<(Arc<DownloadReport>, Option<u64>)>,
    call: Option<Call>,
    lease: Option<Lease>,
}

/// The time limits of a body.
struct Limits {
    body_read: Option<Duration>,
    min_rate: Option<u32>,
    deadline: Deadline,
}

impl Limits {
    /// Finds out when what limit is reached, for one who waits since `since`.
    fn due(&self, since: Instant) -> Option<(Instant, Reached)> {
        // A limit too far away to be a point in time is none.
        let gap = self.body_read.and_then(|limit| since.checked_add(limit));
        let reached = Reached {
            phase: Phase::BodyRead,
            limit: self.body_read,
        };
        let gap = gap.map(|at| (at, reached));
        let deadline = self.deadline.at().map(|at| (at, self.deadline.reached()));
        gap.into_iter().chain(deadline).min_by_key(|(at, _)| *at)
    }

    /// Tells whether `bytes` are too few for one who has waited so long for them.
    fn is_too_slow(&self, bytes: u64, waited: Duration) -> bool {
        let rate = self.min_rate.filter(|_| waited > MIN_RATE_GRACE);
        rate.is_some_and(|rate| {
            bytes.saturating_mul(1000) < u64::from(rate).saturating_mul(millis(waited))
        })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Received {
    /// Makes the body of a response head that came by `lease`.
    pub(crate) fn body(incoming: Incoming, scope: &Scope, lease: Lease) -> Body {
        let report = scope.settings.download.clone();
        let mut received = Self {
            report: report.map(|report| (report, incoming.size_hint().exact())),
            incoming,
            limits: Limits {
                body_read: scope.timeouts.body_read,
                min_rate: scope.timeouts.min_rate,
                deadline: scope.deadline,
            },
            waiting: None,
            waited: Duration::ZERO,
            bytes: 0,
            call: scope.call.is_observed().then(|| scope.call.clone()),
            lease: Some(lease),
        };
        received.check_end();
        Body::new(received)
    }

    fn check_end(&mut self) {
        if self.incoming.is_end_stream() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
        self.tell_end(true);
    }

    /// Shows that no more is read, once.
    fn tell_end(&mut self, whole: bool) {
        if let Some(call) = self.call.take() {
            let bytes = self.bytes;
            call.notify(&Event::BodyEnded { bytes, whole });
        }
    }

    /// Waits for more until a limit is reached.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Reached> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let Some((at, reached)) = self.limits.due(since) else {
            return Poll::Pending;
        };
        match &mut self.lease {
            Some(lease) => lease.conn().alarm().poll(at, cx).map(|()| reached),
            None => Poll::Pending,
        }
    }

    /// Ends the body, and with it the connection.
    fn fail(&mut self, reached: Reached) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        self.lease = None;
        self.tell_end(false);
        let kind = match reached.phase {
            Phase::MinRate => body::ErrorKind::TooSlow,
            _ => body::ErrorKind::TimedOut,
        };
        Poll::Ready(Some(Err(body::Error::new(kind).because(reached))))
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.tell_end(false);
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
            let reached = ready!(self.poll_timer(cx));
            return self.fail(reached);
        };
        if let Some(since) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        match &frame {
            Some(Err(_)) => {
                self.lease = None;
                self.tell_end(false);
            }
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.bytes += data.len() as u64;
                    if let Some((report, total)) = &self.report {
                        report.tell(self.bytes, *total);
                    }
                    if let Some(call) = &self.call {
                        call.notify(&Event::ChunkReceived { bytes: data.len() });
                    }
                }
                // What is there in full is not worth an error any more.
                let ended = self.incoming.is_end_stream();
                if !ended && self.limits.is_too_slow(self.bytes, self.waited) {
                    let (phase, limit) = (Phase::MinRate, None);
                    return self.fail(Reached { phase, limit });
                }
                self.check_end();
            }
            None => self.finish(),
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
