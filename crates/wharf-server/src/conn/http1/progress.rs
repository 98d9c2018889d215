//! [`Progress`], what the parts of one connection tell each other.
//!
//! hyper owns the wire and the service, bodies travel to wherever the application reads them, and the connection's own
//! loop holds the clock. They share this: a handful of numbers, each written by one part and read by another, so that a
//! request takes no lock.
//!
//! ~~~text
//! Idle ──call──▶ Running ──last byte of the body──▶ Ended ──flushed──▶ Idle
//!                                                     └──flushed, 101──▶ Upgraded
//! ~~~

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use wharf_http::Context;

use super::handover::Handover;
use crate::access_log::{Outcome, Record};
use crate::conn::config::Settings;
use crate::conn::flow::{Ending, Flag, Flow, Number, Routed};
use crate::conn::ledger;
use crate::stats::ConnectionStats;
use crate::watchdog::Turn;

pub(crate) struct Progress {
    pub(crate) settings: Arc<Settings>,
    stats: Arc<ConnectionStats>,
    pub(crate) flow: Flow,
    phase: AtomicU8,
    upload: Number,
    ending: Ending,
    /// Finished answers wait in the wire for more of them.
    pub(crate) held: Flag,
    /// An answer waits until hyper has noticed that the body of its request was thrown away.
    pub(crate) again: Flag,
    /// A large answer was copied before it was sent.
    pub(crate) large: Flag,
    pub(crate) idle_since: Number,
    /// How much had come in when the last request ended.
    pub(crate) idle_mark: Number,
    routed: Routed,
    /// How much hyper had handed over when the last request ended.
    line_mark: Number,
    /// What is left of the last request. Only the connection's own task takes the lock.
    last: Mutex<Last>,
    /// The line of the last request is yet to be written.
    line_is_due: Flag,
    pub(crate) handover: OnceLock<Arc<Handover>>,
}

/// What is left of a request. Its memory serves the next one.
#[derive(Default)]
pub(crate) struct Last {
    pub(crate) context: Option<Context>,
    pub(crate) record: Option<Box<Record>>,
}

/// What a connection is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// No request is being dealt with.
    Idle,
    /// A request waits for its answer, or for the rest of it.
    Running,
    /// hyper has the whole answer, but has not passed on all of it.
    Ended,
    /// The connection no longer speaks HTTP.
    Upgraded,
}

/// What became of the body of the present request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// There is none, or it was read to its end.
    None,
    /// Somebody can still read it.
    Open,
    /// It was thrown away before its end.
    Dropped,
    /// It was malformed or came too slowly: nobody knows where the next request begins.
    Failed,
}

const OPEN: u64 = 1;
const DROPPED: u64 = 2;
const FAILED: u64 = 3;

impl Progress {
    pub(crate) fn new(settings: Arc<Settings>, stats: Arc<ConnectionStats>, flow: Flow) -> Self {
        Self {
            settings,
            stats,
            flow,
            phase: AtomicU8::new(Phase::Idle as u8),
            upload: Number::default(),
            ending: Ending::default(),
            held: Flag::default(),
            again: Flag::default(),
            large: Flag::default(),
            idle_since: Number::default(),
            idle_mark: Number::default(),
            routed: Routed::default(),
            line_mark: Number::default(),
            last: Mutex::default(),
            line_is_due: Flag::default(),
            handover: OnceLock::new(),
        }
    }

    /// Returns the counters that the connection is counted in.
    #[cfg(feature = "http2")]
    pub(crate) fn stats(&self) -> Arc<ConnectionStats> {
        Arc::clone(&self.stats)
    }

    /// Tells whether many connections are open.
    pub(crate) fn is_in_crowd(&self) -> bool {
        self.stats.is_in_crowd()
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Running,
            2 => Phase::Ended,
            _ => Phase::Upgraded,
        }
    }

    fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    // Requests.

    /// Notes that a request came; returns the ticket with which its body reports how it ended.
    pub(crate) fn begin(&self, context: &Context, has_body: bool) -> u64 {
        self.set_phase(Phase::Running);
        self.flow.forgive();
        self.stats.request_begun();
        // Bodies outlive their request where the application keeps them: a late report must not be taken for one on
        // the body of a later request.
        let ticket = if has_body {
            (context.sequence() << 2) | OPEN
        } else {
            0
        };
        self.upload.set(ticket);
        ticket
    }

    /// Notes the route that the present request has come to, and what that says of the rate of its bodies.
    pub(crate) fn set_route(&self, context: &Context) {
        self.routed.set(context, &self.stats);
    }

    /// Returns the least rate of the present request's bodies in bytes per second; `None` is any.
    pub(crate) fn min_rate(&self) -> Option<u32> {
        self.routed.or(self.settings.timeouts.min_rate)
    }

    pub(crate) fn upload_ended(&self, ticket: u64) {
        self.upload.swap(ticket, 0);
    }

    pub(crate) fn upload_failed(&self, ticket: u64) {
        self.upload.swap(ticket, ticket - OPEN + FAILED);
    }

    pub(crate) fn upload_dropped(&self, ticket: u64) {
        self.upload.swap(ticket, ticket - OPEN + DROPPED);
    }

    /// Notes that hyper has thrown away the rest of a body and waits for the next request.
    pub(crate) fn upload_drained(&self) {
        self.upload.set(0);
    }

    pub(crate) fn upload(&self) -> Upload {
        match self.upload.get() & 3 {
            OPEN => Upload::Open,
            DROPPED => Upload::Dropped,
            FAILED => Upload::Failed,
            _ => Upload::None,
        }
    }

    /// Tells whether a request is being dealt with, or a part of it or of its answer still under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.phase() != Phase::Idle
            || self.upload() == Upload::Open
            || self.flow.blocked_since.get() != 0
    }

    /// Returns what is left of the last request, if there was one.
    pub(crate) fn take_last(&self) -> Last {
        std::mem::take(&mut *self.last())
    }

    /// Lets go of the memory that was kept for the next request's line.
    pub(crate) fn forget(&self) {
        self.last().record = None;
    }

    /// Notes that hyper has the whole answer.
    pub(crate) fn complete(&self, mut context: Context, record: Option<Box<Record>>) {
        self.stats.request_ended(self.routed.leave());
        self.set_phase(Phase::Ended);
        if record.is_none() {
            context.clear();
            self.last().context = Some(context);
            return;
        }
        self.line_is_due.set(true);
        *self.last() = Last {
            context: Some(context),
            record,
        };
    }

    /// Notes that hyper has passed on all that it had; ends the present request if its answer is complete.
    pub(crate) fn flushed(&self) {
        if self.phase() != Phase::Ended {
            return;
        }
        self.set_phase(if self.handover.get().is_some() {
            Phase::Upgraded
        } else {
            Phase::Idle
        });
        self.idle_since.set(self.flow.now());
        self.idle_mark.set(self.flow.read.get());
        self.write_due_line(Outcome::Complete);
        self.line_mark.set(self.flow.accepted.get());
    }

    /// Adds to the server's counters what has come in and gone out.
    pub(crate) fn account(&self) {
        self.flow.account(&self.stats);
    }

    /// Notes that hyper is polled, and with it whatever it is that the present request does, until the guard is dropped.
    pub(crate) fn turn(&self) -> Option<Turn<'_>> {
        self.stats.turn(self.routed.mark())
    }

    /// Notes that a request will get no complete answer.
    pub(crate) fn broken_off(
        &self,
        context: &Context,
        record: Option<Box<Record>>,
        outcome: Outcome,
    ) {
        self.stats.request_ended(self.routed.leave());
        if let Some(mut record) = record {
            self.write_line(context, &mut record, outcome);
        }
    }

    /// Writes the line of a request whose answer was complete, if it has not been written.
    pub(crate) fn write_due_line(&self, outcome: Outcome) {
        if !self.line_is_due.take() {
            return;
        }
        let last = &mut *self.last();
        if let (Some(context), Some(record)) = (&mut last.context, &mut last.record) {
            self.write_line(context, record, outcome);
            context.clear();
        }
    }

    fn write_line(&self, context: &Context, record: &mut Record, outcome: Outcome) {
        let bytes = self.flow.accepted.get() - self.line_mark.get();
        ledger::ended(&self.settings, context, record, bytes, outcome);
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The end.

    /// Notes how the connection ends, before its parts are dropped.
    pub(crate) fn end(&self, outcome: Outcome) {
        self.ending.set(outcome);
    }

    /// Returns how the connection ends, once it does.
    pub(crate) fn ending(&self) -> Option<Outcome> {
        self.ending.get()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.account();
    }
}
