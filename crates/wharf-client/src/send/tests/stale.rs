//! Kept connections that turn out to have ended: what is repeated, how often, and over what.

use super::*;

/// Makes a first request, so that one connection is kept.
async fn kept(client: &Client, server: &mut Server) -> Peer {
    let (first, peer) = get(client, server, OK).await;
    first.unwrap().text().await.unwrap();
    peer
}

#[tokio::test]
async fn a_get_is_repeated_over_a_second_connection() {
    let (client, mut server) = pair();
    let mut peer = kept(&client, &mut server).await;
    let (second, ()) = tokio::join!(client.get("/").send(), async {
        peer.head().await;
        drop(peer);
        server.accept().await.answer(OK).await;
    });
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
    assert!(server.is_quiet(), "two connections are enough");
    let stats = client.stats();
    assert_eq!(stats.hosts()[0].created(), 2);
}

#[tokio::test]
async fn a_post_that_says_so_is_repeated() {
    let (client, mut server) = pair();
    let mut peer = kept(&client, &mut server).await;
    let request = client.post("/").body("order").repeatable();
    let (second, body) = tokio::join!(request.send(), async {
        peer.head().await;
        drop(peer);
        let mut peer = server.accept().await;
        peer.answer(OK).await;
        peer.read(5).await
    });
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
    assert_eq!(body, "order");
}

#[tokio::test]
async fn a_post_is_repeated_when_no_byte_of_it_was_written() {
    let (client, mut server) = pair();
    let peer = kept(&client, &mut server).await;
    // In memory nothing tells that the connection has ended before the client's task for it looks.
    drop(peer);
    let (second, _peer) = tokio::join!(client.post("/").body("order").send(), async {
        let mut peer = server.accept().await;
        peer.answer(OK).await;
        peer
    });
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
}

#[tokio::test]
async fn a_body_that_can_be_sent_once_only_is_not_repeated() {
    let (client, mut server) = pair();
    let mut peer = kept(&client, &mut server).await;
    let (mut sender, body) = Body::channel(1);
    let (second, ()) = tokio::join!(client.put("/").body(body).send(), async {
        sender.send("piece").await.unwrap();
        peer.head().await;
        drop(peer);
    });
    let error = second.unwrap_err();
    assert!(error.is_reused_connection_closed(), "{error:#}");
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_request_is_repeated_once_at_most() {
    let (client, mut server) = pair();
    let mut peer = kept(&client, &mut server).await;
    let (second, ()) = tokio::join!(client.get("/").send(), async {
        peer.head().await;
        drop(peer);
        server.accept().await.head().await;
    });
    let error = second.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(!error.is_reused_connection_closed(), "the second was fresh");
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_repetition_has_a_fresh_connection_although_others_are_kept() {
    let (client, mut server) = pair();
    // Two connections are kept; both end when they get the next head.
    let (one, other, (mut first, mut second)) =
        tokio::join!(client.get("/").send(), client.get("/").send(), async {
            let (mut first, mut second) = (server.accept().await, server.accept().await);
            first.answer(OK).await;
            second.answer(OK).await;
            (first, second)
        });
    one.unwrap().text().await.unwrap();
    other.unwrap().text().await.unwrap();
    assert_eq!(client.stats().idle(), 2);
    let (third, ()) = tokio::join!(client.get("/").send(), async {
        tokio::select! {
            _ = first.head() => drop(first),
            _ = second.head() => drop(second),
        }
        server.accept().await.answer(OK).await;
    });
    assert_eq!(third.unwrap().text().await.unwrap(), "hi");
}

#[tokio::test]
async fn twenty_thousand_requests_to_a_server_that_closes_its_connections_all_succeed() {
    let (client, mut server) = pair();
    tokio::spawn(async move {
        let mut number = 0;
        while let Some(far) = server.0.recv().await {
            number += 1;
            tokio::spawn(async move {
                let mut far = tokio::io::BufStream::new(far);
                let mut line = String::new();
                let mut left = number % 7 + 1;
                loop {
                    line.clear();
                    if tokio::io::AsyncBufReadExt::read_line(&mut far, &mut line)
                        .await
                        .is_ok_and(|read| read == 0)
                    {
                        return;
                    }
                    if line != "\r\n" {
                        continue;
                    }
                    if left == 0 {
                        return; // with the whole head read
                    }
                    left -= 1;
                    far.write_all(OK.as_bytes()).await.unwrap();
                    far.flush().await.unwrap();
                    if left == 0 && number % 3 == 0 {
                        return; // while the connection is idle
                    }
                }
            });
        }
    });
    for number in 0..20_000 {
        let text = async { client.get("/").send().await?.text().await };
        assert_eq!(text.await.unwrap(), "hi", "request {number}");
    }
    assert!(client.stats().hosts()[0].created() > 2000);
}

#[tokio::test]
async fn a_server_that_closes_right_after_its_answers_costs_no_request_that_can_be_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let opened = tokio::spawn(async move {
        for number in 0_usize.. {
            let (mut far, _) = listener.accept().await.unwrap();
            // Some close so soon that the client has not looked yet, without a word of it in the answer.
            for _ in 0..=number % 7 {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    if far.read_buf(&mut head).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                if head.starts_with(b"GET /last ") {
                    far.write_all(OK.as_bytes()).await.unwrap();
                    return number + 1;
                }
                if far.write_all(OK.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
        unreachable!()
    });
    let client = Client::builder()
        .base(format!("http://{address}/"))
        .build()
        .unwrap();
    let fetch = async |path| client.get(path).send().await?.text().await;
    for number in 0..2_000 {
        assert_eq!(fetch("").await.unwrap(), "hi", "request {number}");
    }
    assert_eq!(fetch("last").await.unwrap(), "hi");
    assert!(opened.await.unwrap() > 400);
}
