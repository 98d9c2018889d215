//! [`Driver`], which polls hyper, holds the clock and listens to the signals.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep_until};
use wharf_http::body::Error as BodyError;
use wharf_http::{Connection, Service};

use super::parking::{Parts, Talk, park_after};
use super::progress::{Phase, Progress, Upload};
use crate::access_log::Outcome;
use crate::conn::clock::{Clock, NO_HURRY, RACE};
use crate::conn::flow::after;
use crate::panic;

/// How often hyper is polled again before other tasks get their turn.
const TURNS: usize = 16;

pub(super) struct Driver<S, IO>
where
    S: Service,
{
    talk: Talk<S, IO>,
    progress: Arc<Progress>,
    connection: Connection,
    clock: Clock,
    /// When the first byte of the present head came; 0 when none has.
    head_since: u64,
    /// When the shutdown found it with nothing to do.
    leaving_since: u64,
    /// A request has ended and hyper still reads its body.
    uploading: bool,
    /// It could not be parked: part of the next request is there.
    unparkable: bool,
}

/// Why the driver stops.
pub(super) enum End {
    /// hyper is through, or has handed the connection over.
    Done,
    Broken(hyper::Error),
    Panicked(String),
    /// No head has come in time.
    Quiet,
    /// The server shuts down and nothing is going on here.
    Leaving,
    /// The client takes the answer too slowly.
    Slow,
    /// The deadline of the shutdown has passed.
    Cut,
}

impl End {
    /// Returns how a request ends that is still open.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Done | Self::Quiet | Self::Leaving => Outcome::Complete,
            Self::Broken(error) if is_fault_of_service(error) => Outcome::Failed,
            Self::Broken(_) => Outcome::Left,
            Self::Panicked(_) => Outcome::Failed,
            Self::Slow => Outcome::Slow,
            Self::Cut => Outcome::Cut,
        }
    }
}

impl<S, IO> Driver<S, IO>
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    pub(super) fn new(talk: Talk<S, IO>, progress: Arc<Progress>, connection: Connection) -> Self {
        Self {
            talk,
            progress,
            connection,
            clock: Clock::default(),
            head_since: 0,
            leaving_since: 0,
            uploading: false,
            unparkable: false,
        }
    }

    /// Returns what the parts of the connection tell each other.
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Makes the timer, not armed.
    pub(super) fn timer(&self) -> Sleep {
        sleep_until(self.progress.flow.instant(1))
    }

    pub(super) fn poll<F: Future<Output = ()>>(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
        shutdown: Pin<&mut F>,
        abort: Pin<&mut F>,
    ) -> Poll<End> {
        self.progress.flow.woken();
        for turn in 1.. {
            if let Poll::Ready(end) = self.poll_hyper(cx) {
                return Poll::Ready(end);
            }
            // Both: neither may be left set.
            if !(self.progress.held.take() | self.progress.again.take()) && !self.gather() {
                break;
            }
            if turn == TURNS {
                cx.waker().wake_by_ref();
                break;
            }
        }
        self.progress.account();
        let signal = &self.progress.settings.abort;
        let signals = [(self.connection.shutdown(), shutdown), (signal, abort)];
        self.clock.watch(cx, signals);
        if self.progress.settings.abort.is_fired() {
            return Poll::Ready(End::Cut);
        }
        self.keep_time();
        loop {
            let due = self.due();
            let parks = self.parks_at();
            let at = match (&due, parks) {
                (Some((at, _)), Some(parks)) => parks.min(*at),
                (Some((at, _)), None) => *at,
                (None, Some(parks)) => parks,
                (None, None) => return Poll::Pending,
            };
            ready!(self.clock.poll(cx, timer.as_mut(), &self.progress.flow, at));
            if let Some((due, end)) = due
                && due <= at
            {
                return Poll::Ready(end);
            }
            self.unparkable = !self.talk.park(&self.progress);
            // Whoever holds it now has to be told whom to wake.
            if let Poll::Ready(end) = self.poll_hyper(cx) {
                return Poll::Ready(end);
            }
            self.keep_time();
        }
    }

    /// Has hyper begin anew after a large answer; tells whether it did, and is to be polled.
    fn gather(&mut self) -> bool {
        let gathers = self.progress.large.get() && self.is_at_rest();
        if gathers {
            self.progress.large.set(false);
            self.talk.gather(&self.progress);
        }
        gathers
    }

    /// Tells whether hyper has nothing of a request or an answer, except what may have come of the next head.
    fn is_at_rest(&self) -> bool {
        matches!(self.talk, Talk::Hyper(_))
            && !self.progress.is_busy()
            && self.progress.upload() == Upload::None
            && !self.connection.shutdown().is_fired()
    }

    /// Returns when the connection is to be parked, should it stay as it is.
    fn parks_at(&self) -> Option<u64> {
        let progress = &self.progress;
        let idle = !self.unparkable
            && progress.idle_since.get() != 0
            && self.head_since == 0
            && self.is_at_rest();
        idle.then(|| {
            let limit = park_after(progress.is_in_crowd());
            after(progress.idle_since.get(), limit)
        })
    }

    fn poll_hyper(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if !ready!(self.talk.poll_wake(cx, &self.progress)) {
            return Poll::Ready(End::Done);
        }
        let Talk::Hyper(hyper) = &mut self.talk else {
            return Poll::Ready(End::Done);
        };
        let _turn = self.progress.turn();
        // After a panic nothing of hyper or the service is used again.
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut **hyper).poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => Poll::Ready(End::Done),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(End::Broken(error)),
            Err(panic) => Poll::Ready(End::Panicked(panic::message(panic.as_ref()))),
        }
    }

    /// Notes when a head begins and when the connection falls idle.
    fn keep_time(&mut self) {
        let progress = &self.progress;
        if progress.phase() != Phase::Idle {
            self.head_since = 0;
            self.unparkable = false;
            return;
        }
        match progress.upload() {
            Upload::Open => self.uploading = true,
            upload => {
                if upload != Upload::None {
                    progress.upload_drained();
                }
                if std::mem::take(&mut self.uploading) {
                    progress.idle_since.set(progress.flow.now());
                    progress.idle_mark.set(progress.flow.read.get());
                }
                let begun = progress.flow.read.get() != progress.idle_mark.get();
                if !begun {
                    self.head_since = 0;
                } else if self.head_since == 0 {
                    self.head_since = progress.flow.now();
                }
            }
        }
    }

    /// Finds out when something is due next, and what.
    fn due(&mut self) -> Option<(u64, End)> {
        let progress = &self.progress;
        let timeouts = &progress.settings.timeouts;
        if progress.flow.blocked_since.get() != 0 {
            let grace = timeouts.min_rate_grace;
            return progress
                .flow
                .patience_ends(timeouts.response_write, progress.min_rate(), grace)
                .map(|at| (at, End::Slow));
        }
        if progress.is_busy() {
            return None;
        }
        // A new connection waits for its first head from the beginning.
        let quiet_since = progress.idle_since.get().max(1);
        let (since, limit) = if self.head_since != 0 && progress.idle_since.get() != 0 {
            (self.head_since, timeouts.request_head)
        } else if progress.idle_since.get() != 0 {
            (quiet_since, timeouts.idle)
        } else {
            (quiet_since, timeouts.request_head)
        };
        if self.connection.shutdown().is_fired() {
            if self.leaving_since == 0 {
                self.leaving_since = progress.flow.now();
            }
            let since = self.leaving_since.max(self.head_since).max(quiet_since);
            let race = if progress.settings.handed_over.is_fired() {
                NO_HURRY
            } else {
                RACE
            };
            return Some((after(since, race), End::Leaving));
        }
        limit.map(|limit| (after(since, limit), End::Quiet))
    }

    /// Stops hyper; `None` when it has handed the connection over or must not be used any more.
    pub(super) fn take_apart(mut self, outcome: Outcome) -> Option<Parts<S, IO>> {
        self.progress.end(outcome);
        let parts = self.talk.take()?;
        self.progress.write_due_line(outcome);
        Some(parts)
    }
}

impl<S, IO> Drop for Driver<S, IO>
where
    S: Service,
{
    fn drop(&mut self) {
        if self.progress.ending().is_none() {
            self.progress.end(Outcome::Cut);
            self.talk = Talk::Over;
            self.progress.write_due_line(Outcome::Cut);
        }
    }
}

/// Tells whether the service gave an answer that cannot be sent.
pub(super) fn is_fault_of_service(error: &hyper::Error) -> bool {
    error.is_user() || error.is_body_write_aborted()
}

/// Reports an answer that cannot be sent, unless its body has reported that already.
pub(super) fn report(error: &hyper::Error, connection: &Connection) {
    let source = std::error::Error::source(error);
    if !source.is_some_and(|source| source.is::<BodyError>()) {
        let error = wharf_http::ErrorChain::new(error);
        connection.report(format_args!(
            "an answer could not be sent, the connection is cut: {error}"
        ));
    }
}
