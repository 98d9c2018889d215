//! What is due: a sign of life, the next byte to be accepted, the end.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::error::Phase;
use super::{Stage, Stream};

/// Into how many parts the interval of the heart is divided while the peer is busy.
const BUSY: u32 = 8;

impl Stream {
    /// Sends a ping to a peer that has been silent, and gives up one that stays so.
    pub(super) fn check_heartbeat(&mut self, cx: &mut Context<'_>) {
        let (Some(interval), Stage::Open) = (self.heartbeat, self.stage) else {
            return;
        };
        let now = Instant::now();
        let heard = *self.heard.get_or_insert(now);
        if std::mem::take(&mut self.heard_since) {
            self.heard = Some(now);
            return;
        }
        if now.saturating_duration_since(heard) < interval {
            return;
        }
        match self.pinged {
            false => {
                self.pinged = true;
                self.heard = Some(now);
                let sent = self.encoder.ping();
                self.settle(sent);
                // What it cannot write now goes out with the next event.
                let _later = self.poll_flush(cx);
            }
            true => self.time_out(Phase::Heartbeat),
        }
    }

    pub(super) fn check_stall(&mut self) {
        let Some(limit) = self.write_timeout else {
            return;
        };
        let since = *self.stalled.get_or_insert_with(Instant::now);
        if since.elapsed() >= limit {
            self.time_out(Phase::Write);
        }
    }

    /// Waits for what is due next: the heart beats only while somebody receives. Ready means: look again.
    pub(super) fn poll_alarm(&mut self, receiving: bool) -> Poll<()> {
        let due = match self.stage {
            Stage::Over => return Poll::Ready(()),
            Stage::Open => {
                let heartbeat = self.heard.zip(self.listen()).filter(|_| receiving);
                let stall = self.stalled.zip(self.write_timeout);
                let dues = [heartbeat, stall].into_iter().flatten();
                dues.filter_map(|(since, limit)| since.checked_add(limit))
                    .min()
            }
            Stage::Leaving { until } | Stage::Ending { until, .. } | Stage::Draining { until } => {
                Some(until)
            }
        };
        let Some(due) = due else {
            return Poll::Pending;
        };
        let set = match &mut self.alarm {
            // One that rings early is set again then: signs of life are too many to set it for each.
            Some(alarm) if alarm.deadline() <= due => alarm.is_elapsed(),
            Some(alarm) => {
                alarm.as_mut().reset(due);
                true
            }
            None => {
                self.alarm = Some(Box::pin(sleep_until(due)));
                true
            }
        };
        self.busy = receiving && self.heard_since;
        // Polled only when it was set or has rung: it remembers the task, which is the same each time.
        let Some(alarm) = self.alarm.as_mut().filter(|_| set) else {
            return Poll::Pending;
        };
        let mut cx = Context::from_waker(&self.alarmed);
        loop {
            ready!(alarm.as_mut().poll(&mut cx));
            if Instant::now() >= due {
                break;
            }
            alarm.as_mut().reset(due);
        }
        self.alarm = None;
        self.busy = false;
        match self.stage {
            Stage::Open | Stage::Over => {}
            // The peer has said all that matters.
            Stage::Draining { .. } => self.over(),
            Stage::Leaving { .. } | Stage::Ending { .. } => self.time_out(Phase::Close),
        }
        Poll::Ready(())
    }

    /// Returns for how long to wait for signs of life. Those of a busy peer are not timed, which would take as long as
    /// much of the work for a small message: now and then it is noted that there were some.
    fn listen(&self) -> Option<Duration> {
        match self.heard_since {
            false => self.heartbeat,
            true => self.heartbeat.map(|interval| interval / BUSY),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        let now = Instant::now();
        // Thirty years are for ever.
        let far = Duration::from_secs(86_400 * 365 * 30);
        now + self.close_timeout.min(far)
    }
}
