//! [`Clock`], the one timer of a connection, and the signals that end it.
//!
//! The timer is moved to an earlier time when a limit needs that, and to a later one only when it goes off too early: a
//! busy connection does not touch it.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep};
use wharf_http::Signal;

use super::flow::Flow;

/// For how long a silent connection is kept open when the server shuts down: a request may have arrived of which the
/// runtime has not heard yet, and a client that has just got an answer may have sent its next request already.
pub(super) const RACE: Duration = Duration::from_millis(50);

/// The same when another process has taken over: who asks at all within this time is told by its answer to come back by
/// another connection, and loses nothing.
#[cfg(feature = "http1")]
pub(super) const NO_HURRY: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Clock {
    /// Whom timer and signals wake.
    waker: Option<Waker>,
    /// When the timer goes off; 0 when it does not, or would wake somebody else.
    armed: u64,
}

impl Clock {
    /// Sees to it that the signals wake the present task. Whether they have fired is for the caller to look up.
    pub(super) fn watch<F: Future<Output = ()>>(
        &mut self,
        cx: &mut Context<'_>,
        signals: [(&Signal, Pin<&mut F>); 2],
    ) {
        let moved = !self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        if moved {
            // Polled once for each waker and not at every wake-up, since that takes a lock that connections share; and
            // not after they were ready.
            for (signal, fired) in signals {
                if !signal.is_fired() {
                    let _fired = fired.poll(cx);
                }
            }
            self.waker = Some(cx.waker().clone());
            self.armed = 0;
        }
    }

    /// Ready when it is `at` or later.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
        flow: &Flow,
        at: u64,
    ) -> Poll<()> {
        let mut arm = self.armed == 0 || at < self.armed;
        loop {
            if arm {
                timer.as_mut().reset(flow.instant(at));
                self.armed = at;
            } else if !timer.is_elapsed() {
                return Poll::Pending;
            }
            if flow.stamp(Instant::now()) >= at {
                return Poll::Ready(());
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
}
