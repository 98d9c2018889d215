//! What is counted of WebSockets.

use super::*;
use crate::connection::{WebSocketEnd, WebSocketStats};

/// A server that is counted, and the other end of its stream.
fn counted(stats: &WebSocketStats) -> (WebSocket, DuplexStream) {
    let (server, peer) = server(&WebSocketConfig::new());
    (server.counted(stats), peer)
}

fn ends(stats: &WebSocketStats) -> [u64; 5] {
    [
        WebSocketEnd::Closed,
        WebSocketEnd::Vanished,
        WebSocketEnd::Violation,
        WebSocketEnd::TimedOut,
        WebSocketEnd::Dropped,
    ]
    .map(|end| stats.ended(end))
}

#[tokio::test(start_paused = true)]
async fn messages_and_bytes_are_counted_in_both_directions() {
    let stats = WebSocketStats::new();
    let (mut server, mut peer) = counted(&stats);
    assert_eq!((stats.open(), stats.opened()), (1, 1));
    let received = frame(0x81, true, b"ahoy");
    peer.write_all(&[frame(0x89, true, b"?"), received.clone()].concat())
        .await
        .unwrap();
    assert_eq!(server.recv().await.unwrap(), Some(text("ahoy")));
    server.send_text("ahoy, sailor").await.unwrap();
    server.ping("").await.unwrap();
    let silent = tokio::time::timeout(seconds(1), server.recv()).await;
    assert!(silent.is_err());
    assert_eq!((stats.messages_received(), stats.messages_sent()), (1, 1));
    let pong = frame(0x8a, false, b"?").len();
    let sent = frame(0x81, false, b"ahoy, sailor").len() + pong + 2;
    let received = received.len() + frame(0x89, true, b"?").len();
    let bytes = (stats.bytes_received(), stats.bytes_sent());
    assert_eq!(bytes, (received as u64, sent as u64));
    drop(server);
    assert_eq!((stats.open(), ends(&stats)), (0, [0, 0, 0, 0, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_falls_silent_is_counted_while_it_talks() {
    let stats = WebSocketStats::new();
    let (mut server, mut peer) = counted(&stats);
    for _ in 0..200 {
        peer.write_all(&frame(0x81, true, b"a")).await.unwrap();
        server.recv().await.unwrap();
    }
    let counted = stats.messages_received();
    assert!((128..=200).contains(&counted), "{counted}");
    for _ in 0..200 {
        server.feed("a").await.unwrap();
    }
    let counted = stats.messages_sent();
    assert!((128..=200).contains(&counted), "{counted}");
    drop(server);
    assert_eq!(
        (stats.messages_received(), stats.messages_sent()),
        (200, 200)
    );
    assert!(
        stats.bytes_sent() < 200 * 3,
        "what was not sent is not counted"
    );
}

#[tokio::test(start_paused = true)]
async fn every_end_has_its_kind() {
    let stats = WebSocketStats::new();

    let (mut server, mut peer) = counted(&stats);
    peer.write_all(&close_frame(true, 1001, "")).await.unwrap();
    assert_eq!(server.recv().await.unwrap(), None);
    assert_eq!(ends(&stats), [1, 0, 0, 0, 0]);
    // Once only.
    drop(server.counted(&stats));
    assert_eq!((stats.opened(), ends(&stats)), (1, [1, 0, 0, 0, 0]));

    let (mut server, mut peer) = counted(&stats);
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    server.close(1000, "").await.unwrap();
    assert_eq!(ends(&stats), [2, 0, 0, 0, 0]);

    let (mut server, peer) = counted(&stats);
    drop(peer);
    assert_eq!(server.recv().await.unwrap(), None);
    assert_eq!(ends(&stats), [2, 1, 0, 0, 0]);

    let (mut server, mut peer) = counted(&stats);
    peer.write_all(&frame(0x83, true, b"")).await.unwrap();
    let broken = tokio::spawn(async move { server.recv().await.unwrap_err().kind() });
    rest(&mut peer).await;
    drop(peer);
    assert_eq!(broken.await.unwrap(), ErrorKind::Protocol);
    assert_eq!(ends(&stats), [2, 1, 1, 0, 0]);

    let (mut server, _peer) = counted(&stats);
    server.recv().await.unwrap_err();
    assert_eq!(ends(&stats), [2, 1, 1, 1, 0]);

    // The peer does not answer the close frame.
    let (mut server, _peer) = counted(&stats);
    server.close(1000, "").await.unwrap_err();
    assert_eq!(ends(&stats), [2, 1, 1, 2, 0]);

    let (server, _peer) = counted(&stats);
    let (reader, writer) = server.split();
    drop(reader);
    assert_eq!(stats.open(), 1);
    drop(writer);
    assert_eq!((stats.open(), ends(&stats)), (0, [2, 1, 1, 2, 1]));
}

#[tokio::test]
async fn a_websocket_that_is_kept_is_open_until_that_ends() {
    let stats = WebSocketStats::new();
    let (mut server, _peer) = counted(&stats);
    let kept = server.keep();
    drop(server);
    assert_eq!(stats.open(), 1);
    assert!(kept.last().is_some());
    assert_eq!((stats.open(), stats.ended(WebSocketEnd::Dropped)), (0, 1));
}
