//! [`Hub`], what the parts of one HTTP/2 connection share.
//!
//! hyper owns the wire and the adapter, each stream is a task of its own, and the driver holds the clock. None of them waits
//! for another: the locks here are held for a few instructions.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use tokio::task::JoinSet;
use tokio::time::Instant;
use wharf_http::{Connection, Context};

use super::stream::Stream;
use super::table::{WINDOW, Windows};
use crate::conn::config::Settings;
use crate::conn::flow::{Ending, Flag, Flow};
use crate::stats::{ConnectionStats, RouteMark};

pub(super) struct Hub {
    pub(super) settings: Arc<Settings>,
    pub(super) connection: Connection,
    pub(super) flow: Flow,
    /// How the connection ends, once it does.
    pub(super) ending: Ending,
    stats: Arc<ConnectionStats>,
    /// How many requests have begun and not ended.
    running: AtomicUsize,
    /// The memory of requests that have ended serves later ones.
    spare: Mutex<Vec<Context>>,
    /// The stream whose task is about to be spawned, and by whom.
    next: Mutex<Option<(ThreadId, Arc<Stream>)>>,
    /// The tasks of the streams; gone when the connection has ended.
    tasks: Mutex<Option<JoinSet<()>>>,
    /// How many bytes of answers hyper was given.
    given: AtomicU64,
    /// The application has a stream, and what it sends there is not counted.
    uncounted: Flag,
    /// See [`Windows`].
    credit: AtomicU64,
    initial: AtomicU32,
}

/// How many contexts are kept.
const SPARE: usize = 16;

impl Hub {
    pub(super) fn new(
        settings: Arc<Settings>,
        connection: Connection,
        flow: Flow,
        stats: Arc<ConnectionStats>,
    ) -> Self {
        Self {
            settings,
            connection,
            flow,
            ending: Ending::default(),
            stats,
            running: AtomicUsize::new(0),
            spare: Mutex::default(),
            next: Mutex::default(),
            tasks: Mutex::new(Some(JoinSet::new())),
            given: AtomicU64::new(0),
            uncounted: Flag::default(),
            credit: AtomicU64::new(u64::from(WINDOW)),
            initial: AtomicU32::new(WINDOW),
        }
    }

    pub(super) fn stats(&self) -> &ConnectionStats {
        &self.stats
    }

    // Requests.

    /// Notes that a request came, the `sequence`-th; returns its context.
    pub(super) fn begin(&self, sequence: u64) -> Context {
        self.stats.request_begun();
        self.running.fetch_add(1, Relaxed);
        match lock(&self.spare).pop() {
            Some(mut context) => {
                context.advance_to(sequence, Instant::now());
                context
            }
            None => {
                let mut context = Context::new(self.connection.clone());
                if sequence > 0 {
                    context.advance_to(sequence, Instant::now());
                }
                context
            }
        }
    }

    /// Notes that a request has ended.
    pub(super) fn end(&self, mut context: Context, route: RouteMark) {
        self.stats.request_ended(route);
        self.flow.account(&self.stats);
        self.running.fetch_sub(1, Relaxed);
        context.clear();
        let mut spare = lock(&self.spare);
        if spare.len() < SPARE {
            spare.push(context);
        }
    }

    /// Tells whether a request has begun and not ended.
    pub(super) fn is_busy(&self) -> bool {
        self.running.load(Relaxed) > 0
    }

    // Tasks.

    /// Announces the stream whose task hyper is about to spawn, in the same call.
    pub(super) fn announce(&self, stream: Arc<Stream>) {
        *lock(&self.next) = Some((thread::current().id(), stream));
    }

    /// Returns the stream that was announced on this thread. Another task of the connection may spawn one at the same time,
    /// the pump of an upgraded stream, but not on this thread.
    pub(super) fn announced(&self) -> Option<Arc<Stream>> {
        let mut next = lock(&self.next);
        let (_, stream) = next.take_if(|(thread, _)| *thread == thread::current().id())?;
        Some(stream)
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        match &mut *tasks {
            Some(tasks) => drop(tasks.spawn(task)),
            None => {
                // What a task drops may look here again.
                drop(tasks);
                drop(task);
            }
        }
    }

    /// Forgets the tasks that have ended.
    pub(super) fn reap(&self) {
        if let Some(tasks) = &mut *lock(&self.tasks) {
            while tasks.try_join_next().is_some() {}
        }
    }

    /// Takes the tasks, after which no more are spawned. Dropping them aborts them.
    pub(super) fn take_tasks(&self) -> Option<JoinSet<()>> {
        lock(&self.tasks).take()
    }

    // Windows.

    pub(super) fn set_windows(&self, windows: Windows) {
        self.credit.store(windows.credit, Relaxed);
        self.initial.store(windows.initial, Relaxed);
    }

    /// Notes that no stream is open, so that nothing waits to be sent: a stream that was reset may have left something.
    pub(super) fn settle(&self, windows: Windows) {
        self.given.store(windows.sent, Relaxed);
    }

    /// Notes that hyper gets `more` bytes of an answer of which it has had `before`; tells whether the client is sure to have
    /// opened its windows for them.
    pub(super) fn give(&self, before: u64, more: u64) -> bool {
        let given = self.given.fetch_add(more, Relaxed) + more;
        !self.uncounted.get()
            && given <= self.credit.load(Relaxed)
            && before + more <= u64::from(self.initial.load(Relaxed))
    }

    /// Notes that the application has a stream: from now on nothing is certain.
    pub(super) fn hand_over(&self) {
        self.uncounted.set(true);
    }

    /// Notes that hyper did not get `bytes` after all.
    pub(super) fn take_back(&self, bytes: u64) {
        self.given.fetch_sub(bytes, Relaxed);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.flow.account(&self.stats);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
