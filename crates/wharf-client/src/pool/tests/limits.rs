//! How many connections there are, and what happens to those who have to wait too long or are too many.

use super::*;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_burst_never_has_more_connections_than_a_host_allows() {
    let (client, docks) = docks(PoolConfig::new().max_per_host(8));
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { fetch(&client, "a.test/?wait=20").await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "hi");
    }
    assert_eq!(docks.most("a.test"), 8);
    assert_eq!(docks.opened(), 8);
}

#[tokio::test(start_paused = true)]
async fn the_limit_holds_for_all_hosts_together() {
    let (client, docks) = docks(PoolConfig::new().max_connections(3).max_idle(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let client = client.clone();
            let url = format!("{}.test/?wait=1000", ["a", "b", "c", "d"][number % 4]);
            tokio::spawn(async move { fetch(&client, &url).await })
        })
        .collect();
    settle().await;
    assert_eq!(client.stats().in_use(), 3);
    assert_eq!(client.stats().waiting(), 9);
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "hi");
    }
    assert_eq!(start.elapsed().as_secs(), 4);
    assert_eq!(docks.opened(), 12);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_does_not_count() {
    let (client, _docks) = docks(PoolConfig::new().max_connections(1));
    for host in ["a.test/", "b.test/", "c.test/"] {
        fetch(&client, host).await.unwrap();
    }
    assert_eq!(client.stats().idle(), 3);
    assert_eq!(client.stats().in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_in_use_until_the_body_has_been_read() {
    let (client, _docks) = docks(PoolConfig::new().max_connections(1));
    let mut response = get(&client, "a.test/?pause=5000").await.unwrap();
    let waiting = fetching(&client, "a.test/").await;
    assert_eq!(client.stats().waiting(), 1);
    response.text().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_connection_has_a_limit_of_its_own() {
    let limits = Timeouts::new().pool_wait(seconds(5));
    let (client, _docks) = docks_with(|builder| {
        builder
            .pool(PoolConfig::new().max_connections(1))
            .timeouts(limits)
    });
    let first = fetching(&client, "a.test/?wait=20000").await;
    let start = Instant::now();
    let error = fetch(&client, "b.test/").await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(error.phase(), Some(Phase::PoolWait));
    assert_eq!(
        error.to_string(),
        "timed out after 5s while waiting for a free connection (b.test:80)"
    );
    assert_eq!(client.stats().waiting(), 0);
    assert_eq!(first.await.unwrap().unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_fail_at_once() {
    let (client, _docks) = docks(PoolConfig::new().max_connections(1).max_waiting(2));
    let mut tasks = Vec::new();
    for host in ["a.test/?wait=1000", "a.test/", "b.test/"] {
        tasks.push(fetching(&client, host).await);
    }
    let start = Instant::now();
    let error = fetch(&client, "c.test/").await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::PoolWait));
    assert_eq!(start.elapsed(), Duration::ZERO);
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), "hi");
    }
    assert_eq!(fetch(&client, "c.test/").await.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_opened_frees_its_place() {
    struct Refusing;
    impl Connector for Refusing {
        async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
            sleep(Duration::from_millis(10)).await;
            Err("refused".into())
        }
    }
    let client = Client::builder()
        .connector(Refusing)
        .pool(PoolConfig::new().max_connections(1))
        .build()
        .unwrap();
    let start = Instant::now();
    let tasks = [
        fetching(&client, "a.test/").await,
        fetching(&client, "a.test/").await,
        fetching(&client, "b.test/").await,
    ];
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap_err().kind(), ErrorKind::Connect);
    }
    assert_eq!(start.elapsed().as_millis(), 30);
    assert_eq!(client.stats().in_use(), 0);
}
