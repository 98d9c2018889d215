//! The bytes of one direction that are on their way.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::time::{Instant, Sleep, sleep_until};

use super::flow::{End, Flow};

/// How many bytes may be on their way, about as many as the buffers of a socket hold.
const ROOM: usize = 64 * 1024;

/// The largest piece that arrives at once where bandwidth is limited.
const PIECE: u64 = 16 * 1024;

/// One direction: what was sent and has not arrived, and when it is due.
pub(super) struct Lane {
    flow: Flow,
    queue: VecDeque<(Instant, Bytes)>,
    queued: usize,
    /// How many bytes were taken in since the beginning.
    taken: u64,
    /// When the last byte that was taken in has passed, where bandwidth is limited.
    busy_until: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Lane {
    pub(super) fn new(flow: Flow) -> Self {
        Self {
            flow,
            queue: VecDeque::new(),
            queued: 0,
            taken: 0,
            busy_until: None,
            timer: None,
        }
    }

    /// Returns how many bytes can be taken in now.
    pub(super) fn room(&self) -> usize {
        let mut room = ROOM.saturating_sub(self.queued);
        if let Some((after, _)) = self.flow.end {
            let left = after.saturating_sub(self.taken);
            room = room.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        match self.flow.bandwidth {
            Some(0) => 0,
            Some(bandwidth) => {
                let piece = (bandwidth / 10).clamp(1, PIECE);
                room.min(usize::try_from(piece).unwrap_or(usize::MAX))
            }
            None => room,
        }
    }

    /// Takes in bytes, no more than there is room for.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        let mut sent = now;
        if let Some(bandwidth) = self.flow.bandwidth {
            let begins = self.busy_until.map_or(now, |until| until.max(now));
            sent = begins + time_for(bytes.len(), bandwidth);
            self.busy_until = Some(sent);
        }
        let mut bytes = bytes.to_vec();
        for &offset in &self.flow.corrupt {
            let place = offset.checked_sub(self.taken);
            let place = place.and_then(|place| usize::try_from(place).ok());
            if let Some(byte) = place.and_then(|place| bytes.get_mut(place)) {
                *byte = !*byte;
            }
        }
        self.taken += bytes.len() as u64;
        self.queued += bytes.len();
        let due = sent.checked_add(self.flow.delay).unwrap_or(sent);
        self.queue.push_back((due, bytes.into()));
    }

    /// Waits for bytes that have arrived; `None` when none are on their way.
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Option<&[u8]>> {
        let Some(&(due, _)) = self.queue.front() else {
            return Poll::Ready(None);
        };
        if due > Instant::now() {
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            std::task::ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(self.queue.front().map(|(_, bytes)| bytes.as_ref()))
    }

    /// Takes out bytes that have arrived.
    pub(super) fn pop(&mut self, count: usize) {
        if let Some((_, bytes)) = self.queue.front_mut() {
            bytes.advance(count);
            self.queued -= count;
            if bytes.is_empty() {
                self.queue.pop_front();
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns how the direction ends, once all bytes before its end were taken in.
    pub(super) fn end(&self) -> Option<End> {
        let (after, end) = self.flow.end?;
        (self.taken >= after).then_some(end)
    }

    /// Tells whether nothing will ever be taken in.
    pub(super) fn is_blocked(&self) -> bool {
        self.flow.bandwidth == Some(0)
    }
}

fn time_for(bytes: usize, bandwidth: u64) -> Duration {
    let nanoseconds = bytes as u128 * 1_000_000_000 / u128::from(bandwidth.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}
