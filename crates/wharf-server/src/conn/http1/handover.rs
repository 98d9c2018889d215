//! [`Handover`], how a connection that no longer speaks HTTP is still waited for and cut.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use wharf_http::Signal;

/// Shared by the connection's task and the wire, which now belongs to the application.
#[derive(Default)]
pub(crate) struct Handover {
    /// Fires when the application has dropped the wire.
    pub(crate) gone: Signal,
    cut: AtomicBool,
    waiting: Mutex<[Option<Waker>; 2]>,
}

/// What somebody waits for on the wire.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Read,
    Write,
}

impl Handover {
    /// Makes all reading and writing fail from now on.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        let waiting = std::mem::take(&mut *self.lock());
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// Notes who has to be woken by [`cut`](Self::cut); false when that was already called.
    pub(crate) fn wait(&self, side: Side, cx: &Context<'_>) -> bool {
        {
            let slot = &mut self.lock()[side as usize];
            match slot {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *slot = Some(cx.waker().clone()),
            }
        }
        !self.is_cut()
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, [Option<Waker>; 2]> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
