//! The clock without a network.

use std::time::Duration;

use tokio::time::Instant;
use wharf_test::TestClient;

#[tokio::test(start_paused = true)]
async fn the_clock_ticks_once_a_second() {
    let client = TestClient::new(clock::app()).await;
    let mut ticks = client.client().get("/ticks").events();
    let first = ticks.next().await.unwrap().unwrap();
    assert_eq!(first.name(), Some("tick"));
    assert!(first.data().unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    let start = Instant::now();
    for _ in 0..3 {
        assert!(ticks.next().await.unwrap().is_some());
    }
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_the_ticks_at_once_and_the_page_is_there() {
    let client = TestClient::new(clock::app()).await;
    client.get("/").send().await.assert_status(200);
    let response = client.client().get("/ticks").send().await.unwrap();
    let mut ticks = response.into_events().unwrap();
    assert!(ticks.next().await.unwrap().is_some());
    let start = Instant::now();
    client.close().await;
    while ticks.next().await.unwrap().is_some() {}
    assert!(start.elapsed() < Duration::from_secs(1));
}
