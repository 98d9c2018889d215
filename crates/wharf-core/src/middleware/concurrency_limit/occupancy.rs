use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How full a [`ConcurrencyLimit`](super::ConcurrencyLimit) is, at any time. Cheap to clone.
///
/// The figures are read one by one while requests come and go, so that two of them need not fit together exactly.
#[derive(Clone)]
pub struct Occupancy {
    shared: Arc<Shared>,
}

struct Shared {
    limit: usize,
    /// Serves those who wait in the order of their coming, and lets nobody by while somebody waits.
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    refused: AtomicU64,
}

impl Occupancy {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                limit,
                places: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
                waiting: AtomicUsize::new(0),
                refused: AtomicU64::new(0),
            }),
        }
    }

    /// Returns how many requests may be inside at once.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// Returns how many requests are inside.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let all = self.shared.limit.min(Semaphore::MAX_PERMITS);
        all - self.shared.places.available_permits()
    }

    /// Returns how many requests wait for a place.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Returns how many requests were refused since the start, at once or after they had waited in vain.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    pub(super) fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.places).try_acquire_owned().ok()
    }

    /// Takes one of `length` places in the queue, if there is one.
    pub(super) fn queue_up(&self, length: usize) -> Option<Queued<'_>> {
        let one_more = |waiting| (waiting < length).then_some(waiting + 1);
        let waiting = &self.shared.waiting;
        waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()
            .map(|_before| Queued {
                shared: &self.shared,
            })
    }

    pub(super) fn count_refused(&self) {
        self.shared.refused.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Occupancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Occupancy")
            .field("limit", &self.limit())
            .field("in_use", &self.in_use())
            .field("waiting", &self.waiting())
            .field("refused", &self.refused())
            .finish()
    }
}

/// A place in the queue, given up when it is dropped.
pub(super) struct Queued<'a> {
    shared: &'a Shared,
}

impl Queued<'_> {
    /// Waits for the turn of this one. `None` never comes, as nobody closes the places.
    pub(super) async fn enter(self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.places).acquire_owned().await.ok()
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
