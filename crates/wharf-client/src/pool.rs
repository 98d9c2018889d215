//! Idle connections, kept for the next request to the same host and port.
//!
//! ~~~text
//! checkout ─▶ in use ─▶ returned ─▶ idle ─▶ checkout
//!               └ broken ─┴─ closed ───┴ too old ─▶ dropped
//! ~~~
//!
//! [`Pool`] holds the idle ones, a [`Lease`] one in use. No task sweeps: what is too old is dropped whenever a connection
//! is taken or returned. The lock covers list operations only, never an `.await`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use crate::PoolConfig;
use crate::conn::Conn;
use crate::connect::Target;

/// The idle connections of a client.
pub(crate) struct Pool {
    config: PoolConfig,
    idle: Mutex<HashMap<Target, Vec<Idle>>>,
}

struct Idle {
    conn: Conn,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(config: PoolConfig) -> Self {
        Self {
            config,
            idle: Mutex::default(),
        }
    }

    /// Takes out a connection to `target` that is still usable, the one that was used last.
    pub(crate) fn checkout(&self, target: &Target) -> Option<Conn> {
        let mut idle = self.lock();
        self.sweep(&mut idle);
        let list = idle.get_mut(target)?;
        let conn = std::iter::from_fn(|| list.pop())
            .map(|idle| idle.conn)
            .find(Conn::is_fresh);
        if list.is_empty() {
            idle.remove(target);
        }
        conn
    }

    fn put(&self, target: Target, conn: Conn) {
        let mut idle = self.lock();
        self.sweep(&mut idle);
        idle.entry(target).or_default().push(Idle {
            conn,
            since: Instant::now(),
        });
    }

    /// Drops what is closed or too old.
    fn sweep(&self, idle: &mut HashMap<Target, Vec<Idle>>) {
        idle.retain(|_, list| {
            list.retain(|idle| {
                let too_old = |limit| idle.since.elapsed() >= limit;
                !idle.conn.is_closed() && !self.config.idle.is_some_and(too_old)
            });
            !list.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. Dropping it closes the connection; only [`give_back`](Lease::give_back) keeps it.
pub(crate) struct Lease {
    conn: Conn,
    target: Target,
    pool: Weak<Pool>,
}

impl Lease {
    pub(crate) fn new(conn: Conn, target: Target, pool: &Arc<Pool>) -> Self {
        Self {
            conn,
            target,
            pool: Arc::downgrade(pool),
        }
    }

    /// Returns the connection after the last byte of the response.
    pub(crate) fn give_back(self) {
        let Some(pool) = self.pool.upgrade() else {
            return;
        };
        if self.conn.is_ready() {
            pool.put(self.target, self.conn);
        } else if !self.conn.is_closed()
            && let Some(limit) = pool.config.idle
            && let Ok(runtime) = Handle::try_current()
        {
            // The peer answered before it had the whole request: what is left has to be sent first.
            drop(pool);
            runtime.spawn(async move {
                let Self {
                    mut conn,
                    target,
                    pool,
                } = self;
                if timeout(limit, conn.ready()).await == Ok(true)
                    && let Some(pool) = pool.upgrade()
                {
                    pool.put(target, conn);
                }
            });
        }
    }
}
