//! The end of a client.

use super::*;

#[tokio::test(start_paused = true)]
async fn closing_waits_until_all_connections_are_gone() {
    let (client, docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/").await.unwrap();
    let used = fetching(&client, "b.test/?wait=1000").await;
    sleep(Duration::from_millis(100)).await;
    let mut read = get(&client, "c.test/?pause=1000").await.unwrap();
    assert_eq!(docks.open(), 3);
    client.close().await;
    settle().await; // the servers see the end
    assert_eq!(docks.open(), 0);
    assert_eq!(used.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(
        read.text().await.unwrap_err().kind(),
        ErrorKind::ResponseBody
    );
    drop(read);
    let stats = client.stats();
    assert_eq!((stats.idle(), stats.in_use(), stats.waiting()), (0, 0, 0));
    assert_eq!(stats.hosts()[0].closed(CloseReason::Client), 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_and_those_who_come_are_turned_away() {
    let (client, _docks) = docks(PoolConfig::new().max_connections(1));
    let used = fetching(&client, "a.test/?wait=1000").await;
    let waiting = [
        fetching(&client, "a.test/").await,
        fetching(&client, "b.test/").await,
    ];
    client.close().await;
    for task in waiting.into_iter().chain([used]) {
        assert_eq!(task.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    }
    let error = fetch(&client.clone(), "a.test/").await.unwrap_err();
    assert_eq!(error.to_string(), "the client is closed (a.test:80)");
    client.close().await; // does nothing
}

#[tokio::test(start_paused = true)]
async fn a_request_on_a_kept_connection_is_not_repeated_after_the_close() {
    let (client, docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/").await.unwrap();
    let used = fetching(&client, "a.test/?wait=1000").await;
    client.close().await;
    assert_eq!(used.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(docks.opened(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_being_opened_is_given_up() {
    struct Slow;
    impl Connector for Slow {
        async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
            std::future::pending().await
        }
    }
    let client = Client::builder().connector(Slow).build().unwrap();
    let opening = fetching(&client, "a.test/").await;
    let start = Instant::now();
    client.close().await;
    assert_eq!(
        opening.await.unwrap().unwrap_err().kind(),
        ErrorKind::Closed
    );
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_body_can_be_read_after_the_client_was_dropped() {
    let (client, docks) = docks(PoolConfig::new());
    let mut response = get(&client, "a.test/?pause=1000").await.unwrap();
    drop(client);
    assert_eq!(response.text().await.unwrap(), "hi");
    drop(response);
    settle().await;
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_clone_closes_idle_connections() {
    let (client, docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/").await.unwrap();
    let other = client.clone();
    drop(client);
    settle().await;
    assert_eq!(docks.open(), 1);
    drop(other);
    settle().await;
    assert_eq!(docks.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_task_goes_on_for_a_client_that_was_dropped() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let (client, _docks) = docks(PoolConfig::new());
    let before = tasks();
    fetch(&client, "a.test/").await.unwrap();
    fetch(&client, "a.test/").await.unwrap();
    assert!(tasks() > before);
    drop(client);
    settle().await; // which takes no time
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed_and_the_client_goes_on() {
    let (client, _docks) = docks(PoolConfig::new());
    fetch(&client, "a.test/").await.unwrap();
    let mut running = get(&client, "b.test/?pause=1000").await.unwrap();
    client.close_idle();
    assert_eq!(client.stats().idle(), 0);
    // What was in use is finished, and new requests open new connections.
    running.text().await.unwrap();
    fetch(&client, "a.test/").await.unwrap();
    let stats = client.stats();
    let created = stats.hosts().iter().map(|host| host.created());
    assert_eq!(created.sum::<u64>(), 3);
    assert_eq!(stats.idle(), 2);
}
