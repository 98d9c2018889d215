//! Which connections are used again, and which requests are repeated.

use super::*;

#[tokio::test]
async fn a_connection_is_used_again_after_the_last_byte() {
    for bytes in [
        OK,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nhi",
    ] {
        let (client, mut server) = pair();
        let (first, mut peer) = get(&client, &mut server, bytes).await;
        assert_eq!(first.unwrap().text().await.unwrap(), "hi");
        let (second, _) = tokio::join!(client.get("/").send(), peer.answer(bytes));
        assert_eq!(second.unwrap().text().await.unwrap(), "hi");
        assert!(server.is_quiet());
    }
}

#[tokio::test]
async fn a_connection_with_a_response_of_two_lengths_is_not_used_again() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let (first, _peer) = get(&client, &mut server, bytes).await;
    assert_eq!(first.unwrap().text().await.unwrap(), "hi");
    let (second, _peer) = get(&client, &mut server, OK).await;
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
}

#[tokio::test]
async fn a_connection_is_not_shared_between_hosts() {
    let (client, mut server) = pair();
    let (first, _peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, _) = tokio::join!(client.get("http://other.test/").send(), async {
        server.accept().await.answer(OK).await
    });
    assert!(second.is_ok());
}

#[tokio::test]
async fn a_body_that_nobody_reads_closes_the_connection() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe";
    let (response, mut peer) = get(&client, &mut server, bytes).await;
    drop(response);
    assert!(peer.closed().await);
}

#[tokio::test]
async fn an_upload_that_goes_on_does_not_keep_a_connection_whose_response_is_dropped() {
    let (client, mut server) = pair();
    let (sender, body) = Body::channel(1);
    let (response, mut peer) = tokio::join!(client.put("/").body(body).send(), async {
        let mut peer = server.accept().await;
        peer.answer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe")
            .await;
        peer
    });
    drop(response.unwrap());
    assert!(peer.closed().await);
    sender.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_does_not_keep_a_connection_that_was_given_up() {
    let (client, mut server) = pair();
    let request = client.put("/").body(vec![0; 1 << 20]);
    let (response, mut peer) = tokio::join!(request.send(), server.accept());
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    tokio::time::timeout(Duration::from_millis(1), async {
        while !peer.closed().await {}
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_not_used_again() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
    let (first, mut peer) = get(&client, &mut server, bytes).await;
    assert_eq!(first.unwrap().text().await.unwrap(), "hi");
    assert!(peer.closed().await);
    let (second, _peer) = get(&client, &mut server, OK).await;
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_idle_for_too_long_is_not_used_again() {
    let (client, mut server) =
        pair_with(|builder| builder.pool(PoolConfig::new().idle(Duration::from_secs(5))));
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    sleep(Duration::from_secs(4)).await;
    let (second, _) = tokio::join!(client.get("/").send(), peer.answer(OK));
    second.unwrap().text().await.unwrap();
    assert!(server.is_quiet());
    sleep(Duration::from_secs(5)).await;
    let (third, _fresh) = get(&client, &mut server, OK).await;
    assert!(third.is_ok());
    assert!(peer.closed().await);
}

#[tokio::test]
async fn an_idempotent_request_is_repeated_when_a_kept_connection_ends() {
    let (client, mut server) = pair();
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, repeated) = tokio::join!(client.put("/").body("new").send(), async {
        peer.head().await;
        drop(peer); // after the request came, before a byte of the response
        let mut peer = server.accept().await;
        let head = peer.answer(OK).await;
        (head, peer.read(3).await)
    });
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
    assert!(repeated.0.starts_with("PUT / HTTP/1.1\r\n"));
    assert_eq!(repeated.1, "new");
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_request_that_may_have_had_an_effect_is_not_repeated() {
    let (client, mut server) = pair();
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, ()) = tokio::join!(client.post("/").send(), async {
        peer.head().await;
        drop(peer);
    });
    let error = second.unwrap_err();
    assert!(error.is_reused_connection_closed());
    assert_eq!(
        error.to_string(),
        "the connection ended before the response (quay.test:80): connection closed before message completed"
    );
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_request_on_a_new_connection_is_not_repeated() {
    let (client, mut server) = pair();
    let (response, ()) = tokio::join!(client.get("/").send(), async {
        server.accept().await.head().await;
    });
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(!error.is_reused_connection_closed());
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_half_finished_head_is_not_followed_by_a_repetition() {
    let (client, mut server) = pair();
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, ()) = tokio::join!(client.get("/").send(), async {
        peer.answer("HTTP/1.1 200 OK\r\ncont").await;
        drop(peer);
    });
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_tcp_connection_that_ended_while_idle_is_noticed_before_it_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder()
        .base(format!("http://{}/", listener.local_addr().unwrap()))
        .build()
        .unwrap();
    let serve = async |count: usize| {
        let (mut socket, _) = listener.accept().await.unwrap();
        for _ in 0..count {
            let mut buffer = [0; 1024];
            let read = socket.read(&mut buffer).await.unwrap();
            assert!(buffer[..read].ends_with(b"\r\n\r\n"));
            socket.write_all(OK.as_bytes()).await.unwrap();
        }
        socket
    };
    let fetch = async || client.post("/").send().await.unwrap().text().await.unwrap();
    let (_, socket) = tokio::join!(
        async {
            assert_eq!(fetch().await, "hi");
            assert_eq!(fetch().await, "hi"); // by the same connection
        },
        serve(2)
    );
    // Closed without the client's runtime getting a chance to look: a POST must not be lost to it.
    socket
        .into_std()
        .unwrap()
        .shutdown(std::net::Shutdown::Both)
        .unwrap();
    let (text, _) = tokio::join!(fetch(), serve(1));
    assert_eq!(text, "hi");
}
