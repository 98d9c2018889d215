//! [`Sweeper`], which closes what gets too old.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tokio::runtime::Id;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::Pool;

/// The sweepers of a pool, by runtime.
#[derive(Default)]
pub(super) struct Sweepers {
    running: HashMap<Id, Running>,
}

struct Running {
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
        if let Some(running) = self.running.get_mut(&runtime) {
            if due < running.wakes {
                running.wakes = due;
                running.sooner.notify_one();
            }
            return None;
        }
        let sooner = Arc::new(Notify::new());
        let running = Running {
            wakes: due,
            sooner: Arc::clone(&sooner),
        };
        self.running.insert(runtime, running);
        Some(Sweeper {
            pool: Arc::downgrade(pool),
            runtime,
            sooner,
        })
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
                let next = state.sweep();
                let sweepers = &mut state.sweepers.running;
                match (next, sweepers.get_mut(&self.runtime)) {
                    (Some(next), Some(running)) => running.wakes = next,
                    // Under the lock: whoever adds a connection afterwards calls the next one.
                    _ => drop(sweepers.remove(&self.runtime)),
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
            let sweepers = &mut pool.lock().sweepers.running;
            let own = |running: &Running| Arc::ptr_eq(&running.sooner, &self.sooner);
            if sweepers.get(&self.runtime).is_some_and(own) {
                sweepers.remove(&self.runtime);
            }
        }
    }
}
