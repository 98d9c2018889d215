//! Compressed messages between two ends, and what a peer may do wrong with them.

use http::{Method, Version};

use super::super::DeflateConfig;
use super::super::handshake::{Challenge, Offer};
use super::*;

fn deflate(alone: bool) -> DeflateConfig {
    DeflateConfig::new()
        .min_size(0)
        .server_no_context_takeover(alone)
        .client_no_context_takeover(alone)
}

fn negotiate(config: &WebSocketConfig) -> Negotiated {
    let challenge = Challenge::upgrade(config, &[] as &[&str]).unwrap();
    let offer = Offer::upgrade(&Method::GET, Version::HTTP_11, &challenge.headers()).unwrap();
    let answer = offer.accept(config, None);
    let negotiated = challenge.check(answer.status(), answer.headers()).unwrap();
    assert_eq!(&negotiated, answer.negotiated());
    assert!(negotiated.is_compressed());
    negotiated
}

/// A client and a server over a small pipe, which compress everything.
pub(super) fn pair(pipe: usize, alone: bool, config: &WebSocketConfig) -> (WebSocket, WebSocket) {
    let config = config.clone().deflate(deflate(alone));
    let negotiated = negotiate(&config);
    let (here, there) = duplex(pipe);
    (
        WebSocket::client(here, &config, negotiated.clone()),
        WebSocket::server(there, &config, negotiated),
    )
}

/// A server that agreed on compression without contexts, and the other end of its stream.
fn server(config: &WebSocketConfig) -> (WebSocket, DuplexStream) {
    let config = config.clone().heartbeat(None).deflate(deflate(true));
    let (here, there) = duplex(64 << 10);
    let negotiated = negotiate(&config);
    (WebSocket::server(here, &config, negotiated), there)
}

/// "Hello", compressed (RFC 7692 §7.2.3.1).
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

#[tokio::test]
async fn messages_go_compressed_and_come_back_whole() {
    for alone in [true, false] {
        let (mut client, mut server) = pair(64 << 10, alone, &WebSocketConfig::new());
        for length in [0, 1, 100, 100_000] {
            let message = "ahoy ".repeat(length);
            client.send_text(message.clone()).await.unwrap();
            let received = server.recv_text().await.unwrap().unwrap();
            assert!(received == *message);
            server.send_text(received).await.unwrap();
            assert!(client.recv_text().await.unwrap().unwrap() == *message);
        }
    }
}

#[tokio::test]
async fn only_the_first_frame_of_a_message_says_that_it_is_compressed() {
    let config = WebSocketConfig::new().fragment(3);
    let (mut server, mut peer) = server(&config);
    let said = "Hello".repeat(20);
    server.send_text(said.clone()).await.unwrap();
    drop(server);
    let bytes = rest(&mut peer).await;
    assert_eq!(bytes[..2], [0x41, 3]);
    assert_eq!(bytes[5..7], [0x00, 3]);
    assert!(bytes.len() < said.len());
}

#[tokio::test]
async fn a_compressed_message_may_come_in_frames_with_a_ping_between() {
    let (mut server, mut peer) = server(&WebSocketConfig::new());
    let frames = [
        frame(0x41, true, &HELLO[..3]),
        frame(0x89, true, b"?"),
        frame(0x00, true, b""),
        frame(0x80, true, &HELLO[3..]),
        frame(0x81, true, b"plain"),
    ];
    peer.write_all(&frames.concat()).await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Some(text("Hello")));
    assert_eq!(server.recv().await.unwrap(), Some(text("plain")));
}

/// Sends bytes, and returns the code of the close frame that comes back.
async fn refused(config: &WebSocketConfig, bytes: &[u8]) -> (u16, ErrorKind) {
    let (mut server, mut peer) = server(config);
    peer.write_all(bytes).await.unwrap();
    let receiving = tokio::spawn(async move { server.recv().await.unwrap_err().kind() });
    let sent = rest(&mut peer).await;
    assert_eq!(sent[0], 0x88);
    drop(peer);
    let code = u16::from_be_bytes([sent[2], sent[3]]);
    (code, receiving.await.unwrap())
}

#[tokio::test]
async fn what_breaks_the_rules_of_compression_is_refused() {
    let config = WebSocketConfig::new();
    // A bit on a frame that is not the first, one on a control frame, and data that is none.
    let second = [
        frame(0x41, true, &HELLO[..3]),
        frame(0xc0, true, &HELLO[3..]),
    ]
    .concat();
    assert_eq!(refused(&config, &second).await.0, 1002);
    assert_eq!(refused(&config, &frame(0xc9, true, b"")).await.0, 1002);
    let corrupt = frame(0xc2, true, &[0x06, 0xff, 0xff]);
    assert_eq!(
        refused(&config, &corrupt).await,
        (1002, ErrorKind::Protocol)
    );
    // "\xff" as a stored block is inflated well, and no text.
    let bad_text = frame(0xc1, true, &[0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00]);
    assert_eq!(
        refused(&config, &bad_text).await,
        (1007, ErrorKind::InvalidText)
    );
}

#[tokio::test]
async fn a_small_frame_that_becomes_a_large_message_is_refused() {
    let limit = 1 << 18;
    let (mut client, _server) = pair(64 << 10, true, &WebSocketConfig::new());
    let config = WebSocketConfig::new().max_message(limit);
    // 4 MiB of zeros, which are some 4 KiB on the wire.
    let zeros = vec![0; 4 << 20];
    let (here, mut wire) = duplex(64 << 10);
    let settings = WebSocketConfig::new().deflate(deflate(true));
    let mut sender = WebSocket::client(here, &settings, negotiate(&settings));
    sender.send_binary(zeros).await.unwrap();
    drop(sender);
    let bomb = rest(&mut wire).await;
    assert!(bomb.len() < 6 << 10, "{}", bomb.len());
    assert_eq!(
        refused(&config, &bomb).await,
        (1009, ErrorKind::TooLarge { limit })
    );
    client.send_text("unharmed").await.unwrap();
}
