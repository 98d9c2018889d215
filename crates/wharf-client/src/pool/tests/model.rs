//! Any sequence of events keeps the promises of a pool.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;
use crate::config::Http1Config;
#[cfg(feature = "http2")]
use crate::config::Http2Config;
use crate::conn::Driver;

/// What happens. A number chooses among those that it can happen to.
#[derive(Clone, Copy, Debug)]
enum Step {
    Arrive(usize),
    GiveUp(usize),
    Opened(usize),
    NotOpened(usize),
    Return(usize),
    Break(usize),
    PeerCloses(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..HOSTS.len()).prop_map(Step::Arrive),
        1 => any::<usize>().prop_map(Step::GiveUp),
        4 => any::<usize>().prop_map(Step::Opened),
        1 => any::<usize>().prop_map(Step::NotOpened),
        3 => any::<usize>().prop_map(Step::Return),
        1 => any::<usize>().prop_map(Step::Break),
        1 => any::<usize>().prop_map(Step::PeerCloses),
        1 => (0..20_u64).prop_map(Step::Pass),
    ]
}

const HOSTS: [&str; 3] = ["a.test", "b.test", "shared.test"];
const MAX: usize = 4;
const MAX_PER_HOST: usize = 2;
const MAX_STREAMS: usize = 2;

type Acquiring = Pin<Box<dyn Future<Output = Result<Acquired, Error>>>>;

/// A pool, and everybody who uses it.
struct World {
    pool: Arc<Pool>,
    driver: Driver,
    keys: Vec<Key>,
    arrivals: u64,
    /// Those who wait, in the order of their arrival.
    waiting: Vec<(u64, usize, Acquiring)>,
    slots: Vec<(usize, Slot)>,
    leases: Vec<(usize, Lease)>,
    far_ends: Vec<DuplexStream>,
}

impl World {
    fn new() -> Self {
        let config = PoolConfig::new()
            .max_connections(MAX)
            .max_per_host(MAX_PER_HOST)
            .max_idle(2);
        let pool = Arc::new(Pool::new(config, MAX_STREAMS));
        let keys = HOSTS.map(|host| {
            let way = Way {
                http2: cfg!(feature = "http2") && host.starts_with("shared"),
                ..Way::default()
            };
            let uri = format!("http://{host}/").parse().unwrap();
            pool.key(&uri, way).unwrap()
        });
        Self {
            pool,
            driver: Driver::new(),
            keys: keys.to_vec(),
            arrivals: 0,
            waiting: Vec::new(),
            slots: Vec::new(),
            leases: Vec::new(),
            far_ends: Vec::new(),
        }
    }

    async fn open(&mut self, host: usize) -> Conn {
        let (near, far) = duplex(1024);
        self.far_ends.push(far);
        let stream = Stream::new(near);
        #[cfg(feature = "http2")]
        if self.keys[host].may_share() {
            return Conn::http2(stream, &Http2Config::new(), &self.driver)
                .await
                .unwrap();
        }
        #[cfg(not(feature = "http2"))]
        assert!(!self.keys[host].may_share());
        let config = Http1Config::new();
        Conn::http1(stream, &config, &self.driver).await.unwrap()
    }

    async fn run(&mut self, step: Step) {
        match step {
            Step::Arrive(host) => {
                let (pool, key) = (Arc::clone(&self.pool), self.keys[host].clone());
                let call = Call::new(Arc::from([]), http::Extensions::new());
                let acquiring = async move { pool.acquire(&key, Demand::now(), None, &call).await };
                self.waiting
                    .push((self.arrivals, host, Box::pin(acquiring)));
                self.arrivals += 1;
            }
            Step::GiveUp(choice) => drop(take(&mut self.waiting, choice)),
            Step::Opened(choice) => {
                if let Some((host, slot)) = take(&mut self.slots, choice) {
                    let conn = self.open(host).await;
                    self.leases.push((host, slot.fill(conn)));
                }
            }
            Step::NotOpened(choice) => drop(take(&mut self.slots, choice)),
            Step::Return(choice) => {
                if let Some((_, lease)) = take(&mut self.leases, choice) {
                    lease.give_back();
                }
            }
            Step::Break(choice) => {
                if let Some((_, lease)) = take(&mut self.leases, choice) {
                    lease.broken(CloseReason::Dead, true);
                }
            }
            Step::PeerCloses(choice) => drop(take(&mut self.far_ends, choice)),
            Step::Pass(seconds) => sleep(Duration::from_secs(seconds)).await,
        }
    }

    /// Lets everybody who was served go on, and checks that nobody was overtaken.
    fn serve(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut left: Vec<(u64, usize, Acquiring)> = Vec::new();
        for (ticket, host, mut acquiring) in std::mem::take(&mut self.waiting) {
            let Poll::Ready(acquired) = acquiring.as_mut().poll(&mut cx) else {
                left.push((ticket, host, acquiring));
                continue;
            };
            let overtaken = left.iter().any(|(_, other, _)| *other == host);
            assert!(!overtaken, "one for {} was overtaken", HOSTS[host]);
            match acquired.unwrap() {
                Acquired::Lease(lease) => {
                    let id = lease.id();
                    let shares = id.is_some_and(|id| self.is_used(id));
                    self.leases.push((host, lease));
                    if shares {
                        continue; // takes no place from anybody
                    }
                }
                Acquired::Slot(slot) => self.slots.push((host, slot)),
            }
            for (_, other, _) in &left {
                assert!(
                    !self.could_open(*other),
                    "one for {} was overtaken by one for {}",
                    HOSTS[*other],
                    HOSTS[host]
                );
            }
        }
        self.waiting = left;
    }

    /// Tells whether a host may have another connection, whatever the others have.
    fn could_open(&self, host: usize) -> bool {
        let shared = self.keys[host].may_share();
        let opening = self.slots.iter().any(|(other, _)| *other == host);
        self.in_use_by(host) < MAX_PER_HOST && !(shared && (opening || self.in_use_by(host) > 0))
    }

    /// Tells whether a request runs on a shared connection.
    fn is_used(&self, id: u64) -> bool {
        self.leases.iter().any(|(_, lease)| lease.id() == Some(id))
    }

    /// How many connections of a host serve requests or are being opened.
    fn in_use_by(&self, host: usize) -> usize {
        let of_host = |(other, _): &&(usize, _)| *other == host;
        let slots = self.slots.iter().filter(|(other, _)| *other == host);
        let leases: Vec<_> = self.leases.iter().filter(of_host).collect();
        let mut shared: Vec<_> = leases.iter().filter_map(|(_, lease)| lease.id()).collect();
        shared.sort_unstable();
        shared.dedup();
        let single = leases.iter().filter(|(_, lease)| lease.id().is_none());
        slots.count() + single.count() + shared.len()
    }

    fn check(&self) {
        let stats = self.pool.stats();
        let hosts = 0..HOSTS.len();
        let in_use: usize = hosts.clone().map(|host| self.in_use_by(host)).sum();
        assert_eq!(stats.in_use(), in_use, "{stats:?}");
        assert_eq!(stats.waiting(), self.waiting.len(), "{stats:?}");
        assert!(in_use <= MAX && stats.idle() <= 2, "{stats:?}");
        for host in hosts {
            assert!(self.in_use_by(host) <= MAX_PER_HOST, "{stats:?}");
        }
        for (_, host, _) in &self.waiting {
            let served = in_use < MAX && self.could_open(*host);
            assert!(!served, "one for {} waits: {stats:?}", HOSTS[*host]);
        }
    }
}

fn take<T>(list: &mut Vec<T>, choice: usize) -> Option<T> {
    (!list.is_empty()).then(|| list.remove(choice % list.len()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_sequence_of_events_keeps_limits_and_order(steps in proptest::collection::vec(step(), 1..60)) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.run(step).await;
                world.serve();
                settle().await;
                world.serve();
                world.check();
            }
            world.waiting.clear();
            world.slots.clear();
            world.leases.clear();
            settle().await;
            world.check();
        });
    }
}
