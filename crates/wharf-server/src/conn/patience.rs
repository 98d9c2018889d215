//! [`Patience`], for how long somebody waits for a peer that is slow with a body.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

/// Returns for how long a peer may have been the slow side after it dealt with `bytes`.
pub(super) fn patience(bytes: u64, rate: u32, grace: Duration) -> Duration {
    Duration::from_millis(bytes.saturating_mul(1000) / u64::from(rate)).max(grace)
}

pin_project! {
    /// A clock that runs only while somebody waits.
    #[derive(Default)]
    pub(super) struct Patience {
        #[pin]
        timer: Option<Sleep>,
        since: Option<Instant>,
        waited: Duration,
    }
}

/// What a body is allowed.
pub(super) struct Allowed {
    /// How long the wait for one piece may take.
    pub(super) gap: Option<Duration>,
    /// The least rate in bytes per second, after a time of grace.
    pub(super) rate: Option<u32>,
    pub(super) grace: Duration,
}

/// Which limit was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    Gap,
    Rate,
}

impl Patience {
    /// Notes that the wait is over.
    pub(super) fn rewarded(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(since) = this.since.take() {
            *this.waited += since.elapsed();
        }
    }

    /// Waits no longer than is allowed with a peer that has dealt with so many `bytes`.
    pub(super) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: u64,
        allowed: &Allowed,
    ) -> Poll<Late> {
        let mut this = self.project();
        let since = *this.since.get_or_insert_with(Instant::now);
        let gap = allowed.gap.and_then(|limit| since.checked_add(limit));
        let rate = allowed.rate.and_then(|rate| {
            let patience = patience(bytes, rate, allowed.grace);
            since.checked_add(patience.saturating_sub(*this.waited))
        });
        let Some(deadline) = [gap, rate].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        loop {
            if this.timer.is_none() {
                this.timer.set(Some(sleep_until(deadline)));
            }
            let timer = this.timer.as_mut().as_pin_mut();
            let mut timer = timer.expect("the timer was set a line above");
            ready!(timer.as_mut().poll(cx));
            // Armed for an earlier piece, and moved only now that it went off.
            if timer.deadline() < deadline {
                timer.reset(deadline);
                continue;
            }
            let late = if gap == Some(deadline) {
                Late::Gap
            } else {
                Late::Rate
            };
            return Poll::Ready(late);
        }
    }
}
