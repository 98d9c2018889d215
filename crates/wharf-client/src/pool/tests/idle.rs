//! How long connections are kept, and which ones.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use http::Method;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed_in_time_without_another_request() {
    let (client, docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/").await.unwrap();
    sleep(Duration::from_millis(14_900)).await;
    assert_eq!((client.stats().idle(), docks.open()), (1, 1));
    sleep(Duration::from_millis(200)).await;
    assert_eq!((client.stats().idle(), docks.open()), (0, 0));
    assert_eq!(one_host(&client).closed(CloseReason::Idle), 1);
}

#[tokio::test(start_paused = true)]
async fn each_idle_connection_has_its_own_time() {
    let (client, docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/").await.unwrap();
    sleep(seconds(10)).await;
    fetch(&client, "b.test/").await.unwrap();
    sleep(seconds(10)).await;
    assert_eq!(docks.open(), 1);
    sleep(seconds(6)).await;
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_connections_for_a_shorter_time_is_believed() {
    let (client, docks) = docks(PoolConfig::new());
    // One that is kept for long is there already when the next falls idle.
    fetch(&client, "b.test/").await.unwrap();
    fetch(&client, "a.test/?keep=5").await.unwrap();
    sleep(Duration::from_millis(3_900)).await;
    assert_eq!(docks.open(), 2);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(docks.open(), 1, "a second before the server does it");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_connections_for_a_second_is_not_asked_again_after_it() {
    let (client, docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/?keep=1").await.unwrap();
    sleep(Duration::from_millis(1_100)).await;
    fetch(&client, "a.test/?keep=1").await.unwrap();
    assert_eq!(docks.opened(), 2);
    // And at once it is.
    fetch(&client, "a.test/?keep=1").await.unwrap();
    assert_eq!(docks.opened(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_connections_for_longer_changes_nothing() {
    let (client, docks) = docks(PoolConfig::new().idle(seconds(3)));
    fetch(&client, "a.test/?keep=60").await.unwrap();
    sleep(Duration::from_millis(3_100)).await;
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_server_said_holds_although_the_connection_was_granted_in_vain() {
    let (client, docks) = docks(PoolConfig::new().max_connections(1));
    let mut first = get(&client, "a.test/?keep=5").await.unwrap();
    let leaving = fetching(&client, "a.test/").await;
    first.text().await.unwrap();
    leaving.abort();
    settle().await;
    assert_eq!(client.stats().idle(), 1);
    sleep(Duration::from_millis(4_100)).await;
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_one_that_is_idle_for_longest_is_closed_when_there_are_too_many() {
    let (client, docks) = docks(PoolConfig::new().max_idle(2));
    for host in ["a.test/", "b.test/", "c.test/"] {
        fetch(&client, host).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    let idle = |client: &Client| -> Vec<_> {
        let stats = client.stats();
        stats.hosts().iter().map(HostStats::idle).collect()
    };
    assert_eq!(idle(&client), [0, 1, 1]);
    assert_eq!(client.stats().hosts()[0].closed(CloseReason::Surplus), 1);
    assert_eq!(docks.open(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_connection_is_kept_where_none_may_be() {
    for config in [
        PoolConfig::new().max_idle(0),
        PoolConfig::new().idle(Duration::ZERO),
    ] {
        let (client, docks) = docks(config);
        for _ in 0..3 {
            fetch(&client, "a.test/").await.unwrap();
            settle().await;
            assert_eq!((client.stats().idle(), docks.open()), (0, 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_too_old_is_not_used_again() {
    let (client, docks) = docks(PoolConfig::new().max_age(seconds(20)).idle(None));
    fetch(&client, "a.test/").await.unwrap();
    sleep(seconds(19)).await;
    fetch(&client, "a.test/").await.unwrap();
    assert_eq!(docks.opened(), 1);
    sleep(seconds(2)).await;
    assert_eq!(docks.open(), 0, "closed without another request");
    assert_eq!(one_host(&client).closed(CloseReason::Age), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_got_too_old_in_use_is_closed_when_it_falls_idle() {
    let (client, docks) = docks_with(|builder| {
        builder
            .pool(PoolConfig::new().max_age(seconds(20)))
            .timeouts(Timeouts::new().min_rate(None))
    });
    // Keeps the one who closes them asleep.
    fetch(&client, "b.test/").await.unwrap();
    let mut response = get(&client, "a.test/?pause=25000").await.unwrap();
    sleep(seconds(13)).await;
    fetch(&client, "c.test/").await.unwrap();
    response.text().await.unwrap();
    settle().await;
    assert_eq!(client.stats().hosts()[0].closed(CloseReason::Age), 1);
    assert_eq!(client.stats().hosts()[0].idle(), 0);
    assert_eq!(docks.open(), 1);
}

#[tokio::test]
async fn the_end_of_a_tcp_connection_is_noticed_before_the_runtime_looks_at_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder().build().unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let serve = async || {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _head = socket.read(&mut [0; 1024]).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
        socket.write_all(answer).await.unwrap();
        socket.into_std().unwrap()
    };
    for closed in 0..20 {
        let post = async || {
            let request = client.post(format!("http://{url}/")).send();
            request.await.unwrap().text().await.unwrap()
        };
        let (text, socket) = tokio::join!(post(), serve());
        assert_eq!(text, "hi");
        assert_eq!(one_host(&client).closed(CloseReason::Peer), closed);
        drop(socket);
    }
}

/// Counts how often its connections are asked whether their peer has ended them.
struct Asked {
    docks: Docks,
    count: Arc<AtomicUsize>,
}

impl Connector for Asked {
    async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
        let count = Arc::clone(&self.count);
        let stream = self.docks.connect(target).await?;
        Ok(stream.with_probe(Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            true
        })))
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_be_repeated_does_not_ask_a_connection_that_was_used_a_moment_ago() {
    let count = Arc::new(AtomicUsize::new(0));
    let connector = Asked {
        docks: Docks::default(),
        count: Arc::clone(&count),
    };
    let client = Client::builder().connector(connector).build().unwrap();
    let asked = async |method: Method, repeatable| {
        let request = client.request(method, "http://quay.test/");
        let request = if repeatable {
            request.repeatable()
        } else {
            request
        };
        request.send().await.unwrap().bytes().await.unwrap();
        count.load(Ordering::Relaxed)
    };
    assert_eq!(asked(Method::GET, false).await, 0); // opens it
    assert_eq!(asked(Method::GET, false).await, 0);
    assert_eq!(asked(Method::PUT, false).await, 0);
    assert_eq!(asked(Method::POST, false).await, 1);
    assert_eq!(asked(Method::POST, true).await, 1);
    sleep(Duration::from_millis(2)).await;
    assert_eq!(asked(Method::GET, false).await, 2);
    assert_eq!(client.stats().hosts()[0].created(), 1);
}
