//! [`Stats`], live counters that cost a request a few additions in memory of its own core.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use wharf_http::connection::WebSocketStats;
use wharf_http::{Context, Signal};

use crate::watchdog::{Pulse, Turn};

/// Live counters of connections and requests. Clones share the counters.
///
/// The figures are read one after the other while others count: they are each right, but need not fit together.
///
/// # Examples
///
/// ```
/// let stats = wharf_server::Stats::new();
/// assert_eq!((stats.connections(), stats.requests(), stats.in_flight()), (0, 0, 0));
/// ```
#[derive(Clone)]
pub struct Stats {
    shards: Arc<[Shard; SHARDS]>,
    next: Arc<AtomicUsize>,
    /// The worker whose counters these are; `None` where connections take turns.
    worker: Option<Worker>,
    /// Few and far between: one counter will do.
    tls_failures: Arc<AtomicU64>,
    websockets: WebSocketStats,
    /// How many routes the service has.
    routes: usize,
}

#[derive(Clone)]
struct Worker {
    index: usize,
    wear: Option<Arc<Wear>>,
    pulse: Option<Arc<Pulse>>,
}

/// How many requests a worker may still serve.
struct Wear {
    left: AtomicU64,
    worn: Signal,
}

impl Wear {
    fn request_ended(&self) {
        // It goes below zero, that is to the end of the numbers, and is not heard of again.
        if self.left.fetch_sub(1, Relaxed) == 1 {
            self.worn.fire();
        }
    }
}

/// Each worker has its own, as far as they go, and so writes to a cache line of its own.
const SHARDS: usize = 16;

/// With how many open connections a worker has to be sparing with the memory of each.
const CROWD: u64 = 512;

#[derive(Default)]
#[repr(align(128))]
struct Shard {
    opened: AtomicU64,
    closed: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    refused: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    /// How many requests each route is dealing with.
    by_route: OnceLock<Box<[AtomicU32]>>,
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

impl Stats {
    /// Creates counters that stand at zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shards: Arc::default(),
            next: Arc::default(),
            worker: None,
            tls_failures: Arc::default(),
            websockets: WebSocketStats::new(),
            routes: 0,
        }
    }

    /// Counts requests by route, too, for so many of them.
    pub(crate) fn with_routes(mut self, routes: usize) -> Self {
        self.routes = routes;
        self
    }

    /// Returns the same counters as one worker counts in them; the signal fires after so many requests of that worker.
    pub(crate) fn of_worker(
        &self,
        index: usize,
        requests: Option<u64>,
        pulse: Option<Arc<Pulse>>,
    ) -> (Self, Signal) {
        let worn = Signal::new();
        let wear = requests.map(|requests| {
            Arc::new(Wear {
                left: AtomicU64::new(requests.max(1)),
                worn: worn.clone(),
            })
        });
        let stats = Self {
            worker: Some(Worker { index, wear, pulse }),
            ..self.clone()
        };
        (stats, worn)
    }

    /// Returns how many connections are open.
    #[must_use]
    pub fn connections(&self) -> u64 {
        // What ended is read first, so that the difference is never negative.
        let closed = self.sum(|shard| &shard.closed);
        self.sum(|shard| &shard.opened).saturating_sub(closed)
    }

    /// Returns how many connections there were, the open ones included.
    #[must_use]
    pub fn connections_accepted(&self) -> u64 {
        self.sum(|shard| &shard.opened)
    }

    /// Returns how many connections were closed before they could send a request, since they did not begin with the
    /// header that a [listener for proxies](crate::listener::ProxyProtocol) wants. They are counted nowhere else.
    #[must_use]
    pub fn connections_refused(&self) -> u64 {
        self.sum(|shard| &shard.refused)
    }

    /// Returns how many requests have been dealt with, the aborted ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.sum(|shard| &shard.ended)
    }

    /// Returns how many requests wait for the end of their answer.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        let ended = self.sum(|shard| &shard.ended);
        self.sum(|shard| &shard.begun).saturating_sub(ended)
    }

    /// Returns how many bytes have come in by connections that were served, as the socket counts them, or TLS where there
    /// is one. Those of a request that is still running are counted when it has ended.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.sum(|shard| &shard.received)
    }

    /// Returns how many bytes have gone out, counted as [`bytes_received`](Self::bytes_received) are.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.sum(|shard| &shard.sent)
    }

    /// Returns the counters of WebSockets: how many are open, what goes through them, and how they have ended.
    ///
    /// Those are counted that an app of `wharf-core` has accepted. A service of another kind counts its own with
    /// [`Connection::websocket_stats`](wharf_http::Connection::websocket_stats).
    #[must_use]
    pub fn websockets(&self) -> &WebSocketStats {
        &self.websockets
    }

    /// Returns how many requests the routes are dealing with, those that have none left out; by the numbers of the routes.
    pub(crate) fn in_flight_by_route(&self) -> Vec<(u32, u64)> {
        let mut sums = vec![0_u64; self.routes];
        for shard in self.shards.iter() {
            let counters = shard
                .by_route
                .get()
                .into_iter()
                .flat_map(|routes| routes.iter());
            for (sum, counter) in sums.iter_mut().zip(counters) {
                *sum += u64::from(counter.load(Relaxed));
            }
        }
        let running = (0..).zip(sums).filter(|(_, running)| *running > 0);
        running.collect()
    }

    /// Returns how many TLS handshakes have failed, for whatever reason.
    ///
    /// Connections that were closed before their first byte, and requests that came unencrypted, are not among them.
    #[must_use]
    pub fn tls_handshake_failures(&self) -> u64 {
        self.tls_failures.load(Relaxed)
    }

    #[cfg(feature = "tls-core")]
    pub(crate) fn tls_handshake_failed(&self) {
        self.tls_failures.fetch_add(1, Relaxed);
    }

    fn sum(&self, counter: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards
            .iter()
            .map(|shard| counter(shard).load(Relaxed))
            .sum()
    }

    pub(crate) fn connection_refused(&self) {
        self.shards[0].refused.fetch_add(1, Relaxed);
    }

    /// Counts a connection in; dropping what it returns counts it out.
    pub(crate) fn connection(&self) -> ConnectionStats {
        let index = match &self.worker {
            Some(worker) => worker.index,
            None => self.next.fetch_add(1, Relaxed),
        };
        let stats = ConnectionStats {
            shards: Arc::clone(&self.shards),
            index: index % SHARDS,
            wear: self.worker.as_ref().and_then(|worker| worker.wear.clone()),
            pulse: self.worker.as_ref().and_then(|worker| worker.pulse.clone()),
            routes: self.routes,
            crowd: match self.worker {
                Some(_) => CROWD,
                None => CROWD / SHARDS as u64,
            },
        };
        stats.shard().opened.fetch_add(1, Relaxed);
        stats
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stats")
            .field("connections", &self.connections())
            .field("requests", &self.requests())
            .field("in_flight", &self.in_flight())
            .finish()
    }
}

/// The counters of one open connection.
pub(crate) struct ConnectionStats {
    shards: Arc<[Shard; SHARDS]>,
    index: usize,
    wear: Option<Arc<Wear>>,
    pulse: Option<Arc<Pulse>>,
    routes: usize,
    /// How many connections of its shard are many.
    crowd: u64,
}

/// The route of a request: 0 is none, else one more than its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RouteMark(pub(crate) u32);

impl RouteMark {
    pub(crate) fn of(context: &Context) -> Self {
        Self(
            context
                .route_number()
                .map_or(0, |number| number.saturating_add(1)),
        )
    }
}

impl ConnectionStats {
    fn shard(&self) -> &Shard {
        &self.shards[self.index]
    }

    /// Tells whether it is one of many that are open.
    #[cfg_attr(
        not(feature = "http1"),
        expect(dead_code, reason = "only HTTP/1 leaves hyper while it waits")
    )]
    pub(crate) fn is_in_crowd(&self) -> bool {
        let closed = self.shard().closed.load(Relaxed);
        self.shard().opened.load(Relaxed).saturating_sub(closed) >= self.crowd
    }

    pub(crate) fn request_begun(&self) {
        self.shard().begun.fetch_add(1, Relaxed);
    }

    /// Notes which route a request has come to.
    pub(crate) fn request_routed(&self, route: RouteMark) {
        if let Some(pulse) = &self.pulse {
            pulse.hold(route);
        }
        if let Some(counter) = self.of_route(route) {
            counter.fetch_add(1, Relaxed);
        }
    }

    fn of_route(&self, route: RouteMark) -> Option<&AtomicU32> {
        let number = usize::try_from(route.0.checked_sub(1)?).ok()?;
        let counters = self.shard().by_route.get_or_init(|| {
            let counters = (0..self.routes).map(|_| AtomicU32::new(0));
            counters.collect()
        });
        counters.get(number)
    }

    /// Notes that something of a request is polled until the guard is dropped.
    pub(crate) fn turn(&self, route: RouteMark) -> Option<Turn<'_>> {
        self.pulse.as_ref().map(|pulse| pulse.enter(route))
    }

    pub(crate) fn bytes(&self, received: u64, sent: u64) {
        self.shard().received.fetch_add(received, Relaxed);
        self.shard().sent.fetch_add(sent, Relaxed);
    }

    /// Notes the end of a request, and the route it had come to.
    pub(crate) fn request_ended(&self, route: RouteMark) {
        self.shard().ended.fetch_add(1, Relaxed);
        if let Some(counter) = self.of_route(route) {
            counter.fetch_sub(1, Relaxed);
        }
        if let Some(wear) = &self.wear {
            wear.request_ended();
        }
    }
}

impl Drop for ConnectionStats {
    fn drop(&mut self) {
        self.shard().closed.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_requests_are_counted_in_and_out() {
        let stats = Stats::new();
        let connections: Vec<_> = (0..40).map(|_| stats.connection()).collect();
        connections[3].request_begun();
        connections[20].request_begun();
        connections[20].request_ended(RouteMark::default());
        assert_eq!(stats.connections(), 40);
        assert_eq!((stats.requests(), stats.in_flight()), (1, 1));
        drop(connections);
        assert_eq!(stats.connections(), 0);
        assert_eq!(stats.connections_accepted(), 40);
    }

    #[test]
    fn a_crowd_is_many_connections_of_one_worker_or_of_all() {
        let stats = Stats::new();
        let (of_worker, _worn) = stats.of_worker(3, None, None);
        for stats in [Stats::new(), of_worker] {
            let alone = stats.connection();
            assert!(!alone.is_in_crowd());
            let others: Vec<_> = (1..CROWD).map(|_| stats.connection()).collect();
            assert!(alone.is_in_crowd());
            drop(others);
            assert!(!alone.is_in_crowd());
        }
    }

    #[test]
    fn a_worker_is_worn_once_it_has_served_its_requests() {
        let stats = Stats::new();
        let (of_worker, worn) = stats.of_worker(3, Some(2), None);
        let connection = of_worker.connection();
        connection.request_ended(RouteMark(0));
        assert!(!worn.is_fired());
        connection.request_ended(RouteMark(0));
        connection.request_ended(RouteMark(0));
        assert!(worn.is_fired());
        assert_eq!(stats.requests(), 3, "they are the server's too");
    }

    #[test]
    fn requests_are_counted_by_route_while_they_run() {
        let stats = Stats::new().with_routes(3);
        let (one, other) = (stats.connection(), stats.connection());
        for (connection, number) in [(&one, 0), (&other, 0), (&one, 2), (&one, 99)] {
            connection.request_routed(RouteMark(number + 1));
        }
        one.request_routed(RouteMark(0));
        assert_eq!(stats.in_flight_by_route(), [(0, 2), (2, 1)]);
        one.request_ended(RouteMark(1));
        one.request_ended(RouteMark(3));
        one.request_ended(RouteMark(0));
        assert_eq!(stats.in_flight_by_route(), [(0, 1)]);
        other.request_ended(RouteMark(1));
        assert!(stats.in_flight_by_route().is_empty());
    }
}
