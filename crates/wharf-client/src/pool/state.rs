//! [`State`]: all hosts, the limits, and whose turn is next.
//!
//! A request that arrives is served at once when nobody has to wait who came earlier and could be served by the same. Each host
//! has its queue; among hosts that could use a connection the one whose first request came first is next. So nobody is
//! overtaken, and a host that is at its own limit does not hold up the others.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::time::Duration;

use tokio::runtime::Id;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::host::{Host, Idle, Supply, Waiter};
use super::key::Hashed;
use super::stats::{CloseReason, HostStats, PoolStats};
use super::sweeper::Sweepers;
use super::{Admission, Demand, Key};
use crate::PoolConfig;
use crate::conn::Conn;

/// How many hosts are remembered that there is no connection to.
const REMEMBERED_HOSTS: usize = 1000;

pub(super) struct State {
    pub(super) config: PoolConfig,
    /// How many requests may share a connection.
    most_streams: usize,
    hosts: HashMap<Key, Host, BuildHasherDefault<Hashed>>,
    in_use: usize,
    idle: usize,
    waiting: usize,
    /// Hosts that could use a connection, by the ticket of the request that is first in their queue.
    ready: BTreeMap<u64, Key>,
    tickets: u64,
    ids: u64,
    /// Those who close what gets too old: on each runtime one, since any of them may stand still.
    pub(super) sweepers: Sweepers,
    pub(super) closed: bool,
}

/// Those whose turn has come, with what they get, in the order in which it came.
pub(super) type Grants = VecDeque<Grant>;

/// What a request gets whose turn has come.
pub(super) struct Grant {
    pub(super) key: Key,
    pub(super) sender: oneshot::Sender<Admission>,
    pub(super) admission: Admission,
}

impl State {
    pub(super) fn new(config: PoolConfig, most_streams: usize) -> Self {
        Self {
            config,
            most_streams,
            hosts: HashMap::default(),
            in_use: 0,
            idle: 0,
            waiting: 0,
            ready: BTreeMap::new(),
            tickets: 0,
            ids: 0,
            sweepers: Sweepers::default(),
            closed: false,
        }
    }

    /// Serves a request that has just arrived; `None` when it has to wait.
    pub(super) fn arrive(
        &mut self,
        key: &Key,
        runtime: Option<Id>,
        demand: Demand,
    ) -> Option<Admission> {
        self.forget_hosts();
        let joined = match self.hosts.get(key) {
            Some(host) if !host.waiting.is_empty() => return None,
            Some(host) if !host.shared.is_empty() => self.join(key, runtime),
            _ => None,
        };
        joined.or_else(|| self.take(key, runtime, demand))
    }

    /// Takes a place on a connection that serves requests already.
    fn join(&mut self, key: &Key, runtime: Option<Id>) -> Option<Admission> {
        let most = self.most_streams;
        self.supply(key, |host, config| host.join(runtime, config, most))
    }

    /// Takes a connection that nobody uses, or the right to open one, within the limits.
    fn take(&mut self, key: &Key, runtime: Option<Id>, demand: Demand) -> Option<Admission> {
        if !has_room(self.in_use, self.config.max_connections) {
            return None;
        }
        self.supply(key, |host, config| {
            match has_room(host.in_use, config.max_per_host) {
                true => host.take(runtime, config, key.may_share(), demand),
                false => None,
            }
        })
    }

    /// Takes something of a host, and counts it.
    fn supply(
        &mut self,
        key: &Key,
        take: impl FnOnce(&mut Host, &PoolConfig) -> Option<Supply>,
    ) -> Option<Admission> {
        let supply = self.change(key, |host, config| {
            let supply = take(host, config)?;
            host.count(&supply);
            Some(supply)
        })?;
        self.in_use += supply.connections();
        Some(match supply {
            Supply::Stream(id, conn) | Supply::IdleStream(id, conn) => Admission::Stream(id, conn),
            Supply::Idle(idle) => Admission::Idle(idle),
            Supply::Open => Admission::Open,
        })
    }

    /// Puts a request at the end of the queue and returns its ticket; `None` when too many wait already.
    pub(super) fn enqueue(
        &mut self,
        key: &Key,
        runtime: Option<Id>,
        sender: oneshot::Sender<Admission>,
    ) -> Option<u64> {
        if !has_room(self.waiting, self.config.max_waiting) {
            return None;
        }
        let ticket = self.tickets;
        self.tickets += 1;
        self.waiting += 1;
        let host = self.hosts.entry(key.clone()).or_default();
        host.counters.waited += 1;
        host.waiting.insert(ticket, Waiter { runtime, sender });
        self.refresh(key);
        Some(ticket)
    }

    /// Forgets a request that does not wait any more.
    pub(super) fn leave_queue(&mut self, key: &Key, ticket: u64, waited: Duration) {
        if let Some(host) = self.hosts.get_mut(key) {
            host.counters.wait_time += waited;
            if host.waiting.remove(&ticket).is_some() {
                self.waiting -= 1;
                self.refresh(key);
            }
        }
    }

    /// Changes a host, and keeps count of what is idle.
    fn change<T>(&mut self, key: &Key, change: impl FnOnce(&mut Host, &PoolConfig) -> T) -> T {
        let host = match self.hosts.get_mut(key) {
            Some(host) => host,
            None => self.hosts.entry(key.clone()).or_default(),
        };
        let idle_before = host.idle();
        let result = change(host, &self.config);
        self.idle = self.idle + host.idle() - idle_before;
        result
    }

    /// A connection was closed, or could not be opened: its place is free.
    pub(super) fn release(&mut self, key: &Key, opening: bool, reason: Option<CloseReason>) {
        self.change(key, |host, _| {
            host.in_use = host.in_use.saturating_sub(1);
            if opening {
                host.opened(None);
            }
            if let Some(reason) = reason {
                host.counters.closed(reason);
            }
        });
        self.in_use = self.in_use.saturating_sub(1);
    }

    /// A connection was closed whose place is kept for another.
    pub(super) fn closed_in_use(&mut self, key: &Key) {
        self.change(key, |host, _| host.counters.closed(CloseReason::Peer));
    }

    /// A connection was opened for one request at a time.
    pub(super) fn opened(&mut self, key: &Key) {
        self.change(key, |host, _| {
            host.counters.created += 1;
            host.opened(Some(false));
        });
    }

    /// A connection was opened that requests can share; returns its number.
    pub(super) fn opened_shared(&mut self, key: &Key, conn: Conn) -> u64 {
        let id = self.ids;
        self.ids += 1;
        self.change(key, |host, _| {
            host.counters.created += 1;
            host.opened(Some(true));
            host.add_shared(id, conn);
        });
        id
    }

    /// A connection is free again; kept if it may be. Returns when it gets too old.
    pub(super) fn put(
        &mut self,
        key: &Key,
        conn: Box<Conn>,
        keep_alive: Option<Duration>,
    ) -> Option<Instant> {
        let limit = self.config.idle.into_iter().chain(keep_alive).min();
        let now = Instant::now();
        let until = limit.and_then(|limit| now.checked_add(limit));
        self.keep(key, Idle::new(conn, until, now))
    }

    fn keep(&mut self, key: &Key, idle: Idle) -> Option<Instant> {
        let refused = match (self.closed, self.config.max_idle) {
            (true, _) => Some(CloseReason::Client),
            (false, 0) => Some(CloseReason::Surplus),
            _ => None,
        };
        let due = self.change(key, |host, config| {
            host.in_use = host.in_use.saturating_sub(1);
            match refused {
                Some(reason) => {
                    host.counters.closed(reason);
                    None
                }
                None => host.keep(idle, config),
            }
        });
        self.in_use = self.in_use.saturating_sub(1);
        self.drop_surplus();
        due
    }

    /// Takes back what was granted to a request that has gone meanwhile.
    pub(super) fn take_back(&mut self, key: &Key, admission: Admission) {
        if !matches!(admission, Admission::Open) {
            self.change(key, |host, _| host.counters.reused -= 1);
        }
        match admission {
            Admission::Stream(id, _) => drop(self.leave(key, id)),
            Admission::Idle(idle) => drop(self.keep(key, idle)),
            Admission::Open => self.release(key, true, None),
        }
    }

    /// A request on a shared connection has ended. Returns when that gets too old, if nobody uses it any more.
    pub(super) fn leave(&mut self, key: &Key, id: u64) -> Option<Instant> {
        if !self.change(key, |host, config| host.leave(id, config)) {
            return None;
        }
        self.release(key, false, None);
        self.drop_surplus();
        self.hosts.get(key)?.due(&self.config)
    }

    /// A shared connection is not to be used by others.
    pub(super) fn retire(&mut self, key: &Key, id: u64, reason: CloseReason) {
        self.change(key, |host, _| host.retire(id, reason));
    }

    fn drop_surplus(&mut self) {
        while self.idle > self.config.max_idle {
            let hosts = self.hosts.iter();
            let oldest = hosts.filter_map(|(key, host)| Some((host.oldest()?, key.clone())));
            let Some((_, key)) = oldest.min_by_key(|(since, _)| *since) else {
                return;
            };
            self.change(&key, |host, _| host.drop_oldest());
        }
    }

    /// Closes what was idle for too long, and returns when to look again.
    pub(super) fn sweep(&mut self) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        self.idle = 0;
        for host in self.hosts.values_mut() {
            let due = host.sweep(&self.config);
            next = next.into_iter().chain(due).min();
            self.idle += host.idle();
        }
        next
    }

    /// Closes what is idle.
    pub(super) fn clear(&mut self) {
        for host in self.hosts.values_mut() {
            host.clear();
        }
        self.idle = 0;
    }

    /// Tells whether connections are in use, which will be idle some day.
    pub(super) fn is_used(&self) -> bool {
        self.in_use > 0
    }

    /// Serves all whose turn has come, after something has changed for `key`.
    pub(super) fn dispatch(&mut self, key: &Key) -> Grants {
        let mut grants = Grants::new();
        if self.waiting == 0 {
            return grants;
        }
        self.let_join(key, &mut grants);
        while has_room(self.in_use, self.config.max_connections)
            && let Some((_, key)) = self.ready.pop_first()
        {
            if let Some(host) = self.hosts.get_mut(&key) {
                host.ready = None;
            }
            let Some(admission) = self
                .first(&key)
                .and_then(|runtime| self.take(&key, runtime, Demand::now()))
            else {
                continue;
            };
            self.grant(&key, admission, &mut grants);
            self.let_join(&key, &mut grants);
        }
        grants
    }

    /// Lets those who wait for a host share its connections, in their order.
    fn let_join(&mut self, key: &Key, grants: &mut Grants) {
        let host = self.hosts.get(key);
        if host.is_none_or(|host| host.waiting.is_empty() && host.ready.is_none()) {
            return;
        }
        while let Some(runtime) = self.first(key)
            && let Some(admission) = self.join(key, runtime)
        {
            self.grant(key, admission, grants);
        }
        self.refresh(key);
    }

    /// Returns the runtime of the request that is first in the queue of a host.
    fn first(&self, key: &Key) -> Option<Option<Id>> {
        let first = self.hosts.get(key)?.waiting.first_key_value();
        first.map(|(_, waiter)| waiter.runtime)
    }

    /// Gives `admission` to the request that is first in the queue of a host.
    fn grant(&mut self, key: &Key, admission: Admission, grants: &mut Grants) {
        let host = self.hosts.get_mut(key);
        if let Some((_, waiter)) = host.and_then(|host| host.waiting.pop_first()) {
            self.waiting -= 1;
            grants.push_back(Grant {
                key: key.clone(),
                sender: waiter.sender,
                admission,
            });
        }
    }

    /// Lists a host as one that could use a connection, or not.
    fn refresh(&mut self, key: &Key) {
        let Some(host) = self.hosts.get_mut(key) else {
            return;
        };
        let ready = match host.waiting.first_key_value() {
            Some((ticket, waiter))
                if has_room(host.in_use, self.config.max_per_host)
                    && host.can_supply(waiter.runtime, &self.config, key.may_share()) =>
            {
                Some(*ticket)
            }
            _ => None,
        };
        if ready != host.ready {
            if let Some(ticket) = host.ready {
                self.ready.remove(&ticket);
            }
            if let Some(ticket) = ready {
                self.ready.insert(ticket, key.clone());
            }
            host.ready = ready;
        }
    }

    /// Tells whether a connection to the host is open whose peer goes on in other protocols on its streams.
    #[cfg(all(feature = "http2", feature = "ws"))]
    pub(super) fn can_switch(&self, key: &Key, runtime: Option<Id>) -> bool {
        let host = self.hosts.get(key);
        host.is_some_and(|host| host.can_switch(runtime, &self.config, self.most_streams))
    }

    fn forget_hosts(&mut self) {
        if self.hosts.len() > REMEMBERED_HOSTS {
            self.hosts.retain(|_, host| !host.is_unused());
        }
    }

    /// Closes what is idle, and turns everybody away who waits.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.ready.clear();
        self.waiting = 0;
        self.idle = 0;
        for host in self.hosts.values_mut() {
            host.ready = None;
            host.waiting.clear();
            host.clear();
        }
    }

    pub(super) fn stats(&mut self) -> PoolStats {
        // Those that have ended are not idle, whether anybody has noticed or not.
        self.sweep();
        let hosts = self.hosts.iter().map(|(key, host)| HostStats {
            key: key.clone(),
            idle: host.idle(),
            in_use: host.in_use,
            streams: host.streams(),
            waiting: host.waiting.len(),
            counters: host.counters,
        });
        let mut hosts: Vec<_> = hosts.collect();
        hosts.sort_by_cached_key(HostStats::origin);
        PoolStats { hosts }
    }
}

fn has_room(used: usize, limit: Option<usize>) -> bool {
    limit.is_none_or(|limit| used < limit)
}
