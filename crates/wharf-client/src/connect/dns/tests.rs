//! What a call gets, and how often the resolver is asked for it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::Extensions;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{advance, sleep};
use wharf_http::BoxError;

use super::*;
use crate::trace::Observer;

/// Answers with an address that tells how often it was asked, after a time.
#[derive(Clone, Default)]
struct Counting {
    inner: Arc<Counter>,
}

#[derive(Default)]
struct Counter {
    asked: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    takes: Mutex<Duration>,
    fails: AtomicBool,
}

impl Counting {
    fn taking(millis: u64) -> Self {
        let resolver = Self::default();
        resolver.take(millis);
        resolver
    }

    fn take(&self, millis: u64) {
        *self.inner.takes.lock().unwrap() = Duration::from_millis(millis);
    }

    fn fail(&self, fails: bool) {
        self.inner.fails.store(fails, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Counting {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>, BoxError> {
        let count = self.inner.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let running = self.inner.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.inner.most.fetch_max(running, Ordering::SeqCst);
        let takes = *self.inner.takes.lock().unwrap();
        sleep(takes).await;
        self.inner.running.fetch_sub(1, Ordering::SeqCst);
        if self.inner.fails.load(Ordering::SeqCst) {
            return Err(std::io::Error::other("the name server is down").into());
        }
        Ok(vec![[10, 0, 0, u8::try_from(count)?].into()])
    }
}

fn names(config: DnsConfig, resolver: &Counting) -> Arc<Names> {
    Arc::new(Names::new(config, Arc::new(resolver.clone())))
}

fn call() -> Call {
    Call::new(Arc::default(), Extensions::new())
}

async fn ask(names: &Arc<Names>, host: &str) -> String {
    match names.look_up(host, 80, &call()).await {
        Ok(addresses) => addresses[0].to_string(),
        Err(failure) => failure.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_to_one_cold_name_make_one_look_up_and_one_more_after_its_time() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new(), &resolver);
    for (round, expected) in [(1, "10.0.0.1"), (2, "10.0.0.2")] {
        let mut calls = JoinSet::new();
        for number in 0..1000 {
            let names = Arc::clone(&names);
            let host = ["quay.test", "QUAY.test"][number % 2];
            calls.spawn(async move { ask(&names, host).await });
        }
        for found in calls.join_all().await {
            assert_eq!(found, expected);
        }
        assert_eq!(resolver.asked(), round);
        advance(Duration::from_secs(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_outlives_the_call_that_began_it() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new(), &resolver);
    let first = tokio::spawn({
        let names = Arc::clone(&names);
        async move { ask(&names, "quay.test").await }
    });
    sleep(Duration::from_millis(50)).await;
    let second = tokio::spawn({
        let names = Arc::clone(&names);
        async move { ask(&names, "quay.test").await }
    });
    sleep(Duration::from_millis(10)).await;
    first.abort();
    assert_eq!(second.await.unwrap(), "10.0.0.1");
    assert_eq!(resolver.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_nobody_waits_for_any_more_fills_the_cache() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new(), &resolver);
    let limit = Duration::from_millis(50);
    assert!(timeout(limit, ask(&names, "quay.test")).await.is_err());
    sleep(Duration::from_millis(100)).await;
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.1");
    assert_eq!(resolver.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_names_are_looked_up_at_once() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new().concurrent(3), &resolver);
    let mut calls = JoinSet::new();
    for number in 0..10 {
        let names = Arc::clone(&names);
        calls.spawn(async move { ask(&names, &format!("quay{number}.test")).await });
    }
    calls.join_all().await;
    assert_eq!(resolver.asked(), 10);
    assert_eq!(resolver.inner.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_has_not_had_its_turn_ends_with_its_last_call() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new().concurrent(1), &resolver);
    let limit = Duration::from_millis(50);
    let mut calls = JoinSet::new();
    for number in 0..100 {
        let names = Arc::clone(&names);
        calls.spawn(async move { timeout(limit, ask(&names, &format!("q{number}.test"))).await });
    }
    calls.join_all().await;
    sleep(Duration::from_millis(1)).await;
    assert_eq!(names.lock().flights.len(), 1);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(resolver.asked(), 1);
    assert!(names.lock().flights.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_for_a_second_and_keeps_its_cause() {
    let resolver = Counting::default();
    resolver.fail(true);
    let names = names(DnsConfig::new(), &resolver);
    for _ in 0..3 {
        let failure = names.look_up("quay.test", 80, &call()).await.unwrap_err();
        let error = crate::Error::new(crate::ErrorKind::Dns).because(failure);
        let line = "could not look up the host: the name server is down";
        assert_eq!(error.to_string(), line);
        assert_eq!(format!("{error:#}"), line);
        assert!(error.find_cause::<std::io::Error>().is_some());
    }
    assert_eq!(resolver.asked(), 1);
    advance(Duration::from_secs(1)).await;
    resolver.fail(false);
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.2");
}

#[tokio::test(start_paused = true)]
async fn when_looking_up_again_fails_the_last_addresses_serve_on_for_five_minutes() {
    let resolver = Counting::default();
    let names = names(DnsConfig::new(), &resolver);
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.1");
    resolver.fail(true);
    for _ in 0..30 {
        advance(Duration::from_secs(10)).await;
        assert_eq!(ask(&names, "quay.test").await, "10.0.0.1");
    }
    assert_eq!(resolver.asked(), 31);
    advance(Duration::from_secs(10)).await;
    assert_eq!(ask(&names, "quay.test").await, "the name server is down");
}

#[tokio::test(start_paused = true)]
async fn when_the_name_server_is_silent_the_last_addresses_serve_after_a_moment() {
    let resolver = Counting::default();
    let names = names(DnsConfig::new(), &resolver);
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.1");
    advance(Duration::from_secs(20)).await;
    resolver.take(60_000);
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(ask(&names, "quay.test").await, "10.0.0.1");
        let took = start.elapsed().as_millis();
        assert!((1800..1810).contains(&took), "{took} ms");
    }
    sleep(Duration::from_secs(60)).await;
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.2");
    assert_eq!(resolver.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_cache_each_burst_is_looked_up() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new().ttl(Duration::ZERO), &resolver);
    let (one, other) = tokio::join!(ask(&names, "quay.test"), ask(&names, "quay.test"));
    assert_eq!((one.as_str(), other.as_str()), ("10.0.0.1", "10.0.0.1"));
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.2");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_cleared_is_looked_up_again() {
    let resolver = Counting::default();
    let names = names(DnsConfig::new(), &resolver);
    ask(&names, "quay.test").await;
    ask(&names, "pier.test").await;
    names.clear("Quay.test");
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.3");
    assert_eq!(ask(&names, "pier.test").await, "10.0.0.2");
    names.clear_all();
    assert_eq!(ask(&names, "pier.test").await, "10.0.0.4");
}

#[tokio::test(start_paused = true)]
async fn what_a_look_up_finds_after_its_name_was_cleared_is_not_kept() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new(), &resolver);
    let (first, second) = tokio::join!(ask(&names, "quay.test"), async {
        sleep(Duration::from_millis(50)).await;
        names.clear("quay.test");
        ask(&names, "quay.test").await
    });
    assert_eq!((first.as_str(), second.as_str()), ("10.0.0.1", "10.0.0.2"));
    assert_eq!(ask(&names, "quay.test").await, "10.0.0.2");
}

#[tokio::test]
async fn a_name_that_is_overridden_is_never_looked_up() {
    let resolver = Counting::default();
    let config = DnsConfig::new()
        .overrides("quay.test", [[192, 0, 2, 1].into()])
        .overrides("Quay.test:81", [[192, 0, 2, 2].into()])
        .overrides("pier.test", []);
    let names = names(config, &resolver);
    for (host, port, expected) in [
        ("quay.test", 80, vec!["192.0.2.1"]),
        ("QUAY.test", 443, vec!["192.0.2.1"]),
        ("quay.test", 81, vec!["192.0.2.2"]),
        ("pier.test", 80, vec![]),
    ] {
        let found = names.look_up(host, port, &call()).await.unwrap();
        let found: Vec<_> = found.iter().map(IpAddr::to_string).collect();
        assert_eq!(found, expected, "{host}:{port}");
    }
    assert_eq!(resolver.asked(), 0);
}

#[tokio::test]
async fn a_name_longer_than_any_name_is_refused() {
    let resolver = Counting::default();
    let names = names(DnsConfig::new(), &resolver);
    let host = "a.".repeat(200);
    assert_eq!(
        ask(&names, &host).await,
        "the name is longer than 253 bytes"
    );
    assert_eq!(resolver.asked(), 0);
}

/// Never comes to an end the first time.
#[derive(Default)]
struct Hanging {
    asked: AtomicUsize,
    hangs: Notify,
}

impl Resolve for Hanging {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>, BoxError> {
        if self.asked.fetch_add(1, Ordering::SeqCst) == 0 {
            self.hangs.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(vec![[10, 0, 0, 1].into()])
    }
}

#[test]
fn when_the_runtime_of_a_look_up_ends_another_one_looks_up_anew() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let resolver = Arc::new(Hanging::default());
    let shared = Arc::new(Arc::clone(&resolver));
    let names = Arc::new(Names::new(DnsConfig::new(), shared));
    let first = runtime();
    first.block_on(async {
        let names = Arc::clone(&names);
        tokio::spawn(async move { ask(&names, "quay.test").await });
        resolver.hangs.notified().await;
    });
    runtime().block_on(async {
        let (found, ()) = tokio::join!(ask(&names, "quay.test"), async {
            // The other call waits already: it was polled first.
            assert_eq!(names.lock().flights.len(), 1);
            first.shutdown_background();
        });
        assert_eq!(found, "10.0.0.1");
    });
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 2);
    assert!(names.lock().flights.is_empty());
}

/// Panics.
struct Broken;

impl Resolve for Broken {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>, BoxError> {
        panic!("the resolver is broken")
    }
}

#[tokio::test]
async fn a_resolver_that_panics_fails_the_call() {
    let names = Arc::new(Names::new(DnsConfig::new(), Arc::new(Broken)));
    let (one, other) = tokio::join!(ask(&names, "quay.test"), ask(&names, "quay.test"));
    assert_eq!(one, "the look-up was given up");
    assert_eq!(other, "the look-up was given up");
}

#[tokio::test]
async fn the_system_knows_this_machine() {
    let names = Arc::new(Names::new(
        DnsConfig::new(),
        Arc::new(SystemResolver::new()),
    ));
    let found = names.look_up("localhost", 80, &call()).await.unwrap();
    assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    assert!(!found.is_empty());
}

/// Notes the events of name look-up.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Observer for Log {
    fn on_event(&self, _call: &Call, event: &Event<'_>) {
        let line = match event {
            Event::DnsCacheMiss { host } => format!("miss {host}"),
            Event::DnsCacheHit { host } => format!("hit {host}"),
            Event::DnsStarted { host } => format!("started {host}"),
            Event::DnsEnded { host, addresses } => format!("ended {host} {addresses:?}"),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_sees_who_looks_up_and_who_joins() {
    let resolver = Counting::taking(100);
    let names = names(DnsConfig::new(), &resolver);
    let log = Arc::new(Log::default());
    let observers: Arc<[Arc<dyn Observer>]> = Arc::new([Arc::clone(&log) as _]);
    let call = Call::new(observers, Extensions::new());
    let look_up = || names.look_up("quay.test", 80, &call);
    let (first, second) = tokio::join!(look_up(), look_up());
    first.unwrap();
    second.unwrap();
    look_up().await.unwrap();
    resolver.fail(true);
    names.clear_all();
    look_up().await.unwrap_err();
    assert_eq!(
        *log.0.lock().unwrap(),
        [
            "miss quay.test",
            "started quay.test",
            "hit quay.test",
            "ended quay.test [10.0.0.1]",
            "hit quay.test",
            "miss quay.test",
            "started quay.test",
            "ended quay.test []",
        ]
    );
}
