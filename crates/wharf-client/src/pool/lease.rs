//! [`Lease`], a connection in use, and [`Slot`], the right to open one.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use super::stats::CloseReason;
use super::{Key, Pool};
use crate::conn::Conn;

/// How long a connection is waited for whose request is still being sent when its response is there already.
const UNSENT: Duration = Duration::from_secs(15);

/// How much earlier than the server says a connection is taken for closed.
const MARGIN: Duration = Duration::from_secs(1);

/// The right to have a connection. Dropping it lets somebody else have one.
pub(crate) struct Slot {
    pool: Arc<Pool>,
    key: Key,
    /// Others wait to learn whether the connection that is being opened can be shared.
    opening: bool,
    /// Why the connection was closed that was there.
    reason: Option<CloseReason>,
    armed: bool,
}

impl Slot {
    pub(super) fn new(pool: &Arc<Pool>, key: &Key, opening: bool) -> Self {
        Self {
            pool: Arc::clone(pool),
            key: key.clone(),
            opening,
            reason: None,
            armed: true,
        }
    }

    /// Uses the right: `conn` is open.
    pub(crate) fn fill(mut self, conn: Conn) -> Lease {
        let (pool, key) = (Arc::clone(&self.pool), self.key.clone());
        let conn = Box::new(conn);
        self.opening = false;
        match conn.share() {
            None => {
                pool.change(&key, |state| state.opened(&key));
                Lease::single(conn, self)
            }
            Some(other) => {
                self.armed = false;
                #[cfg(feature = "http2")]
                conn.on_change({
                    let (pool, key) = (Arc::downgrade(&pool), key.clone());
                    move || {
                        if let Some(pool) = pool.upgrade() {
                            pool.change(&key, |_| ());
                        }
                    }
                });
                let id = pool.change(&key, |state| state.opened_shared(&key, other));
                Lease::stream(conn, &pool, &key, id)
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.armed {
            let (key, opening, reason) = (&self.key, self.opening, self.reason);
            self.pool
                .change(key, |state| state.release(key, opening, reason));
        }
    }
}

/// A connection in use. Dropping it ends its use: of a shared connection that is all, another one is closed; only
/// [`give_back`](Self::give_back) keeps that.
pub(crate) struct Lease {
    held: Option<Held>,
    /// Since when this use of it lasts; `None` when it is the first.
    reused: Option<Instant>,
    /// How long the server says that it keeps the connection.
    keep_alive: Option<Duration>,
}

enum Held {
    Single { conn: Box<Conn>, slot: Slot },
    Stream { conn: Box<Conn>, stream: Stream },
}

/// A place on a shared connection.
struct Stream {
    pool: Arc<Pool>,
    key: Key,
    id: u64,
}

impl Stream {
    /// Keeps others from the connection.
    fn retire(&self, reason: CloseReason) {
        let (key, id) = (&self.key, self.id);
        self.pool.change(key, |state| state.retire(key, id, reason));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let (key, id) = (&self.key, self.id);
        let due = self.pool.change(key, |state| state.leave(key, id));
        self.pool.sweep_at(due);
    }
}

impl Lease {
    pub(super) fn single(conn: Box<Conn>, slot: Slot) -> Self {
        Self::new(Held::Single { conn, slot })
    }

    pub(super) fn stream(conn: Box<Conn>, pool: &Arc<Pool>, key: &Key, id: u64) -> Self {
        let stream = Stream {
            pool: Arc::clone(pool),
            key: key.clone(),
            id,
        };
        Self::new(Held::Stream { conn, stream })
    }

    fn new(held: Held) -> Self {
        Self {
            held: Some(held),
            reused: None,
            keep_alive: None,
        }
    }

    /// Notes that other requests were sent over the connection before, and since when this one has it.
    pub(super) fn reused(mut self, since: Instant) -> Self {
        self.reused = Some(since);
        self
    }

    /// Returns since when the connection can be used for the request: now, if it is the first one.
    pub(crate) fn since(&self) -> Instant {
        self.reused.unwrap_or_else(Instant::now)
    }

    /// Tells whether other requests were sent over the connection before.
    pub(crate) fn is_reused(&self) -> bool {
        self.reused.is_some()
    }

    pub(crate) fn conn(&mut self) -> &mut Conn {
        let held = self.held.as_mut();
        match held.expect("only what consumes the lease takes what it holds") {
            Held::Single { conn, .. } | Held::Stream { conn, .. } => conn,
        }
    }

    /// Returns the number of a shared connection.
    #[cfg(test)]
    pub(super) fn id(&self) -> Option<u64> {
        match &self.held {
            Some(Held::Stream { stream, .. }) => Some(stream.id),
            _ => None,
        }
    }

    /// Believes the server in how long it keeps the connection.
    pub(crate) fn keep_alive(&mut self, limit: Option<Duration>) {
        self.keep_alive = limit;
    }

    /// Ends the use of a connection after a request has failed; `over` when nobody else is to use it either.
    pub(crate) fn broken(mut self, reason: CloseReason, over: bool) {
        match self.held.take() {
            Some(Held::Single { conn, mut slot }) => {
                slot.reason = Some(reason);
                conn.abort();
            }
            Some(Held::Stream { conn, stream }) if over || conn.is_closed() => {
                stream.retire(reason);
            }
            Some(Held::Stream { .. }) | None => {}
        }
    }

    /// Closes a connection that has ended, and gets the right to open another in its place; `None` when it is shared, and
    /// `over` when nobody else is to use it either.
    pub(crate) fn reopen(mut self, over: bool) -> Option<Slot> {
        match self.held.take() {
            Some(Held::Single { conn, slot }) => {
                conn.abort();
                let (pool, key) = (&slot.pool, &slot.key);
                pool.change(key, |state| state.closed_in_use(key));
                Some(slot)
            }
            Some(Held::Stream { conn, stream }) => {
                if over || conn.is_closed() {
                    stream.retire(CloseReason::Peer);
                }
                None
            }
            None => None,
        }
    }

    /// Returns the connection after the last byte of the response.
    pub(crate) fn give_back(mut self) {
        let (conn, mut slot) = match self.held.take() {
            Some(Held::Single { conn, slot }) => (conn, slot),
            Some(Held::Stream { .. }) | None => return,
        };
        let keep_alive = self.keep_alive;
        if conn.is_ready() {
            put(conn, slot, keep_alive);
            return;
        }
        if conn.is_closed() {
            slot.reason = Some(CloseReason::Peer);
            return;
        }
        slot.reason = Some(CloseReason::Unread);
        if conn.is_held_back() {
            conn.abort();
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            // The peer answered before it had the whole request: what is left has to be sent first.
            runtime.spawn(async move {
                let mut conn = conn;
                match timeout(UNSENT, conn.ready()).await {
                    Ok(true) => put(conn, slot, keep_alive),
                    Ok(false) => {
                        slot.reason = Some(CloseReason::Peer);
                        drop(slot);
                    }
                    Err(_elapsed) => conn.abort(),
                }
            });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(Held::Single { conn, slot }) = &mut self.held {
            slot.reason = Some(if conn.is_closed() {
                CloseReason::Peer
            } else {
                CloseReason::Unread
            });
        }
        // The connection first: its place must not be taken while it is open.
        match self.held.take() {
            Some(Held::Single { conn, slot }) => {
                conn.abort();
                drop(slot);
            }
            other => drop(other),
        }
    }
}

fn put(conn: Box<Conn>, mut slot: Slot, keep_alive: Option<Duration>) {
    slot.armed = false;
    let (pool, key) = (&slot.pool, &slot.key);
    let keep_alive = keep_alive.map(|limit| limit.saturating_sub(MARGIN.min(limit / 2)));
    let runtime = conn.runtime();
    let due = pool.change(key, |state| {
        let due = state.put(key, conn, keep_alive);
        // Under the same lock, as that is so for all but the first.
        due.filter(|due| !state.sweepers.wake_by(runtime, *due))
    });
    pool.sweep_at(due);
}
