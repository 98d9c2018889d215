//! How it ends: by either end, by both, by a rule that was broken, and without a word.

use super::super::handshake::{Challenge, Offer};
use super::*;

#[tokio::test]
async fn a_close_frame_is_answered_and_the_server_ends_the_connection() {
    let (mut server, mut peer) = calm_server();
    peer.write_all(&close_frame(true, 1001, "bye"))
        .await
        .unwrap();
    assert_eq!(server.recv().await.unwrap(), None);
    assert_eq!(rest(&mut peer).await, close_frame(false, 1001, ""));
    let frame = server.close_frame().unwrap();
    assert_eq!((frame.code(), frame.reason()), (CloseCode::AWAY, "bye"));
    assert_eq!(server.recv().await.unwrap(), None);
    assert!(server.send_text("late").await.unwrap_err().is_closed());
}

#[tokio::test]
async fn a_close_frame_without_a_code_is_answered_without_one() {
    let (mut server, mut peer) = calm_server();
    peer.write_all(&frame(0x88, true, b"")).await.unwrap();
    assert_eq!(server.recv().await.unwrap(), None);
    assert_eq!(rest(&mut peer).await, [0x88, 0]);
    assert_eq!(server.close_frame().unwrap().code(), CloseCode::NO_STATUS);
}

#[tokio::test]
async fn messages_before_a_close_frame_are_received_and_those_after_it_are_not() {
    let (mut server, mut peer) = calm_server();
    let all = [
        frame(0x81, true, b"one"),
        close_frame(true, 1000, ""),
        frame(0x81, true, b"two"),
    ];
    peer.write_all(&all.concat()).await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Some(text("one")));
    assert_eq!(server.recv().await.unwrap(), None);
}

#[tokio::test]
async fn close_waits_for_the_answer_and_drops_what_comes_before_it() {
    let (mut server, mut peer) = calm_server();
    peer.write_all(&frame(0x81, true, b"one more"))
        .await
        .unwrap();
    let closing = tokio::spawn(async move {
        server.close(4000, "enough").await.unwrap();
        server
    });
    expect(&mut peer, &close_frame(false, 4000, "enough")).await;
    settle().await;
    assert!(!closing.is_finished());
    peer.write_all(&close_frame(true, 4000, "")).await.unwrap();
    let mut server = closing.await.unwrap();
    assert_eq!(rest(&mut peer).await, b"");
    assert_eq!(server.close_frame().unwrap().code(), CloseCode::new(4000));
    assert_eq!(server.recv().await.unwrap(), None);
    // Once more is once too often, and harmless.
    server.close(1000, "").await.unwrap();
}

#[tokio::test]
async fn a_client_waits_for_the_server_to_end_the_connection() {
    let (here, mut peer) = duplex(1024);
    let config = WebSocketConfig::new();
    let mut client = WebSocket::client(here, &config, Negotiated::default());
    let closing = tokio::spawn(async move { client.close(1000, "").await });
    let mut frame = [0; 8];
    peer.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[..2], [0x88, 0x82]);
    peer.write_all(&close_frame(false, 1000, "")).await.unwrap();
    settle().await;
    assert!(!closing.is_finished());
    drop(peer);
    closing.await.unwrap().unwrap();
}

/// What two ends agree on that have a stream of HTTP/2.
fn tunnel() -> Negotiated {
    let challenge = Challenge::connect(&WebSocketConfig::new(), &["chat"]).unwrap();
    let offer = Offer::connect("websocket", &challenge.headers()).unwrap();
    let (_, _, negotiated) = offer.accept(&WebSocketConfig::new(), None).into_parts();
    negotiated
}

#[tokio::test]
async fn on_a_stream_of_http2_each_ends_its_own_side_and_waits_for_the_other() {
    let (here, mut peer) = duplex(1024);
    let mut server = WebSocket::server(here, &WebSocketConfig::new(), tunnel());
    let ending = tokio::spawn(async move { server.recv().await });
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    assert_eq!(rest(&mut peer).await, close_frame(false, 1000, ""));
    settle().await;
    assert!(!ending.is_finished());
    peer.shutdown().await.unwrap();
    assert_eq!(ending.await.unwrap().unwrap(), None);

    let (here, mut peer) = duplex(1024);
    let mut client = WebSocket::client(here, &WebSocketConfig::new(), tunnel());
    let ending = tokio::spawn(async move { client.recv().await });
    peer.write_all(&close_frame(false, 1000, "")).await.unwrap();
    assert_eq!(rest(&mut peer).await.len(), 8);
    settle().await;
    assert!(!ending.is_finished());
    peer.shutdown().await.unwrap();
    assert_eq!(ending.await.unwrap().unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_is_left_at_the_deadline() {
    let (mut server, _peer) = calm_server();
    let start = tokio::time::Instant::now();
    let error = server.close(1000, "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut(Phase::Close));
    assert!((seconds(10)..seconds(11)).contains(&start.elapsed()));
    assert_eq!(server.close_frame().unwrap().code(), CloseCode::ABNORMAL);
    assert_eq!(server.recv().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_on_sending_is_left_at_the_deadline_too() {
    let (mut server, mut peer) = calm_server();
    let babble = tokio::spawn(async move {
        while peer.write_all(&frame(0x81, true, b"bla")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let start = tokio::time::Instant::now();
    server.close(1000, "").await.unwrap_err();
    assert!((seconds(10)..seconds(11)).contains(&start.elapsed()));
    babble.await.unwrap();
}

#[tokio::test]
async fn a_peer_that_vanishes_is_an_end_and_no_error() {
    for begun in [&[][..], &[0x81], &frame(0x81, true, b"cut off")[..9]] {
        let (mut server, mut peer) = calm_server();
        peer.write_all(begun).await.unwrap();
        drop(peer);
        assert_eq!(server.recv().await.unwrap(), None);
        assert_eq!(server.close_frame().unwrap().code(), CloseCode::ABNORMAL);
        assert!(server.send_text("anyone?").await.unwrap_err().is_closed());
    }
    let (mut server, peer) = calm_server();
    drop(peer);
    assert!(server.send_text("anyone?").await.unwrap_err().is_closed());
    let (mut server, peer) = calm_server();
    drop(peer);
    server.close(1000, "").await.unwrap();
}

#[tokio::test]
async fn who_breaks_the_rules_is_told_and_left() {
    for (bytes, code, kind) in [
        (frame(0x81, false, b"a"), 1002, ErrorKind::Protocol),
        (frame(0xc1, true, b"a"), 1002, ErrorKind::Protocol),
        (frame(0x81, true, b"\xff"), 1007, ErrorKind::InvalidText),
        (
            frame(0x82, true, &[0; 11]),
            1009,
            ErrorKind::TooLarge { limit: 10 },
        ),
    ] {
        let config = WebSocketConfig::new().max_message(10).heartbeat(None);
        let (mut server, mut peer) = server(&config);
        peer.write_all(&bytes).await.unwrap();
        let receiving = tokio::spawn(async move {
            let error = server.recv().await.unwrap_err();
            assert_eq!(server.recv().await.unwrap(), None);
            error.kind()
        });
        let told = {
            let mut head = [0; 2];
            peer.read_exact(&mut head).await.unwrap();
            assert_eq!(head[0], 0x88);
            let mut payload = vec![0; usize::from(head[1])];
            peer.read_exact(&mut payload).await.unwrap();
            u16::from_be_bytes([payload[0], payload[1]])
        };
        assert_eq!(told, code);
        // Our side has ended; what the peer still says is read until it ends, too.
        assert_eq!(rest(&mut peer).await, b"");
        peer.write_all(&[7; 1000]).await.unwrap();
        drop(peer);
        assert_eq!(receiving.await.unwrap(), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn who_breaks_the_rules_and_stays_is_left_at_the_deadline() {
    let (mut server, mut peer) = calm_server();
    peer.write_all(&frame(0x83, true, b"")).await.unwrap();
    let start = tokio::time::Instant::now();
    let error = server.recv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!((seconds(10)..seconds(11)).contains(&start.elapsed()));
}

#[tokio::test]
async fn codes_that_may_not_be_sent_are_not() {
    let (mut server, mut peer) = calm_server();
    for code in [0, 999, 1004, 1006, 1015, 2000, 5000] {
        let error = server.close(code, "").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidCloseCode);
    }
    server.send_text("still here").await.unwrap();
    expect(&mut peer, &frame(0x81, false, b"still here")).await;
}

#[tokio::test]
async fn a_closer_ends_it_while_its_owner_waits_for_a_message() {
    let (mut server, mut peer) = calm_server();
    let closer = server.closer();
    let receiving = tokio::spawn(async move {
        let end = server.recv().await.unwrap();
        (end, server)
    });
    settle().await;
    closer.close(CloseCode::AWAY, "shutting down");
    closer.close(CloseCode::NORMAL, "too late");
    expect(&mut peer, &close_frame(false, 1001, "shutting down")).await;
    settle().await;
    assert!(!receiving.is_finished());
    peer.write_all(&close_frame(true, 1001, "")).await.unwrap();
    let (end, server) = receiving.await.unwrap();
    assert_eq!(end, None);
    assert_eq!(server.close_frame().unwrap().code(), CloseCode::AWAY);
    assert_eq!(rest(&mut peer).await, b"");
}

#[tokio::test]
async fn what_was_asked_of_a_closer_is_done_when_its_owner_comes_back() {
    let (mut server, mut peer) = calm_server();
    server.closer().close(1006, "");
    assert!(server.send_text("late").await.unwrap_err().is_closed());
    peer.write_all(&close_frame(true, 1011, "")).await.unwrap();
    assert_eq!(server.recv().await.unwrap(), None);
    // 1006 may not be sent, and something is wrong with who asks for it.
    assert_eq!(rest(&mut peer).await, close_frame(false, 1011, ""));
}

#[tokio::test]
async fn a_closer_does_not_keep_the_connection() {
    let (server, mut peer) = calm_server();
    let closer = server.closer();
    drop(server);
    assert_eq!(rest(&mut peer).await, b"");
    closer.close(1000, "");
}

#[tokio::test]
async fn what_was_fed_goes_out_before_the_close_frame() {
    let (mut server, mut peer) = calm_server();
    server.feed("last words").await.unwrap();
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    server.close(1000, "").await.unwrap();
    let all = [
        frame(0x81, false, b"last words"),
        close_frame(false, 1000, ""),
    ];
    assert_eq!(rest(&mut peer).await, all.concat());
}

#[tokio::test]
async fn both_may_close_at_the_same_time() {
    let (mut client, mut server) = pair(&WebSocketConfig::new());
    let (left, right) = tokio::join!(client.close(1000, "a"), server.close(1001, "b"));
    left.unwrap();
    right.unwrap();
    assert_eq!(client.close_frame().unwrap().code(), CloseCode::AWAY);
    assert_eq!(server.close_frame().unwrap().code(), CloseCode::NORMAL);
}
