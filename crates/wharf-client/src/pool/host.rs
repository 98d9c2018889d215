//! [`Host`]: the connections to one host, and who waits for one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::runtime::Id;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::stats::{CloseReason, Counters};
use super::{Admission, Demand};
use crate::PoolConfig;
use crate::conn::Conn;

/// How long after its last use the kernel need not be asked whether a connection has ended.
const MOMENT: Duration = Duration::from_millis(1);

/// The connections to one host.
#[derive(Default)]
pub(super) struct Host {
    /// How many connections serve requests or are being opened.
    pub(super) in_use: usize,
    /// Those who wait, by ticket: the lowest came first.
    pub(super) waiting: BTreeMap<u64, Waiter>,
    /// The ticket under which the host is listed as one that could use a connection.
    pub(super) ready: Option<u64>,
    /// Kept HTTP/1 connections, the one that was used last at the end.
    pub(super) idle: VecDeque<Idle>,
    /// HTTP/2 connections, with requests or without.
    pub(super) shared: Vec<Shared>,
    /// The runtime on which a connection is being opened that may turn out to be shared: others wait for it.
    opening: Option<Id>,
    /// Whether the last connection that was opened is shared.
    shares: Option<bool>,
    pub(super) counters: Counters,
}

/// A request that waits for a connection.
pub(super) struct Waiter {
    pub(super) runtime: Option<Id>,
    pub(super) sender: oneshot::Sender<Admission>,
}

/// A connection without a request.
pub(crate) struct Idle {
    /// Boxed, since it is moved with each request.
    pub(super) conn: Box<Conn>,
    until: Option<Instant>,
    since: Instant,
}

/// A connection for several requests at once.
pub(super) struct Shared {
    id: u64,
    conn: Conn,
    pub(super) streams: usize,
    idle_until: Option<Instant>,
    since: Instant,
    /// No further request is to use it.
    retired: bool,
}

/// What a host has for a request.
pub(super) enum Supply {
    /// A place on a connection that is in use already.
    Stream(u64, Box<Conn>),
    /// A connection that is idle so far.
    Idle(Idle),
    /// One that is shared and idle so far.
    IdleStream(u64, Box<Conn>),
    /// The right to open one.
    Open,
}

impl Host {
    /// Takes a place on a connection that serves requests already.
    pub(super) fn join(
        &mut self,
        runtime: Option<Id>,
        config: &PoolConfig,
        most: usize,
    ) -> Option<Supply> {
        self.drop_dead_shared(config);
        let shared = self.shared.iter_mut().find(|shared| {
            shared.streams > 0
                && shared.streams < shared.conn.max_streams().min(most)
                && shared.is_usable(config)
                && shared.conn.is_driven_here(runtime)
        })?;
        let conn = shared.conn.share()?;
        shared.streams += 1;
        Some(Supply::Stream(shared.id, Box::new(conn)))
    }

    /// Tells whether there is room on a connection whose peer goes on in other protocols on its streams.
    #[cfg(all(feature = "http2", feature = "ws"))]
    pub(super) fn can_switch(&self, runtime: Option<Id>, config: &PoolConfig, most: usize) -> bool {
        self.shared.iter().any(|shared| {
            shared.streams < shared.conn.max_streams().min(most)
                && shared.is_usable(config)
                && shared.conn.is_driven_here(runtime)
                && shared.conn.can_switch() == Some(true)
        })
    }

    /// Finds a connection that nobody uses, or grants the right to open one; the limits are not looked at.
    pub(super) fn take(
        &mut self,
        runtime: Option<Id>,
        config: &PoolConfig,
        may_share: bool,
        demand: Demand,
    ) -> Option<Supply> {
        self.drop_dead_shared(config);
        let unused = self.shared.iter_mut().find(|shared| {
            shared.streams == 0 && shared.is_usable(config) && shared.conn.is_driven_here(runtime)
        });
        if let Some(shared) = unused
            && let Some(conn) = shared.conn.share()
        {
            shared.streams = 1;
            return Some(Supply::IdleStream(shared.id, Box::new(conn)));
        }
        // From the one that was used last: the others may get too old together.
        let mut position = self.idle.len();
        while position > 0 {
            position -= 1;
            if !self.idle[position].conn.is_driven_here(runtime) {
                continue;
            }
            let Some(idle) = self.idle.remove(position) else {
                continue;
            };
            match idle.why_not(config, demand.since) {
                None if idle.is_fresh(demand) => {
                    return Some(Supply::Idle(idle));
                }
                reason => self.counters.closed(reason.unwrap_or(CloseReason::Peer)),
            }
        }
        if !self.may_open(runtime, config, may_share) {
            return None;
        }
        if may_share && self.shares != Some(false) {
            self.opening = runtime;
        }
        Some(Supply::Open)
    }

    /// Counts what a request takes.
    pub(super) fn count(&mut self, supply: &Supply) {
        self.in_use += supply.connections();
        self.counters.reused += u64::from(!matches!(supply, Supply::Open));
    }

    /// Tells whether there is something to [`take`](Self::take).
    pub(super) fn can_supply(
        &self,
        runtime: Option<Id>,
        config: &PoolConfig,
        may_share: bool,
    ) -> bool {
        !self.idle.is_empty()
            || self.shared.iter().any(|shared| {
                shared.streams == 0
                    && shared.is_usable(config)
                    && shared.conn.is_driven_here(runtime)
            })
            || self.may_open(runtime, config, may_share)
    }

    fn may_open(&self, runtime: Option<Id>, config: &PoolConfig, may_share: bool) -> bool {
        if !may_share || self.shares == Some(false) {
            return true;
        }
        if self.opening.is_some() && self.opening == runtime {
            return false;
        }
        let here =
            |shared: &&Shared| shared.is_usable(config) && shared.conn.is_driven_here(runtime);
        self.shared.iter().filter(here).count() < config.max_http2_per_host
    }

    /// The connection that was being opened is there, or will not be; `shares` tells how it turned out.
    pub(super) fn opened(&mut self, shares: Option<bool>) {
        self.opening = None;
        if shares.is_some() {
            self.shares = shares;
        }
    }

    /// Keeps an idle connection, unless it is too old already; returns until when.
    pub(super) fn keep(&mut self, idle: Idle, config: &PoolConfig) -> Option<Instant> {
        if let Some(reason) = idle.why_not(config, idle.since) {
            self.counters.closed(reason);
            return None;
        }
        let due = due(&idle.conn, idle.until, config);
        self.idle.push_back(idle);
        due
    }

    /// Adds a shared connection on which one request is about to be sent.
    pub(super) fn add_shared(&mut self, id: u64, conn: Conn) {
        self.shared.push(Shared {
            id,
            conn,
            streams: 1,
            idle_until: None,
            since: Instant::now(),
            retired: false,
        });
    }

    /// Ends a request on a shared connection; tells whether it was the last one.
    pub(super) fn leave(&mut self, id: u64, config: &PoolConfig) -> bool {
        let Some(shared) = self.shared.iter_mut().find(|shared| shared.id == id) else {
            return false;
        };
        shared.streams = shared.streams.saturating_sub(1);
        if shared.streams > 0 {
            return false;
        }
        shared.since = Instant::now();
        shared.idle_until = config
            .idle
            .and_then(|limit| shared.since.checked_add(limit));
        self.shared
            .retain(|shared| shared.streams > 0 || !shared.retired);
        self.drop_dead_shared(config);
        true
    }

    /// Takes a shared connection out of use; requests that run on it go on.
    pub(super) fn retire(&mut self, id: u64, reason: CloseReason) {
        let Some(position) = self.shared.iter().position(|shared| shared.id == id) else {
            return;
        };
        let shared = &mut self.shared[position];
        if !std::mem::replace(&mut shared.retired, true) {
            self.counters.closed(reason);
        }
        if self.shared[position].streams == 0 {
            self.shared.remove(position);
        }
    }

    fn drop_dead_shared(&mut self, config: &PoolConfig) {
        let counters = &mut self.counters;
        self.shared.retain(|shared| {
            if shared.streams > 0 {
                return true;
            }
            match shared.why_not(config) {
                Some(reason) => {
                    counters.closed(reason);
                    false
                }
                None => true,
            }
        });
    }

    /// Closes what is too old, and returns when to look again.
    pub(super) fn sweep(&mut self, config: &PoolConfig) -> Option<Instant> {
        self.drop_dead_shared(config);
        let counters = &mut self.counters;
        let now = Instant::now();
        self.idle.retain(|idle| match idle.why_not(config, now) {
            Some(reason) => {
                counters.closed(reason);
                false
            }
            None => true,
        });
        self.due(config)
    }

    /// Returns when the first of the idle connections gets too old.
    pub(super) fn due(&self, config: &PoolConfig) -> Option<Instant> {
        let idle = self.idle.iter();
        let idle = idle.filter_map(|idle| due(&idle.conn, idle.until, config));
        let unused = self.shared.iter().filter(|shared| shared.streams == 0);
        let unused = unused.filter_map(|shared| due(&shared.conn, shared.idle_until, config));
        idle.chain(unused).min()
    }

    /// Returns since when the connection is idle that is so for the longest time.
    pub(super) fn oldest(&self) -> Option<Instant> {
        let unused = self.shared.iter().filter(|shared| shared.streams == 0);
        let unused = unused.map(|shared| shared.since);
        unused.chain(self.idle.front().map(|idle| idle.since)).min()
    }

    /// Closes the connection that is idle for the longest time.
    pub(super) fn drop_oldest(&mut self) {
        let Some(oldest) = self.oldest() else {
            return;
        };
        if self.idle.front().is_some_and(|idle| idle.since == oldest) {
            self.idle.pop_front();
        } else {
            self.shared
                .retain(|shared| shared.streams > 0 || shared.since != oldest);
        }
        self.counters.closed(CloseReason::Surplus);
    }

    /// Returns how many connections are idle.
    pub(super) fn idle(&self) -> usize {
        let unused = self.shared.iter().filter(|shared| shared.streams == 0);
        self.idle.len() + unused.count()
    }

    pub(super) fn streams(&self) -> usize {
        self.shared.iter().map(|shared| shared.streams).sum()
    }

    /// Closes everything that nobody uses.
    pub(super) fn clear(&mut self) {
        for _ in 0..self.idle() {
            self.counters.closed(CloseReason::Client);
        }
        self.idle.clear();
        self.shared.retain(|shared| shared.streams > 0);
    }

    /// Tells whether nothing would be lost with it but the counters.
    pub(super) fn is_unused(&self) -> bool {
        self.in_use == 0
            && self.waiting.is_empty()
            && self.idle.is_empty()
            && self.shared.is_empty()
    }
}

impl Supply {
    /// Returns how many connections are in use by it that were not before.
    pub(super) fn connections(&self) -> usize {
        usize::from(!matches!(self, Self::Stream(..)))
    }
}

impl Idle {
    pub(super) fn new(conn: Box<Conn>, until: Option<Instant>, since: Instant) -> Self {
        Self { conn, until, since }
    }

    /// Tells whether the connection is ready for a request, and the peer has not ended it.
    ///
    /// It is the kernel that knows of the end. Asking it is left out where little is to be gained: for a request that would be sent
    /// again, over a connection that was used a moment ago. What the runtime knows hyper finds out before it sends anything; for
    /// longer than that moment, the runtime may have been held up.
    fn is_fresh(&self, demand: Demand) -> bool {
        let kept = demand.since.saturating_duration_since(self.since);
        self.conn.is_ready() && (demand.repeatable && kept < MOMENT || self.conn.is_quiet())
    }

    /// Tells why the connection is not to be used, as far as is known without asking the kernel.
    fn why_not(&self, config: &PoolConfig, now: Instant) -> Option<CloseReason> {
        why_not(&self.conn, self.until, config, now)
    }
}

impl Shared {
    fn why_not(&self, config: &PoolConfig) -> Option<CloseReason> {
        why_not(
            &self.conn,
            self.idle_until.filter(|_| self.streams == 0),
            config,
            Instant::now(),
        )
    }

    fn is_usable(&self, config: &PoolConfig) -> bool {
        !self.retired && self.why_not(config).is_none()
    }
}

/// Returns when a connection gets too old that is kept until `until`.
fn due(conn: &Conn, until: Option<Instant>, config: &PoolConfig) -> Option<Instant> {
    let aged = config
        .max_age
        .and_then(|age| conn.opened().checked_add(age));
    until.into_iter().chain(aged).min()
}

fn why_not(
    conn: &Conn,
    until: Option<Instant>,
    config: &PoolConfig,
    now: Instant,
) -> Option<CloseReason> {
    if conn.is_closed() {
        Some(CloseReason::Peer)
    } else if until.is_some_and(|until| now >= until) {
        Some(CloseReason::Idle)
    } else if config
        .max_age
        .is_some_and(|limit| now.saturating_duration_since(conn.opened()) >= limit)
    {
        Some(CloseReason::Age)
    } else {
        None
    }
}
