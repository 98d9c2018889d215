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

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::StatusCode;
use tokio::time::Instant;
use wharf_http::Context;

use super::config::Settings;
use super::handover::Handover;
use crate::access_log::{Line, Outcome, Record};
use crate::stats::ConnectionStats;

pub(crate) struct Progress {
    pub(crate) settings: Arc<Settings>,
    stats: ConnectionStats,
    /// Times are nanoseconds since one nanosecond before this, so that 0 means "not set".
    base: Instant,
    phase: AtomicU8,
    upload: Number,
    ending: AtomicU8,
    /// The time, as far as it was asked for since the connection was last woken.
    clock: Number,
    /// Bytes that came in.
    pub(crate) read: Number,
    /// Bytes that hyper handed to the wire.
    pub(crate) accepted: Number,
    /// Bytes that the socket took.
    pub(crate) written: Number,
    /// Finished answers wait in the wire for more of them.
    pub(crate) held: Flag,
    /// An answer waits until hyper has noticed that the body of its request was thrown away.
    pub(crate) again: Flag,
    pub(crate) idle_since: Number,
    /// How much had come in when the last request ended.
    pub(crate) idle_mark: Number,
    /// Since when the socket has taken no byte while some wait.
    pub(crate) blocked_since: Number,
    /// For how long the client was the slow side of the present answer.
    pub(crate) slow: Number,
    /// How much the socket had taken when the present request came.
    pub(crate) answer_mark: Number,
    /// What the present request's route says of its rate: 0 nothing, else one more than the rate, which is 0 for any.
    route_rate: Number,
    /// How much hyper had handed over when the last request ended.
    line_mark: Number,
    /// What is left of the last request. Only the connection's own task takes the lock.
    last: Mutex<Last>,
    /// The line of the last request is yet to be written.
    line_is_due: Flag,
    pub(crate) handover: OnceLock<Arc<Handover>>,
}

#[derive(Default)]
struct Last {
    /// Its memory serves the next request.
    context: Option<Context>,
    /// There while the last byte of the answer is still in hyper's buffer.
    record: Option<Box<Record>>,
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
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self {
            stats: settings.stats.connection(),
            settings,
            base: Instant::now(),
            phase: AtomicU8::new(Phase::Idle as u8),
            upload: Number::default(),
            ending: AtomicU8::new(0),
            clock: Number::default(),
            read: Number::default(),
            accepted: Number::default(),
            written: Number::default(),
            held: Flag::default(),
            again: Flag::default(),
            idle_since: Number::default(),
            idle_mark: Number::default(),
            blocked_since: Number::default(),
            slow: Number::default(),
            answer_mark: Number::default(),
            route_rate: Number::default(),
            line_mark: Number::default(),
            last: Mutex::default(),
            line_is_due: Flag::default(),
            handover: OnceLock::new(),
        }
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

    // Time.

    /// Starts a new look at the clock.
    pub(crate) fn woken(&self) {
        self.clock.set(0);
    }

    /// Returns the time; one look at the clock serves until the connection is woken again.
    pub(crate) fn now(&self) -> u64 {
        match self.clock.get() {
            0 => {
                let now = self.stamp(Instant::now());
                self.clock.set(now);
                now
            }
            now => now,
        }
    }

    /// Makes a number of a time; 584 years fit.
    pub(crate) fn stamp(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.base).as_nanos() as u64 + 1
    }

    /// Makes a time of a number.
    pub(crate) fn instant(&self, stamp: u64) -> Instant {
        self.base + std::time::Duration::from_nanos(stamp - 1)
    }

    // Requests.

    /// Notes that a request came; returns the ticket with which its body reports how it ended.
    pub(crate) fn begin(&self, context: &Context, has_body: bool) -> u64 {
        self.clock.set(self.stamp(context.started()));
        self.set_phase(Phase::Running);
        self.slow.set(0);
        self.answer_mark.set(self.written.get());
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

    /// Notes what the route of the present request says of the rate of its bodies.
    pub(crate) fn set_rate(&self, context: &Context) {
        let rate = context.min_rate();
        self.route_rate
            .set(rate.map_or(0, |rate| u64::from(rate.unwrap_or(0)) + 1));
    }

    /// Returns the least rate of the present request's bodies in bytes per second; `None` is any.
    pub(crate) fn min_rate(&self) -> Option<u32> {
        match self.route_rate.get() {
            0 => self.settings.timeouts.min_rate,
            set => u32::try_from(set - 1).ok().filter(|&rate| rate > 0),
        }
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
            || self.blocked_since.get() != 0
    }

    /// Returns the context of the last request, if there was one.
    pub(crate) fn take_context(&self) -> Option<Context> {
        self.last().context.take()
    }

    /// Notes that hyper has the whole answer.
    pub(crate) fn complete(&self, mut context: Context, record: Option<Box<Record>>) {
        self.stats.request_ended();
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
        self.idle_since.set(self.now());
        self.idle_mark.set(self.read.get());
        self.write_due_line(Outcome::Complete);
        self.line_mark.set(self.accepted.get());
    }

    /// Notes that a request will get no complete answer.
    pub(crate) fn broken_off(&self, context: &Context, record: Option<&Record>, outcome: Outcome) {
        self.stats.request_ended();
        if let Some(record) = record {
            self.write_line(context, record, outcome);
        }
    }

    /// Writes the line of a request whose answer was complete, if it has not been written.
    pub(crate) fn write_due_line(&self, outcome: Outcome) {
        if !self.line_is_due.take() {
            return;
        }
        let last = std::mem::take(&mut *self.last());
        if let (Some(mut context), Some(record)) = (last.context, last.record) {
            self.write_line(&context, &record, outcome);
            context.clear();
            self.last().context = Some(context);
        }
    }

    fn write_line(&self, context: &Context, record: &Record, outcome: Outcome) {
        let status = record.status().or_else(|| match outcome {
            Outcome::Left | Outcome::Slow => StatusCode::from_u16(499).ok(),
            Outcome::Failed => Some(StatusCode::INTERNAL_SERVER_ERROR),
            Outcome::Complete | Outcome::Rejected | Outcome::Cut => None,
        });
        let line = Line {
            status,
            bytes: self.accepted.get() - self.line_mark.get(),
            ended: Instant::now(),
            outcome,
        };
        self.settings.access_log.write(context, record, &line);
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The end.

    /// Notes how the connection ends, before its parts are dropped.
    pub(crate) fn end(&self, outcome: Outcome) {
        self.ending.store(
            match outcome {
                Outcome::Complete | Outcome::Rejected => 1,
                Outcome::Left => 2,
                Outcome::Slow => 3,
                Outcome::Failed => 4,
                Outcome::Cut => 5,
            },
            Relaxed,
        );
    }

    /// Returns how the connection ends, once it does.
    pub(crate) fn ending(&self) -> Option<Outcome> {
        match self.ending.load(Relaxed) {
            0 => None,
            1 => Some(Outcome::Complete),
            2 => Some(Outcome::Left),
            3 => Some(Outcome::Slow),
            4 => Some(Outcome::Failed),
            _ => Some(Outcome::Cut),
        }
    }
}

/// A number that one part writes and others read.
#[derive(Default)]
pub(crate) struct Number(AtomicU64);

impl Number {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, to: u64) {
        self.0.store(to, Relaxed);
    }

    /// Adds to it; no two parts may do so.
    pub(crate) fn add(&self, more: u64) {
        self.set(self.get() + more);
    }

    /// Sets it to `to` if it is `from`.
    fn swap(&self, from: u64, to: u64) {
        let _changed_meanwhile = self.0.compare_exchange(from, to, Relaxed, Relaxed);
    }
}

/// A flag that one part sets and others read.
#[derive(Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, to: bool) {
        self.0.store(to, Relaxed);
    }

    /// Returns it and takes it down; only one part may do so.
    pub(crate) fn take(&self) -> bool {
        let set = self.get();
        if set {
            self.set(false);
        }
        set
    }
}
