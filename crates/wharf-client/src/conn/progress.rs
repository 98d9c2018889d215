//! How far a request and its response have come.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// The end of a request head (RFC 9112 §2.1).
const HEAD_END: &[u8] = b"\r\n\r\n";

/// How far a request and its response have come.
pub(super) struct Progress {
    opened: Instant,
    /// When the request last moved, in nanoseconds since `opened`.
    moved: AtomicU64,
    /// Whether the request has only just begun: what is written first was written then.
    beginning: AtomicBool,
    /// Whether the request body has nothing to send at the moment.
    waiting_for_body: AtomicBool,
    /// Whether the request body waits for the server to ask for it.
    held_back: AtomicBool,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    /// Whether something was read since the reader last had to wait.
    unseen: AtomicBool,
    /// Whether there is a watcher.
    watched: AtomicBool,
    /// Who is woken when all that was read has been taken in.
    watcher: Mutex<Option<Waker>>,
    /// Who is told how much of the body was written, and whether there is one.
    report: Mutex<Option<Arc<UploadReport>>>,
    reporting: AtomicBool,
}

/// What is told about a request body that is being sent.
pub(crate) struct UploadReport {
    listener: Box<dyn Fn(u64) + Send + Sync>,
    /// How much of the end of the head was seen.
    head_end: AtomicU8,
    /// How many bytes the body has given so far.
    given: AtomicU64,
    /// How many bytes were written after the head, those of chunked framing included.
    written: AtomicU64,
    told: AtomicU64,
}

impl UploadReport {
    pub(crate) fn new(listener: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self {
            listener: Box::new(listener),
            head_end: AtomicU8::new(0),
            given: AtomicU64::new(0),
            written: AtomicU64::new(0),
            told: AtomicU64::new(0),
        }
    }

    fn restart(&self) {
        self.head_end.store(0, Ordering::Relaxed);
        self.given.store(0, Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
        self.told.store(0, Ordering::Relaxed);
    }

    pub(super) fn gave(&self, bytes: u64) {
        self.given.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Tells at once of bytes that are handed over, where nobody sees them being written.
    pub(super) fn tell_given(&self) {
        self.tell(self.given.load(Ordering::Relaxed));
    }

    /// Takes note of bytes that the connection has accepted.
    fn wrote(&self, bytes: &[u8]) {
        let mut matched = usize::from(self.head_end.load(Ordering::Relaxed));
        let mut body = bytes;
        while matched < HEAD_END.len()
            && let Some((&byte, rest)) = body.split_first()
        {
            matched = match byte {
                byte if byte == HEAD_END[matched] => matched + 1,
                b'\r' => 1,
                _ => 0,
            };
            body = rest;
        }
        self.head_end
            .store(u8::try_from(matched).unwrap_or(0), Ordering::Relaxed);
        if !body.is_empty() {
            let count = body.len() as u64;
            let written = self.written.fetch_add(count, Ordering::Relaxed) + count;
            self.tell(written.min(self.given.load(Ordering::Relaxed)));
        }
    }

    fn tell(&self, accepted: u64) {
        if self.told.fetch_max(accepted, Ordering::Relaxed) < accepted {
            (self.listener)(accepted);
        }
    }
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            moved: AtomicU64::new(0),
            beginning: AtomicBool::new(false),
            waiting_for_body: AtomicBool::new(false),
            held_back: AtomicBool::new(false),
            bytes_read: AtomicU64::new(0),
            bytes_written: AtomicU64::new(0),
            unseen: AtomicBool::new(false),
            watched: AtomicBool::new(false),
            watcher: Mutex::default(),
            report: Mutex::default(),
            reporting: AtomicBool::new(false),
        }
    }

    /// Begins a request, at `now`.
    pub(super) fn start(&self, now: Instant, report: Option<&Arc<UploadReport>>) {
        self.waiting_for_body.store(false, Ordering::Relaxed);
        if report.is_some() || self.reporting.load(Ordering::Relaxed) {
            if let Some(report) = report {
                report.restart();
            }
            *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report.map(Arc::clone);
            self.reporting.store(report.is_some(), Ordering::Relaxed);
        }
        self.touch(now);
        self.beginning.store(true, Ordering::Relaxed);
    }

    /// Returns when the peer last had its turn: now, while it is this side that holds the request up.
    pub(super) fn last(&self) -> Instant {
        if self.waiting_for_body.load(Ordering::Relaxed) {
            return Instant::now();
        }
        self.opened + Duration::from_nanos(self.moved.load(Ordering::Relaxed))
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    pub(super) fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    pub(super) fn read(&self, bytes: u64) {
        add(&self.bytes_read, bytes);
        self.unseen.store(true, Ordering::Relaxed);
    }

    /// The reader waits for more, so that it has taken in what came before.
    pub(super) fn all_read(&self) {
        if self.watched.load(Ordering::Relaxed) && self.unseen.swap(false, Ordering::Relaxed) {
            let watcher = self.watcher.lock();
            if let Some(watcher) = &*watcher.unwrap_or_else(PoisonError::into_inner) {
                watcher.wake_by_ref();
            }
        }
    }

    /// Has `watcher` woken whenever something was read and taken in.
    #[cfg(feature = "http2")]
    pub(super) fn watch(&self, watcher: &Waker) {
        let place = self.watcher.lock();
        let mut place = place.unwrap_or_else(PoisonError::into_inner);
        match &mut *place {
            Some(present) => present.clone_from(watcher),
            None => *place = Some(watcher.clone()),
        }
        self.watched.store(true, Ordering::Relaxed);
    }

    pub(super) fn wrote(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        // Most requests are one write: the clock need not be read for it.
        if !self.has_just_begun() {
            self.touch(Instant::now());
        }
        add(&self.bytes_written, bytes.len() as u64);
        if self.reporting.load(Ordering::Relaxed) {
            let report = {
                let report = self.report.lock();
                report.unwrap_or_else(PoisonError::into_inner).clone()
            };
            if let Some(report) = report {
                report.wrote(bytes);
            }
        }
    }

    /// Tells, once, whether nothing of the request was written or held up before.
    fn has_just_begun(&self) -> bool {
        let begun = self.beginning.load(Ordering::Relaxed);
        if begun {
            self.beginning.store(false, Ordering::Relaxed);
        }
        begun
    }

    /// The peer does not take more at the moment.
    pub(super) fn held_up(&self) {
        self.beginning.store(false, Ordering::Relaxed);
    }

    /// The request has moved, at `now`.
    pub(super) fn touch(&self, now: Instant) {
        let nanos = now.saturating_duration_since(self.opened).as_nanos();
        self.moved
            .store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn hold_back(&self, held: bool) {
        self.held_back.store(held, Ordering::Relaxed);
    }

    pub(super) fn is_held_back(&self) -> bool {
        self.held_back.load(Ordering::Relaxed)
    }

    pub(super) fn wait_for_body(&self, waiting: bool) {
        self.waiting_for_body.store(waiting, Ordering::Relaxed);
    }
}

/// Adds to a number that one task alone changes: the one that drives the connection.
fn add(number: &AtomicU64, more: u64) {
    let sum = number.load(Ordering::Relaxed).wrapping_add(more);
    number.store(sum, Ordering::Relaxed);
}
