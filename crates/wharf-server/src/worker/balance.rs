//! [`Balance`], how connections stay spread over the workers.
//!
//! The system spreads them by a hash of the addresses, which is even for many and not for few: eight long-lived clients
//! on four workers gave up to six of them to one. So a worker that accepts one more than it should hands it to the one
//! that has the fewest.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::Command;

/// How many connections one worker has. On a cache line of its own, since all workers read it and one writes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Load {
    connections: AtomicUsize,
    stuck: AtomicBool,
}

impl Load {
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Tells whether the worker's thread is held up.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    /// Sets whether the worker's thread is held up, so that it is given nothing.
    pub(crate) fn set_stuck(&self, stuck: bool) {
        self.stuck.store(stuck, Ordering::Relaxed);
    }

    /// Counts a connection in before it is there.
    pub(crate) fn add(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection out that was counted in and never came.
    pub(crate) fn remove(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection in the count of its worker; dropping it counts it out.
#[derive(Debug)]
pub(crate) struct Place(Arc<Load>);

impl Place {
    /// Takes a place that was counted in already.
    pub(crate) fn taken(load: &Arc<Load>) -> Self {
        Self(Arc::clone(load))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.remove();
    }
}

/// What is known of one worker to the others.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) load: Arc<Load>,
    pub(crate) commands: UnboundedSender<Command>,
}

/// All workers, as they see each other.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    /// Counts the changes, so that nobody takes the lock to find out that there was none.
    version: AtomicUsize,
    seats: Mutex<Vec<Seat>>,
}

impl Balance {
    pub(crate) fn set(&self, index: usize, seat: Seat) {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        match seats.get_mut(index) {
            Some(old) => *old = seat,
            None => seats.push(seat),
        }
        drop(seats);
        self.version.fetch_add(1, Ordering::Release);
    }

    fn copy(&self) -> (usize, Vec<Seat>) {
        let version = self.version.load(Ordering::Acquire);
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        (version, seats.clone())
    }
}

/// The balance as one worker sees it.
#[derive(Debug)]
pub(crate) struct Neighbours {
    balance: Arc<Balance>,
    index: usize,
    version: usize,
    seats: Vec<Seat>,
}

impl Neighbours {
    pub(crate) fn new(balance: Arc<Balance>, index: usize) -> Self {
        Self {
            balance,
            index,
            version: 0,
            seats: Vec::new(),
        }
    }

    /// Returns who should have the connection that a worker with `own` others has accepted, if it is somebody else.
    pub(crate) fn lighter(&mut self, own: usize) -> Option<&Seat> {
        if self.balance.version.load(Ordering::Acquire) != self.version {
            (self.version, self.seats) = self.balance.copy();
        }
        let index = self.index;
        let (_, seat) = self
            .seats
            .iter()
            .enumerate()
            .filter(|(at, seat)| *at != index && !seat.load.is_stuck())
            .min_by_key(|(_, seat)| seat.load.connections())?;
        (own > seat.load.connections()).then_some(seat)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn whoever_has_more_than_the_least_loaded_hands_on_and_never_to_one_that_is_stuck() {
        let balance = Arc::new(Balance::default());
        let loads: Vec<Arc<Load>> = (0..3).map(|_| Arc::default()).collect();
        for (index, load) in loads.iter().enumerate() {
            let (commands, _) = mpsc::unbounded_channel();
            let load = Arc::clone(load);
            balance.set(index, Seat { load, commands });
        }
        let mut neighbours = Neighbours::new(Arc::clone(&balance), 0);
        assert!(neighbours.lighter(0).is_none(), "all have none");
        loads[1].add();
        assert!(Arc::ptr_eq(&neighbours.lighter(1).unwrap().load, &loads[2]));
        loads[2].set_stuck(true);
        assert!(neighbours.lighter(1).is_none(), "the other has one too");
        assert!(Arc::ptr_eq(&neighbours.lighter(2).unwrap().load, &loads[1]));
        drop(Place::taken(&loads[1]));
        assert_eq!(loads[1].connections(), 0);
    }
}
