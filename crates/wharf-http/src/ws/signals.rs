//! Who waits for a WebSocket, and who asked it to close.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use super::close::CloseFrame;

/// What the halves of a WebSocket and its closers share besides the stream.
///
/// A stream remembers one task for each direction. Here two may wait for the same one: the reader sends pongs while the
/// writer sends messages. So the stream is given this as its task, and it wakes all of them.
#[derive(Default)]
pub(super) struct Signals {
    asked: AtomicBool,
    /// How often everybody was woken; changes under the lock only.
    rung: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    close: Option<CloseFrame>,
    tasks: [Option<Waker>; 2],
}

/// The tasks that are registered since everybody was last woken: until that happens again, there is no need to register one
/// of them once more. Kept with the stream, where it costs nothing to look.
#[derive(Default)]
pub(super) struct Registered {
    tasks: [Option<Waker>; 2],
}

/// Which of the tasks that may wait.
#[derive(Clone, Copy)]
pub(super) enum Party {
    Reader = 0,
    Writer = 1,
}

impl Signals {
    /// Returns how often everybody was woken: to be asked before the stream is looked at, for [`register`](Self::register).
    pub(super) fn rung(&self) -> usize {
        self.rung.load(Ordering::Acquire)
    }

    /// Remembers a task that found nothing to do; `false` when everybody was woken since `rung`, and it has to look again.
    #[inline]
    pub(super) fn register(
        &self,
        registered: &mut Registered,
        party: Party,
        waker: &Waker,
        rung: usize,
    ) -> bool {
        let known = &mut registered.tasks[party as usize];
        match known {
            Some(known) if known.will_wake(waker) => true,
            _ => self.register_anew(known, party, waker, rung),
        }
    }

    fn register_anew(
        &self,
        known: &mut Option<Waker>,
        party: Party,
        waker: &Waker,
        rung: usize,
    ) -> bool {
        let mut inner = self.lock();
        if self.rung.load(Ordering::Relaxed) != rung {
            return false;
        }
        let task = &mut inner.tasks[party as usize];
        match task {
            Some(known) if known.will_wake(waker) => {}
            _ => *task = Some(waker.clone()),
        }
        drop(inner);
        *known = Some(waker.clone());
        true
    }

    /// Asks for the end, which wakes everybody; the first who asks gives code and reason.
    pub(super) fn ask(&self, frame: CloseFrame) {
        let mut inner = self.lock();
        if !self.asked.swap(true, Ordering::AcqRel) {
            inner.close = Some(frame);
        }
        drop(inner);
        self.wake_all();
    }

    /// Takes what was asked for.
    pub(super) fn asked(&self) -> Option<CloseFrame> {
        match self.asked.load(Ordering::Acquire) {
            true => self.lock().close.take(),
            false => None,
        }
    }

    pub(super) fn wake_all(&self) {
        let mut inner = self.lock();
        self.rung.fetch_add(1, Ordering::Release);
        let tasks = std::mem::take(&mut inner.tasks);
        drop(inner);
        // Without the lock: waking may run code of theirs.
        tasks.into_iter().flatten().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Signals {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}
