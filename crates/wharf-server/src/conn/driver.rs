//! [`Driver`], which polls hyper, holds the clock and listens to the signals.
//!
//! There is one timer for all limits. It is moved to an earlier time when a limit needs that, and to a later one only
//! when it goes off too early: a busy connection does not touch it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::http1::UpgradeableConnection;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};
use wharf_http::body::Error as BodyError;
use wharf_http::{Connection, Service};

use super::exchange::Adapter;
use super::progress::{Phase, Progress, Upload};
use super::upload::patience;
use crate::access_log::Outcome;
use crate::panic;
use crate::wire::Wire;

/// For how long a silent connection is kept open when the server shuts down: a request may have arrived of which the
/// runtime has not heard yet, and a client that has just got an answer without `Connection: close` may have sent its
/// next one already.
const RACE: Duration = Duration::from_millis(50);

/// How often hyper is polled again before other tasks get their turn.
const TURNS: usize = 16;

pub(super) struct Driver<S, IO>
where
    S: Service,
{
    hyper: Option<Hyper<S, IO>>,
    progress: Arc<Progress>,
    connection: Connection,
    /// Whom timer and signals wake.
    waker: Option<Waker>,
    /// When the timer goes off; 0 when it does not, or would wake somebody else.
    armed: u64,
    /// When the first byte of the present head came; 0 when none has.
    head_since: u64,
    /// When the shutdown found it with nothing to do.
    leaving_since: u64,
    /// A request has ended and hyper still reads its body.
    uploading: bool,
}

type Hyper<S, IO> = UpgradeableConnection<TokioIo<Wire<IO>>, Adapter<S>>;

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

/// What is left of a connection when hyper is gone.
pub(super) struct Parts<S, IO> {
    pub(super) wire: Wire<IO>,
    /// What was read and not parsed.
    pub(super) read: Bytes,
    pub(super) adapter: Adapter<S>,
}

impl<S, IO> Driver<S, IO>
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    pub(super) fn new(
        hyper: Hyper<S, IO>,
        progress: &Arc<Progress>,
        connection: &Connection,
    ) -> Self {
        Self {
            hyper: Some(hyper),
            progress: Arc::clone(progress),
            connection: connection.clone(),
            waker: None,
            armed: 0,
            head_since: 0,
            leaving_since: 0,
            uploading: false,
        }
    }

    /// Makes the timer, not armed.
    pub(super) fn timer(&self) -> Sleep {
        sleep_until(self.progress.instant(1))
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
        shutdown: Pin<&mut impl Future<Output = ()>>,
        abort: Pin<&mut impl Future<Output = ()>>,
    ) -> Poll<End> {
        self.progress.woken();
        for turn in 1.. {
            if let Poll::Ready(end) = self.poll_hyper(cx) {
                return Poll::Ready(end);
            }
            // Both: neither may be left set.
            if !(self.progress.held.take() | self.progress.again.take()) {
                break;
            }
            if turn == TURNS {
                cx.waker().wake_by_ref();
                break;
            }
        }
        let moved = !self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        if moved {
            // Polled once for each waker and not at every wake-up, since that takes a lock that connections share; and
            // not after they were ready. Whether they have fired is looked up below.
            if !self.connection.shutdown().is_fired() {
                let _fired = shutdown.poll(cx);
            }
            if !self.progress.settings.abort.is_fired() {
                let _fired = abort.poll(cx);
            }
            self.waker = Some(cx.waker().clone());
            self.armed = 0;
        }
        if self.progress.settings.abort.is_fired() {
            return Poll::Ready(End::Cut);
        }
        self.keep_time();
        self.poll_clock(cx, timer.as_mut())
    }

    fn poll_hyper(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let Some(hyper) = &mut self.hyper else {
            return Poll::Ready(End::Done);
        };
        // After a panic nothing of hyper or the service is used again.
        match catch_unwind(AssertUnwindSafe(|| Pin::new(hyper).poll(cx))) {
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
            return;
        }
        match progress.upload() {
            Upload::Open => self.uploading = true,
            upload => {
                if upload != Upload::None {
                    progress.upload_drained();
                }
                if std::mem::take(&mut self.uploading) {
                    progress.idle_since.set(progress.now());
                    progress.idle_mark.set(progress.read.get());
                }
                let begun = progress.read.get() != progress.idle_mark.get();
                if !begun {
                    self.head_since = 0;
                } else if self.head_since == 0 {
                    self.head_since = progress.now();
                }
            }
        }
    }

    /// Finds out when something is due next, and what.
    fn due(&mut self) -> Option<(u64, End)> {
        let progress = &self.progress;
        let timeouts = &progress.settings.timeouts;
        let after = |since: u64, limit: Duration| {
            since.saturating_add(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX))
        };
        let blocked_since = progress.blocked_since.get();
        if blocked_since != 0 {
            let write = timeouts
                .response_write
                .map(|limit| after(blocked_since, limit));
            let rate = progress.min_rate().map(|rate| {
                let bytes = progress.written.get() - progress.answer_mark.get();
                let patience = patience(bytes, rate, timeouts.min_rate_grace);
                after(blocked_since, patience).saturating_sub(progress.slow.get())
            });
            return [write, rate]
                .into_iter()
                .flatten()
                .min()
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
                self.leaving_since = progress.now();
            }
            let since = self.leaving_since.max(self.head_since).max(quiet_since);
            return Some((after(since, RACE), End::Leaving));
        }
        limit.map(|limit| (after(since, limit), End::Quiet))
    }

    fn poll_clock(&mut self, cx: &mut Context<'_>, mut timer: Pin<&mut Sleep>) -> Poll<End> {
        let Some((at, end)) = self.due() else {
            return Poll::Pending;
        };
        let mut arm = self.armed == 0 || at < self.armed;
        loop {
            if arm {
                timer.as_mut().reset(self.progress.instant(at));
                self.armed = at;
            } else if !timer.is_elapsed() {
                return Poll::Pending;
            }
            if self.progress.stamp(Instant::now()) >= at {
                return Poll::Ready(end);
            }
            if !arm {
                // Armed for an earlier limit, which was met.
                arm = true;
                continue;
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            arm = false;
        }
    }

    /// Stops hyper; `None` when it has handed the connection over or must not be used any more.
    pub(super) fn take_apart(mut self, outcome: Outcome) -> Option<Parts<S, IO>> {
        self.progress.end(outcome);
        let parts = self.hyper.take()?.into_parts()?;
        self.progress.write_due_line(outcome);
        Some(Parts {
            wire: parts.io.into_inner(),
            read: parts.read_buf,
            adapter: parts.service,
        })
    }
}

impl<S, IO> Drop for Driver<S, IO>
where
    S: Service,
{
    fn drop(&mut self) {
        if self.progress.ending().is_none() {
            self.progress.end(Outcome::Cut);
            drop(self.hyper.take());
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
