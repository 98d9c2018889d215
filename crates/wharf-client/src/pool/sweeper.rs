//! [`Sweeper`], which closes what gets too old.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Id;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::Pool;

/// After how long a sweeper looks again that has found nothing but connections in use.
const PATIENCE: Duration = Duration::from_secs(15);

/// The sweepers of a pool, one for each runtime.
#[derive(Default)]
pub(super) struct Sweepers {
    /// A list, since there is hardly ever a second runtime.
    running: Vec<Running>,
}

struct Running {
    runtime: Id,
    wakes: Instant,
    sooner: Arc<Notify>,
}

/// Closes what gets too old, as long as there is anything.
pub(super) struct Sweeper {
    pool: Weak<Pool>,
    runtime: Id,
    sooner: Arc<Notify>,
}

impl Sweepers {
    /// Has the sweeper of a runtime look at the pool at `due`; returns one that is to be run, unless it runs already.
    pub(super) fn call(&mut self, runtime: Id, due: Instant, pool: &Arc<Pool>) -> Option<Sweeper> {
        if let Some(running) = self.of(runtime) {
            if due < running.wakes {
                running.wakes = due;
                running.sooner.notify_one();
            }
            return None;
        }
        let sooner = Arc::new(Notify::new());
        let running = Running {
            runtime,
            wakes: due,
            sooner: Arc::clone(&sooner),
        };
        self.running.push(running);
        Some(Sweeper {
            pool: Arc::downgrade(pool),
            runtime,
            sooner,
        })
    }

    /// Tells whether the sweeper of a runtime looks at the pool at `due` or earlier.
    pub(super) fn wake_by(&self, runtime: Id, due: Instant) -> bool {
        let mut running = self.running.iter();
        running.any(|running| running.runtime == runtime && running.wakes <= due)
    }

    fn of(&mut self, runtime: Id) -> Option<&mut Running> {
        let mut running = self.running.iter_mut();
        running.find(|running| running.runtime == runtime)
    }

    fn forget(&mut self, sooner: &Arc<Notify>) {
        self.running
            .retain(|running| !Arc::ptr_eq(&running.sooner, sooner));
    }
}

impl Drop for Sweepers {
    /// The pool is gone: they are not to find out only when they wake up by themselves.
    fn drop(&mut self) {
        for running in &self.running {
            running.sooner.notify_one();
        }
    }
}

impl Sweeper {
    pub(super) async fn run(self) {
        loop {
            let Some(pool) = self.pool.upgrade() else {
                return;
            };
            let next = {
                let mut state = pool.lock();
                // Otherwise a client that sends one request after the other would have a new sweeper for each.
                let later = || Instant::now().checked_add(PATIENCE);
                let next = match state.sweep() {
                    None if state.is_used() => later(),
                    next => next,
                };
                match (next, state.sweepers.of(self.runtime)) {
                    (Some(next), Some(running)) => running.wakes = next,
                    // Under the lock: whoever adds a connection afterwards calls the next one.
                    _ => state.sweepers.forget(&self.sooner),
                }
                next
            };
            drop(pool);
            match next {
                Some(next) => drop(timeout_at(next, self.sooner.notified()).await),
                None => return,
            }
        }
    }
}

impl Drop for Sweeper {
    /// Its work is done, or its runtime is going away.
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.lock().sweepers.forget(&self.sooner);
        }
    }
}
