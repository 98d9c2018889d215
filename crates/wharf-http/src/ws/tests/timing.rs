//! Signs of life, and what happens without them.

use tokio::time::{Instant, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_asked_and_then_given_up() {
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    let start = Instant::now();
    let receiving = tokio::spawn(async move { server.recv().await.unwrap_err().kind() });
    expect(&mut peer, &[0x89, 0]).await;
    assert!((seconds(30)..seconds(31)).contains(&start.elapsed()));
    assert_eq!(
        receiving.await.unwrap(),
        ErrorKind::TimedOut(Phase::Heartbeat)
    );
    assert!((seconds(60)..seconds(61)).contains(&start.elapsed()));
    assert_eq!(rest(&mut peer).await, b"");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_is_kept_for_ever() {
    let (mut server, peer) = server(&WebSocketConfig::new());
    let mut client = WebSocket::client(
        peer,
        &WebSocketConfig::new().heartbeat(None).control_frames(true),
        Negotiated::default(),
    );
    let receiving = tokio::spawn(async move { server.recv().await });
    for _ in 0..20 {
        let ping = client.recv().await.unwrap();
        assert_eq!(ping, Some(Message::Ping(Bytes::new())));
    }
    assert!(!receiving.is_finished());
}

#[tokio::test(start_paused = true)]
async fn any_byte_is_a_sign_of_life() {
    // A large message on a slow line: a byte each 50 seconds, for hours.
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    let bytes = frame(0x82, true, &[7; 300]);
    let sending = tokio::spawn(async move {
        for byte in bytes.chunks(1) {
            sleep(seconds(50)).await;
            peer.write_all(byte).await.unwrap();
        }
        peer
    });
    assert_eq!(server.recv().await.unwrap(), Some(binary(&[7; 300])));
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_busy_peer_that_falls_silent_is_asked_and_then_given_up() {
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    let receiving = tokio::spawn(async move {
        loop {
            match server.recv().await {
                Ok(Some(message)) => server.send(message).await.unwrap(),
                other => break other.unwrap_err().kind(),
            }
        }
    });
    for _ in 0..100 {
        sleep(seconds(1)).await;
        peer.write_all(&frame(0x81, true, b"ahoy")).await.unwrap();
        expect(&mut peer, &frame(0x81, false, b"ahoy")).await;
    }
    let start = Instant::now();
    expect(&mut peer, &[0x89, 0]).await;
    // An eighth late at most.
    assert!((seconds(30)..seconds(34)).contains(&start.elapsed()));
    assert_eq!(
        receiving.await.unwrap(),
        ErrorKind::TimedOut(Phase::Heartbeat)
    );
    assert!((seconds(60)..seconds(64)).contains(&start.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn a_busy_peer_is_never_asked() {
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    let receiving = tokio::spawn(async move { while let Ok(Some(_)) = server.recv().await {} });
    for _ in 0..1000 {
        sleep(seconds(25)).await;
        peer.write_all(&frame(0x81, true, b"ahoy")).await.unwrap();
    }
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    assert_eq!(rest(&mut peer).await, close_frame(false, 1000, ""));
    receiving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_not_blamed_for_the_time_that_its_messages_were_not_read() {
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    let first = tokio::time::timeout(seconds(45), server.recv()).await;
    assert!(first.is_err());
    expect(&mut peer, &[0x89, 0]).await;
    peer.write_all(&frame(0x8a, true, b"")).await.unwrap();
    // The handler does something else for a while.
    sleep(seconds(500)).await;
    let again = tokio::time::timeout(seconds(45), server.recv()).await;
    assert!(again.is_err(), "{again:?}");
    expect(&mut peer, &[0x89, 0]).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_heartbeat_silence_is_no_end() {
    let (mut server, mut peer) = calm_server();
    let receiving = tokio::spawn(async move { server.recv().await });
    sleep(seconds(1_000_000)).await;
    peer.write_all(&frame(0x81, true, b"ahoy")).await.unwrap();
    assert_eq!(receiving.await.unwrap().unwrap(), Some(text("ahoy")));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_nothing_is_given_up_by_the_sender() {
    let (mut server, peer) = server(&WebSocketConfig::new());
    let start = Instant::now();
    let error = server.send_binary(vec![0; 100 << 10]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut(Phase::Write));
    assert!((seconds(30)..seconds(31)).contains(&start.elapsed()));
    assert!(server.send_text("?").await.unwrap_err().is_closed());
    assert_eq!(server.recv().await.unwrap(), None);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_a_little_now_and_then_is_not_given_up() {
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    let reading = tokio::spawn(async move {
        let mut bytes = [0; 1 << 10];
        let mut count = 0;
        while count < 100 << 10 {
            sleep(seconds(20)).await;
            count += peer.read(&mut bytes).await.unwrap();
        }
        peer
    });
    server.send_binary(vec![0; 100 << 10]).await.unwrap();
    reading.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_without_reading_is_given_up_by_the_receiver() {
    let config = WebSocketConfig::new().heartbeat(None);
    let (here, mut peer) = duplex(256);
    let mut server = WebSocket::server(here, &config, Negotiated::default());
    let asking = tokio::spawn(async move {
        let ping = frame(0x89, true, &[b'?'; 100]);
        while peer.write_all(&ping).await.is_ok() {
            sleep(seconds(1)).await;
        }
    });
    let error = server.recv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut(Phase::Write));
    asking.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_sender_does_not_wait_for_signs_of_life() {
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    peer.write_all(&frame(0x81, true, b"ahoy")).await.unwrap();
    server.recv().await.unwrap();
    sleep(seconds(29)).await;
    let start = Instant::now();
    let error = server.send_binary(vec![0; 100 << 10]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut(Phase::Write));
    assert!((seconds(30)..seconds(31)).contains(&start.elapsed()));
}
