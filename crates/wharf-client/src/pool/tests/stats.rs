//! The numbers that a pool tells.

use super::*;
use tokio::io::AsyncReadExt;

#[tokio::test(start_paused = true)]
async fn connections_are_counted_through_their_life() {
    let (client, _docks) = docks(PoolConfig::new().max_per_host(1));
    let mut response = get(&client, "a.test/?pause=1000").await.unwrap();
    let waiting = fetching(&client, "a.test/").await;
    let host = one_host(&client);
    assert_eq!(host.origin(), "http://a.test:80");
    assert_eq!((host.in_use(), host.idle(), host.waiting()), (1, 0, 1));
    assert_eq!((host.created(), host.reused(), host.waited()), (1, 0, 1));
    response.text().await.unwrap();
    waiting.await.unwrap().unwrap();
    let host = one_host(&client);
    assert_eq!((host.in_use(), host.idle(), host.waiting()), (0, 1, 0));
    assert_eq!((host.created(), host.reused(), host.waited()), (1, 1, 1));
    assert_eq!(host.wait_time(), seconds(1));
    assert_eq!(
        format!("{host:?}"),
        "HostStats { origin: \"http://a.test:80\", idle: 1, in_use: 0, streams: 0, waiting: 0, \
         waited: 1, wait_time: 1s, created: 1, reused: 1 }"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_granted_in_vain_was_not_used_again() {
    let (client, _docks) = docks(PoolConfig::new().max_per_host(1));
    let mut response = get(&client, "a.test/").await.unwrap();
    let leaving = fetching(&client, "a.test/").await;
    response.text().await.unwrap();
    leaving.abort();
    settle().await;
    let host = one_host(&client);
    assert_eq!((host.reused(), host.waited(), host.idle()), (0, 1, 1));
}

/// How many connections were closed for what reason; all others for none.
fn closed(client: &Client) -> Vec<(CloseReason, u64)> {
    let host = one_host(client);
    let counts = CloseReason::ALL.map(|reason| (reason, host.closed(reason)));
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_server_closes_after_an_answer_is_closed_by_the_peer() {
    let (client, _docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/?close").await.unwrap();
    settle().await;
    assert_eq!(closed(&client), [(CloseReason::Peer, 1)]);
    assert_eq!(
        (one_host(&client).idle(), one_host(&client).in_use()),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_read_closes_the_connection_unread() {
    let (client, docks) = docks(PoolConfig::new());
    drop(get(&client, "a.test/?pause=1000").await.unwrap());
    settle().await;
    assert_eq!(closed(&client), [(CloseReason::Unread, 1)]);
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_closes_the_connection_unread() {
    let (client, docks) = docks(PoolConfig::new());
    let task = fetching(&client, "a.test/?wait=1000").await;
    sleep(Duration::from_millis(100)).await;
    task.abort();
    settle().await;
    assert_eq!(closed(&client), [(CloseReason::Unread, 1)]);
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_response_head_that_does_not_come_makes_the_connection_a_dead_one() {
    let (client, docks) = docks(PoolConfig::new());
    let error = fetch(&client, "a.test/?wait=60000").await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::ResponseHead));
    settle().await;
    assert_eq!(closed(&client), [(CloseReason::Dead, 1)]);
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_has_ended_is_not_idle() {
    /// Closes each connection a second after the answer.
    struct Hasty;
    impl Connector for Hasty {
        async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
            let (near, mut far) = duplex(1024);
            tokio::spawn(async move {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
                far.read_u8().await.unwrap();
                far.write_all(answer).await.unwrap();
                sleep(seconds(1)).await;
            });
            Ok(Stream::new(near))
        }
    }
    let builder = Client::builder().connector(Hasty);
    let client = builder.pool(PoolConfig::new().idle(None)).build().unwrap();
    fetch(&client, "a.test/").await.unwrap();
    assert_eq!(one_host(&client).idle(), 1);
    sleep(seconds(2)).await;
    assert_eq!(one_host(&client).idle(), 0);
    assert_eq!(closed(&client), [(CloseReason::Peer, 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_counters_of_a_host_add_up() {
    let (client, docks) = docks(PoolConfig::new().max_per_host(3).max_idle(2));
    let queries = ["", "?close", "?wait=5", "?pause=5"];
    let mut tasks = Vec::new();
    for number in 0..200 {
        let url = format!("a.test/{}", queries[number % 4]);
        tasks.push(fetching(&client, &url).await);
        if number % 7 == 0 {
            tasks[number].abort();
        }
    }
    for task in tasks {
        let _aborted = task.await;
    }
    settle().await;
    let host = one_host(&client);
    let closed: u64 = CloseReason::ALL
        .map(|reason| host.closed(reason))
        .iter()
        .sum();
    let open = u64::try_from(docks.open()).unwrap();
    assert_eq!(host.created(), closed + open, "{host:?}");
    assert_eq!(host.idle(), docks.open());
    assert_eq!(host.in_use(), 0);
}
