//! [`Driver`], which polls hyper, holds the clock of the connection and listens to the signals.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::server::conn::http2::Connection as HyperConnection;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep_until};
use wharf_http::{Connection, Service};

use super::exchange::Adapter;
use super::executor::Executor;
use super::hub::Hub;
use super::wire::{Inner, Wire};
use crate::access_log::Outcome;
use crate::conn::clock::{Clock, RACE};
use crate::conn::flow::after;
use crate::panic;

/// How long a client that was told to leave may take to agree (RFC 9113 §6.8): its next request may be under way.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// How often hyper is polled again before other tasks get their turn.
const TURNS: usize = 16;

pub(super) struct Driver<S, IO>
where
    S: Service,
{
    hyper: Option<Pin<Box<Hyper<S, IO>>>>,
    wire: Option<Wire<IO>>,
    hub: Arc<Hub>,
    connection: Connection,
    clock: Clock,
    /// Since when no stream is open and nothing waits to be sent; 0 when that is not so.
    idle_since: u64,
    /// When the client was told to leave; 0 when it was not.
    leaving_since: u64,
}

pub(super) type Hyper<S, IO> = HyperConnection<TokioIo<Wire<IO>>, Adapter<S>, Executor>;

/// Why the driver stops.
pub(super) enum End {
    /// hyper is through.
    Done,
    Broken(hyper::Error),
    Gone,
    Panicked(String),
    /// A head did not come, or did not end, in time.
    Late,
    /// The client was told to leave, and has nothing left to wait for.
    Leaving,
    /// The client takes nothing of what waits for it, or too little.
    Slow,
    /// The deadline of the shutdown has passed.
    Cut,
}

impl End {
    /// Returns how a request ends that is still open.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Done | Self::Broken(_) | Self::Gone => Outcome::Left,
            Self::Leaving => Outcome::Left,
            Self::Panicked(_) => Outcome::Failed,
            Self::Late | Self::Slow => Outcome::Slow,
            Self::Cut => Outcome::Cut,
        }
    }
}

/// What is due at some time.
enum Due {
    /// The client has to be told to leave.
    Farewell,
    End(End),
}

impl<S, IO> Driver<S, IO>
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    pub(super) fn new(hyper: Hyper<S, IO>, wire: Wire<IO>, hub: &Arc<Hub>) -> Self {
        Self {
            hyper: Some(Box::pin(hyper)),
            wire: Some(wire),
            connection: hub.connection.clone(),
            hub: Arc::clone(hub),
            clock: Clock::default(),
            idle_since: 0,
            leaving_since: 0,
        }
    }

    /// Makes the timer, not armed.
    pub(super) fn timer(&self) -> Sleep {
        sleep_until(self.hub.flow.opened())
    }

    pub(super) fn poll<F: Future<Output = ()>>(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
        shutdown: Pin<&mut F>,
        abort: Pin<&mut F>,
    ) -> Poll<End> {
        self.hub.flow.woken();
        let signal = &self.hub.settings.abort;
        let signals = [(self.connection.shutdown(), shutdown), (signal, abort)];
        self.clock.watch(cx, signals);
        if signal.is_fired() {
            return Poll::Ready(End::Cut);
        }
        if self.connection.shutdown().is_fired() {
            self.say_farewell();
        }
        loop {
            if let Poll::Ready(end) = self.poll_hyper(cx) {
                return Poll::Ready(end);
            }
            self.hub.reap();
            let Some((at, due)) = self.due() else {
                return Poll::Pending;
            };
            ready!(self.clock.poll(cx, timer.as_mut(), &self.hub.flow, at));
            match due {
                Due::Farewell => self.say_farewell(),
                Due::End(end) => return Poll::Ready(end),
            }
        }
    }

    /// Polls hyper and sends what it has written, until both have nothing to do.
    fn poll_hyper(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let (Some(hyper), Some(wire)) = (&mut self.hyper, &self.wire) else {
            return Poll::Ready(End::Done);
        };
        for turn in 1.. {
            // After a panic nothing of hyper or the service is used again.
            match catch_unwind(AssertUnwindSafe(|| hyper.as_mut().poll(cx))) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(Ok(()))) => return Poll::Ready(End::Done),
                Ok(Poll::Ready(Err(error))) => return Poll::Ready(End::Broken(error)),
                Err(panic) => {
                    return Poll::Ready(End::Panicked(panic::message(panic.as_ref())));
                }
            }
            match wire.lock().push(cx) {
                Ok(true) if turn < TURNS => {}
                Ok(true) => {
                    cx.waker().wake_by_ref();
                    break;
                }
                Ok(false) => break,
                Err(_) => return Poll::Ready(End::Gone),
            }
        }
        Poll::Pending
    }

    /// Tells the client to send no more requests (RFC 9113 §6.8).
    fn say_farewell(&mut self) {
        if self.leaving_since == 0
            && let Some(hyper) = &mut self.hyper
        {
            self.leaving_since = self.hub.flow.now();
            hyper.as_mut().graceful_shutdown();
        }
    }

    /// Finds out when something is due next, and what.
    fn due(&mut self) -> Option<(u64, Due)> {
        let wire = self.wire.as_ref()?.lock();
        let flow = &self.hub.flow;
        let timeouts = &self.hub.settings.timeouts;
        let table = &wire.table;
        let grace = timeouts.min_rate_grace;
        let slow = flow.patience_ends(timeouts.response_write, timeouts.min_rate, grace);
        let slow = slow.map(|at| (at, Due::End(End::Slow)));
        // A new connection waits for its first head from the beginning.
        let since = if table.heads() == 0 {
            1
        } else {
            table.head_since()
        };
        let head = timeouts.request_head.filter(|_| since != 0);
        let head = head.map(|limit| (after(since, limit), Due::End(End::Late)));

        let is_leaving = self.leaving_since != 0;
        // Half a head is no request that has to be finished before the end.
        let open = if is_leaving {
            table.running()
        } else {
            table.open()
        };
        let quiet = open == 0 && wire.socket.waiting() == 0;
        if !quiet {
            self.idle_since = 0;
            return earliest([slow, head]);
        }
        if self.idle_since == 0 {
            self.idle_since = flow.now();
        }
        let idle = if is_leaving {
            let head_since = table.head_since();
            // Within a head a client cannot agree to leave (RFC 9113 §6.10).
            let patience = if table.heads() == 0 || head_since != 0 {
                RACE
            } else {
                FAREWELL
            };
            let since = self.leaving_since.max(self.idle_since).max(head_since);
            Some((after(since, patience), Due::End(End::Leaving)))
        } else {
            let limit = timeouts.idle.filter(|_| table.heads() > 0);
            limit.map(|limit| (after(self.idle_since, limit), Due::Farewell))
        };
        earliest([slow, head, idle])
    }

    /// Stops hyper, and then all streams.
    pub(super) async fn take_apart(mut self, outcome: Outcome) -> Option<Inner<IO>> {
        self.hub.ending.set(outcome);
        drop(self.hyper.take());
        if let Some(mut tasks) = self.hub.take_tasks() {
            tasks.shutdown().await;
        }
        self.wire.take()?.into_inner()
    }
}

impl<S, IO> Drop for Driver<S, IO>
where
    S: Service,
{
    fn drop(&mut self) {
        if self.hub.ending.get().is_none() {
            self.hub.ending.set(Outcome::Cut);
        }
        drop(self.hyper.take());
        drop(self.hub.take_tasks());
    }
}

fn earliest<const N: usize>(due: [Option<(u64, Due)>; N]) -> Option<(u64, Due)> {
    due.into_iter().flatten().min_by_key(|(at, _)| *at)
}
