//! Who waits for a WebSocket, and who asked it to close.

use std::sync::atomic::{AtomicBool, Ordering};
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
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    close: Option<CloseFrame>,
    tasks: [Option<Waker>; 2],
}

/// Which of the tasks that may wait.
#[derive(Clone, Copy)]
pub(super) enum Party {
    Reader = 0,
    Writer = 1,
}

impl Signals {
    /// Remembers the task that waits.
    pub(super) fn register(&self, party: Party, waker: &Waker) {
        let task = &mut self.lock().tasks[party as usize];
        match task {
            Some(known) if known.will_wake(waker) => {}
            _ => *task = Some(waker.clone()),
        }
    }

    /// Asks for the end; the first who asks gives code and reason.
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
        let tasks = std::mem::take(&mut self.lock().tasks);
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
