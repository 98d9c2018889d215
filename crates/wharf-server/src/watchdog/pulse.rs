//! [`Pulse`], what a worker lets the watchdog see of what it does at this moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tokio::sync::Notify;

use crate::stats::RouteMark;

/// What a worker does at this moment. It is written by the worker's thread alone, and costs it a few plain stores.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Pulse {
    /// Its runtime waits for something to happen.
    parked: AtomicBool,
    /// Counts the turns of its loop.
    turns: AtomicU64,
    /// Whose poll it is: 0 nobody's of the server, else one more than the mark of the route.
    busy_with: AtomicU64,
    /// The watchdog asks for a turn.
    ask: Notify,
}

impl Pulse {
    pub(crate) fn park(&self) {
        self.parked.store(true, Relaxed);
    }

    pub(crate) fn unpark(&self) {
        self.parked.store(false, Relaxed);
        self.turn();
    }

    fn turn(&self) {
        // Nobody else writes.
        self.turns
            .store(self.turns.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Notes that something of a request is polled until the guard is dropped.
    pub(crate) fn enter(&self, route: RouteMark) -> Turn<'_> {
        self.turn();
        self.hold(route);
        Turn(self)
    }

    /// Notes which route the present poll has come to.
    pub(crate) fn hold(&self, route: RouteMark) {
        self.busy_with.store(u64::from(route.0) + 1, Relaxed);
    }

    /// Takes a turn whenever the watchdog asks for one: a loop that is busy without pause is not held up.
    pub(crate) async fn beat(self: Arc<Self>) {
        loop {
            self.ask.notified().await;
            self.turn();
        }
    }

    /// Returns how many turns there were, and asks for one more; `None` when the runtime waits.
    pub(super) fn look(&self) -> Option<u64> {
        if self.parked.load(Relaxed) {
            return None;
        }
        let turns = self.turns.load(Relaxed);
        self.ask.notify_one();
        Some(turns)
    }

    /// Returns whose poll it is; `None` when it is nothing of the server's.
    pub(super) fn busy_with(&self) -> Option<RouteMark> {
        let mark = self.busy_with.load(Relaxed).checked_sub(1)?;
        u32::try_from(mark).ok().map(RouteMark)
    }
}

/// One poll of something of the server's.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Pulse);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.busy_with.store(0, Relaxed);
    }
}
