//! Connections from which nothing comes any more, and requests that are given up.

use super::*;

fn head_limit(limit: u64) -> Timeouts {
    Timeouts::new().response_head(seconds(limit))
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_answers_no_ping_is_given_up_and_the_next_request_has_another() {
    let (client, mut server) = shared_with(Http2Config::new(), |builder| {
        builder.timeouts(head_limit(3600))
    });
    let start = Instant::now();
    let lost = tokio::spawn(client.post("/").body("order").send());
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.awake = false;
    peer.requests(1).await;
    peer.next(PING).await;
    assert_eq!(start.elapsed().as_secs(), 20);
    let error = lost.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert_eq!(start.elapsed().as_secs(), 30);
    let tasks = sending(&client, [0]).await;
    let mut other = Frames::accept(&mut server, 100).await;
    let stream = other.requests(1).await[0];
    other.answer(stream).await;
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    settle().await;
    assert_eq!(client.stats().in_use(), 0);
    while peer.read().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_silent_for_as_long_as_a_head_may_take_is_not_used_again() {
    let (client, mut server) = shared();
    let first = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(1).await;
    peer.answer(1).await;
    for task in first {
        task.await.unwrap().unwrap();
    }
    let slow = tokio::spawn(client.get("/").timeouts(head_limit(100)).send());
    let lost = tokio::spawn(client.get("/").timeouts(head_limit(5)).send());
    peer.requests(2).await;
    let error = lost.await.unwrap().unwrap_err();
    assert_eq!(error.phase(), Some(Phase::ResponseHead));
    let next = sending(&client, [0]).await;
    let mut other = Frames::accept(&mut server, 100).await;
    let stream = other.requests(1).await[0];
    other.answer(stream).await;
    for task in next {
        task.await.unwrap().unwrap();
    }
    // Whoever has more patience is still served.
    peer.answer(3).await;
    slow.await.unwrap().unwrap();
    let dead = crate::pool::CloseReason::Dead;
    assert_eq!(client.stats().hosts()[0].closed(dead), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_too_long_does_not_harm_its_neighbours() {
    let (client, mut server) = shared();
    let slow = tokio::spawn(client.get("/").timeouts(head_limit(100)).send());
    let lost = tokio::spawn(client.get("/").timeouts(head_limit(5)).send());
    let third = tokio::spawn(client.get("/").send());
    let mut peer = Frames::accept(&mut server, 100).await;
    assert_eq!(peer.requests(3).await, [1, 3, 5]);
    sleep(seconds(1)).await;
    peer.answer(5).await; // the connection lives
    third.await.unwrap().unwrap();
    let error = lost.await.unwrap().unwrap_err();
    assert_eq!(error.phase(), Some(Phase::ResponseHead));
    assert_eq!(peer.next(RST_STREAM).await, 3);
    peer.answer(1).await;
    slow.await.unwrap().unwrap();
    let next = sending(&client, [0]).await;
    assert_eq!(peer.requests(1).await, [7]);
    peer.answer(7).await;
    for task in next {
        task.await.unwrap().unwrap();
    }
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn no_ping_is_sent_while_nobody_waits() {
    let (client, mut server) = shared_with(Http2Config::new(), |builder| {
        builder.pool(PoolConfig::new().idle(None))
    });
    let tasks = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    let stream = peer.requests(1).await[0];
    peer.answer(stream).await;
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    peer.rest().await;
    let frame = tokio::time::timeout(seconds(3600), peer.read()).await;
    assert!(frame.is_err(), "{frame:?}");
    assert_eq!(client.stats().idle(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_dropped_resets_its_stream_only() {
    let (client, mut server) = shared();
    let tasks = sending(&client, 0..2).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(2).await;
    for stream in [1, 3] {
        peer.write(HEADERS, END_HEADERS, stream, STATUS_200).await;
        peer.write(DATA, 0, stream, b"begun").await;
    }
    let [dropped, read] = tasks.try_into().unwrap();
    drop(dropped.await.unwrap().unwrap());
    assert_eq!(peer.next(RST_STREAM).await, 1);
    let mut read = read.await.unwrap().unwrap();
    peer.write(DATA, END_STREAM, 3, b" and ended").await;
    assert_eq!(read.text().await.unwrap(), "begun and ended");
    settle().await;
    let host = client.stats().hosts()[0].clone();
    assert_eq!((host.idle(), host.in_use(), host.streams()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_resets_its_stream_only() {
    let (client, mut server) = shared();
    let tasks = sending(&client, 0..2).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(2).await;
    let [given_up, other] = tasks.try_into().unwrap();
    given_up.abort();
    assert_eq!(peer.next(RST_STREAM).await, 1);
    peer.answer(3).await;
    other.await.unwrap().unwrap();
    settle().await;
    assert_eq!(client.stats().in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn closing_the_client_ends_shared_connections() {
    let (client, mut server) = shared();
    let tasks = sending(&client, 0..3).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(3).await;
    client.close().await;
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    }
    while peer.read().await.is_some() {}
    assert!(server.is_quiet());
    let stats = client.stats();
    assert_eq!((stats.in_use(), stats.idle(), stats.waiting()), (0, 0, 0));
}
