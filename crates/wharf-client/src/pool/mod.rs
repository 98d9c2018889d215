//! The connections of a client: how many there may be, who is next, and which are kept.
//!
//! ~~~text
//! acquire ─▶ queue ─▶ open ─▶ in use ─▶ returned ─▶ idle ─▶ in use
//!                               └ broken ─┴─ surplus ─┴ too old ─▶ closed
//! ~~~
//!
//! `Pool` holds the idle ones, a `Lease` one in use, a `Slot` the right to open one. All of them give back by being
//! dropped, so that a request can be given up at any `.await`. The lock covers list operations only, never an `.await`.

mod host;
mod key;
mod lease;
mod state;
mod stats;
mod sweeper;

#[cfg(feature = "tls-core")]
pub(crate) use key::SameConfig;
pub(crate) use key::{Key, Way};
pub(crate) use lease::{Lease, Slot};
pub use stats::{CloseReason, HostStats, PoolStats};

use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, Scheme};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use self::host::Idle;
use self::state::{Grants, State};
use crate::conn::Conn;
use crate::connect::Target;
use crate::timeout::Phase;
use crate::trace::{Call, Event};
use crate::{Error, ErrorKind, PoolConfig};

/// The connections of a client.
pub(crate) struct Pool {
    state: Mutex<State>,
    hashing: RandomState,
    /// What the last request had in common with others, as the next one is likely to have.
    last: Mutex<Option<Last>>,
}

/// What a request had in common with others, and the URI that told it.
struct Last {
    scheme: Scheme,
    authority: Authority,
    key: Key,
}

/// What the pool is told of a request that comes to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// When it came.
    pub(crate) since: Instant,
    /// It may be sent again, so that a kept connection may turn out to have ended.
    pub(crate) repeatable: bool,
}

impl Demand {
    /// Tells of a request that comes now and is to be sent once only.
    pub(crate) fn now() -> Self {
        Self {
            since: Instant::now(),
            repeatable: false,
        }
    }
}

/// What a request gets, as long as nothing gives it back by itself.
pub(crate) enum Admission {
    /// A place on a shared connection.
    Stream(u64, Box<Conn>),
    Idle(Idle),
    Open,
}

/// What a request goes on with.
pub(crate) enum Acquired {
    /// A connection.
    Lease(Lease),
    /// The right to open one.
    Slot(Slot),
}

impl Pool {
    pub(crate) fn new(config: PoolConfig, most_streams: usize) -> Self {
        Self {
            state: Mutex::new(State::new(config, most_streams)),
            hashing: RandomState::new(),
            last: Mutex::default(),
        }
    }

    /// Names what requests have in common that may share a connection, for one with an absolute URI.
    pub(crate) fn key(&self, uri: &Uri, way: Way) -> Result<Key, Error> {
        // Making one is sooner done than waiting.
        let mut last = self.last.try_lock().ok();
        if let Some(Some(last)) = last.as_deref()
            && uri.scheme() == Some(&last.scheme)
            && uri.authority().map(Authority::as_str) == Some(last.authority.as_str())
            && last.key.is_reached_by(&way)
        {
            return Ok(last.key.clone());
        }
        let (host, port, secure) = Target::read(uri)?;
        let key = Key::new(&self.hashing, secure, Target::new(host, port), way);
        if let Some(last) = last.as_deref_mut()
            && let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority())
        {
            *last = Some(Last {
                scheme: scheme.clone(),
                authority: authority.clone(),
                key: key.clone(),
            });
        }
        Ok(key)
    }

    /// Waits for a connection, or for the right to open one. Those who wait are served in the order of their arrival.
    ///
    /// # Cancel safety
    ///
    /// Safe: what was granted goes to the next.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        key: &Key,
        demand: Demand,
        limit: Option<Duration>,
        call: &Call,
    ) -> Result<Acquired, Error> {
        let now = demand.since;
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        let (ticket, receiver) = {
            let mut state = self.lock();
            if state.closed {
                return Err(Error::new(ErrorKind::Closed).at(key.target()));
            }
            match state.arrive(key, runtime, demand) {
                Some(admission) => {
                    drop(state);
                    return Ok(self.guard(key, admission, now));
                }
                None => {
                    let (sender, receiver) = oneshot::channel();
                    (state.enqueue(key, runtime, sender), receiver)
                }
            }
        };
        let Some(ticket) = ticket else {
            let why = "as many requests wait for a connection as may";
            let error = Error::timeout(Phase::PoolWait, None).at(key.target());
            return Err(error.because(why));
        };
        let mut waiting = Waiting {
            pool: self,
            key,
            ticket,
            since: now,
            receiver,
        };
        call.notify(&Event::QueueStarted {
            target: key.target(),
        });
        let granted = match limit {
            // Boxed, since most requests do not wait and a timer is large.
            Some(limit) => Box::pin(timeout(limit, &mut waiting.receiver)).await,
            None => Ok((&mut waiting.receiver).await),
        };
        let waited = waiting.since.elapsed();
        call.time(|timing| timing.queue += waited);
        let target = key.target();
        match granted {
            Ok(Ok(admission)) => {
                drop(waiting);
                let acquired = self.guard(key, admission, now + waited);
                call.notify(&Event::QueueEnded { target, waited });
                Ok(acquired)
            }
            Ok(Err(_closed)) => Err(Error::new(ErrorKind::Closed).at(target)),
            Err(_elapsed) => Err(Error::timeout(Phase::PoolWait, limit).at(target)),
        }
    }

    /// Turns what was granted, at `now`, into what gives itself back.
    fn guard(self: &Arc<Self>, key: &Key, admission: Admission, now: Instant) -> Acquired {
        match admission {
            Admission::Stream(id, conn) => {
                Acquired::Lease(Lease::stream(conn, self, key, id).reused(now))
            }
            Admission::Idle(idle) => {
                let slot = Slot::new(self, key, false);
                Acquired::Lease(Lease::single(idle.conn, slot).reused(now))
            }
            Admission::Open => Acquired::Slot(Slot::new(self, key, true)),
        }
    }

    /// Changes the state for one host, and serves whose turn has come by that.
    fn change<T>(self: &Arc<Self>, key: &Key, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, grants) = {
            let mut state = self.lock();
            let result = change(&mut state);
            (result, state.dispatch(key))
        };
        self.deliver(grants);
        result
    }

    /// Hands out what was granted. What nobody waits for any more goes to the next.
    fn deliver(self: &Arc<Self>, grants: Grants) {
        let mut left = grants;
        while let Some(grant) = left.pop_front() {
            let Err(refused) = grant.sender.send(grant.admission) else {
                continue;
            };
            let mut state = self.lock();
            state.take_back(&grant.key, refused);
            left.extend(state.dispatch(&grant.key));
        }
    }

    /// Sees to it that somebody closes at `due` what is too old then.
    fn sweep_at(self: &Arc<Self>, due: Option<Instant>) {
        if let Some(due) = due
            && let Ok(runtime) = Handle::try_current()
        {
            let sweeper = self.lock().sweepers.call(runtime.id(), due, self);
            if let Some(sweeper) = sweeper {
                drop(runtime.spawn(sweeper.run()));
            }
        }
    }

    /// Tells whether a shared connection is open here whose peer goes on in other protocols on its streams.
    #[cfg(all(feature = "http2", feature = "ws"))]
    pub(crate) fn can_switch(&self, key: &Key) -> bool {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        self.lock().can_switch(key, runtime)
    }

    /// Closes what is idle and turns everybody away who comes or waits.
    pub(crate) fn close(&self) {
        self.lock().close();
    }

    /// Closes what is idle.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn stats(&self) -> PoolStats {
        self.lock().stats()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in the queue.
struct Waiting<'a> {
    pool: &'a Arc<Pool>,
    key: &'a Key,
    ticket: u64,
    since: Instant,
    receiver: oneshot::Receiver<Admission>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        let waited = self.since.elapsed();
        // It may have come together with the end of the patience.
        let unused = self.receiver.try_recv().ok();
        self.pool.change(self.key, |state| {
            state.leave_queue(self.key, self.ticket, waited);
            if let Some(admission) = unused {
                state.take_back(self.key, admission);
            }
        });
    }
}

#[cfg(test)]
mod tests;
