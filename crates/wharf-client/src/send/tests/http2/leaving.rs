//! Connections and streams that the server takes no more requests on.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_loses_no_request() {
    let (client, mut server) = shared();
    let tasks = sending(&client, 0..10).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    let streams = peer.requests(10).await;
    assert_eq!(streams, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    peer.go_away(9).await;
    // What is above goes to a second connection, and what is not ends here.
    let mut other = Frames::accept(&mut server, 100).await;
    assert_eq!(other.requests(5).await.len(), 5);
    for stream in &streams[..5] {
        peer.answer(*stream).await;
    }
    for stream in [1, 3, 5, 7, 9] {
        other.answer(stream).await;
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().status(), 200);
    }
    assert!(server.is_quiet());
    settle().await;
    assert!(peer.rest().await.is_empty());
    let host = client.stats().hosts()[0].clone();
    assert_eq!((host.in_use(), host.idle(), host.created()), (0, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn new_requests_do_not_go_to_a_server_that_goes_away() {
    let (client, mut server) = shared();
    let old = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(1).await;
    peer.go_away(1).await;
    settle().await;
    let new = sending(&client, 1..4).await;
    let mut other = Frames::accept(&mut server, 100).await;
    for stream in other.requests(3).await {
        other.answer(stream).await;
    }
    for task in new {
        task.await.unwrap().unwrap();
    }
    peer.answer(1).await;
    for task in old {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_go_elsewhere_when_the_server_goes_away() {
    let config = Http2Config::new().max_streams(1);
    let (client, mut server) = shared_with(config, |builder| builder);
    let old = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(1).await;
    let waiting = sending(&client, [1]).await;
    assert_eq!(client.stats().waiting(), 1);
    peer.go_away(1).await;
    let mut other = Frames::accept(&mut server, 100).await;
    other.requests(1).await;
    other.answer(1).await;
    peer.answer(1).await;
    for task in waiting.into_iter().chain(old) {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_that_the_server_may_have_acted_on_is_not_repeated() {
    let (client, mut server) = shared();
    let get = sending(&client, [0]).await;
    let post = tokio::spawn(client.post("/").body("order").send());
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(2).await;
    peer.go_away(3).await;
    peer.answer(1).await;
    for task in get {
        task.await.unwrap().unwrap();
    }
    drop(peer);
    let error = post.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(error.is_reused_connection_closed());
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn requests_on_a_connection_that_breaks_are_repeated_where_that_is_safe() {
    let (client, mut server) = shared();
    let first = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(1).await;
    let gets = sending(&client, 1..4).await;
    let post = tokio::spawn(client.post("/").body("order").send());
    peer.requests(4).await;
    // Something was received, but nothing of their responses.
    peer.answer(1).await;
    for task in first {
        task.await.unwrap().unwrap();
    }
    drop(peer);
    let mut other = Frames::accept(&mut server, 100).await;
    for stream in other.requests(3).await {
        other.answer(stream).await;
    }
    for task in gets {
        task.await.unwrap().unwrap();
    }
    assert!(
        post.await
            .unwrap()
            .unwrap_err()
            .is_reused_connection_closed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_is_sent_again_whatever_its_method() {
    let (client, mut server) = shared();
    let post = tokio::spawn(client.post("/").body("order").send());
    let mut peer = Frames::accept(&mut server, 100).await;
    assert_eq!(peer.requests(1).await, [1]);
    peer.reset(1, h2::Reason::REFUSED_STREAM).await;
    assert_eq!(peer.requests(1).await, [3]);
    peer.answer(3).await;
    assert_eq!(post.await.unwrap().unwrap().status(), 200);
    assert!(server.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_twice_has_failed() {
    let (client, mut server) = shared();
    let tasks = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    for stream in [1, 3] {
        assert_eq!(peer.requests(1).await, [stream]);
        peer.reset(stream, h2::Reason::REFUSED_STREAM).await;
    }
    for task in tasks {
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disconnected);
    }
    assert_eq!(peer.rest().await, [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fails_on_the_server_is_not_sent_again() {
    let (client, mut server) = shared();
    let first = sending(&client, [0]).await;
    let mut peer = Frames::accept(&mut server, 100).await;
    peer.requests(1).await;
    peer.answer(1).await;
    for task in first {
        task.await.unwrap().unwrap();
    }
    let tasks = sending(&client, [1]).await;
    assert_eq!(peer.requests(1).await, [3]);
    peer.reset(3, h2::Reason::INTERNAL_ERROR).await;
    for task in tasks {
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disconnected);
        assert!(!error.is_reused_connection_closed(), "it is still there");
    }
    assert_eq!(peer.rest().await, [0; 0]);
}
