//! What goes onto the wire, in how many writes, and when a sender waits.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::*;

/// A stream that keeps what is written to it, each write by itself, and from which some bytes can be read.
struct Recorder {
    writes: Arc<Mutex<Vec<Vec<u8>>>>,
    unread: Vec<u8>,
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Poll::Pending;
        }
        let count = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.lock().unwrap().push(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        let count = bytes.len();
        self.writes.lock().unwrap().push(bytes);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A server on a recorder, and what it writes.
fn recorded(unread: Vec<u8>) -> (WebSocket, Arc<Mutex<Vec<Vec<u8>>>>) {
    let writes = Arc::<Mutex<Vec<_>>>::default();
    let io = Recorder {
        writes: Arc::clone(&writes),
        unread,
    };
    let config = WebSocketConfig::new().heartbeat(None);
    (
        WebSocket::server(io, &config, Negotiated::default()),
        writes,
    )
}

#[tokio::test]
async fn each_message_that_is_sent_is_one_write() {
    let (mut server, writes) = recorded(vec![]);
    let large = vec![7; 100 << 10];
    server.send_text("small").await.unwrap();
    server.send_binary(large.clone()).await.unwrap();
    let expected = [frame(0x81, false, b"small"), frame(0x82, false, &large)];
    assert_eq!(*writes.lock().unwrap(), expected);
}

#[tokio::test]
async fn messages_that_are_fed_go_out_in_one_write_when_nothing_more_has_come() {
    let unread: Vec<u8> = (0..50)
        .flat_map(|number| frame(0x82, true, &[number; 10]))
        .collect();
    let (mut server, writes) = recorded(unread);
    for _ in 0..50 {
        let message = server.recv().await.unwrap().unwrap();
        server.feed(message).await.unwrap();
    }
    assert!(writes.lock().unwrap().is_empty());
    let more = tokio::time::timeout(Duration::from_millis(1), server.recv()).await;
    assert!(more.is_err());
    let expected: Vec<u8> = (0..50)
        .flat_map(|number| frame(0x82, false, &[number; 10]))
        .collect();
    assert_eq!(*writes.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn a_message_may_be_sent_in_frames_of_a_size() {
    let config = WebSocketConfig::new().fragment(4).heartbeat(None);
    let (mut server, mut peer) = server(&config);
    server.send_text("ahoy sailor").await.unwrap();
    server.send_text("").await.unwrap();
    let frames = [
        frame(0x01, false, b"ahoy"),
        frame(0x00, false, b" sai"),
        frame(0x80, false, b"lor"),
        frame(0x81, false, b""),
    ];
    expect(&mut peer, &frames.concat()).await;
}

#[tokio::test]
async fn a_client_masks_each_frame_differently_and_leaves_shared_bytes_alone() {
    let (here, mut peer) = duplex(1 << 20);
    let config = WebSocketConfig::new();
    let mut client = WebSocket::client(here, &config, Negotiated::default());
    let shared = Bytes::from(vec![0; 20_000]);
    client.send_binary(shared.clone()).await.unwrap();
    client.send_binary(shared.clone()).await.unwrap();
    assert!(shared.iter().all(|byte| *byte == 0));
    let mut masks = Vec::new();
    for _ in 0..2 {
        let mut bytes = vec![0; 8 + 20_000];
        peer.read_exact(&mut bytes).await.unwrap();
        assert_eq!(bytes[..4], [0x82, 0xfe, 0x4e, 0x20]);
        // Zeros masked are the mask.
        assert!(bytes[8..].chunks(4).all(|four| *four == bytes[4..8]));
        masks.push(bytes[4..8].to_vec());
    }
    assert_ne!(masks[0], masks[1]);
}

#[tokio::test]
async fn pings_are_answered_in_order_while_their_sender_reads() {
    let (mut server, mut peer) = calm_server();
    let pings: Vec<u8> = (0..10).flat_map(|n| frame(0x89, true, &[n])).collect();
    peer.write_all(&pings).await.unwrap();
    peer.write_all(&frame(0x81, true, b"done")).await.unwrap();
    let received = tokio::spawn(async move {
        let message = server.recv().await.unwrap();
        server.flush().await.unwrap();
        message
    });
    let pongs: Vec<u8> = (0..10).flat_map(|n| frame(0x8a, false, &[n])).collect();
    expect(&mut peer, &pongs).await;
    assert_eq!(received.await.unwrap(), Some(text("done")));
}

#[tokio::test]
async fn pings_of_a_peer_that_does_not_read_cost_no_memory_and_the_latest_is_answered() {
    let config = WebSocketConfig::new().heartbeat(None);
    let (here, mut peer) = duplex(1 << 10);
    let mut server = WebSocket::server(here, &config, Negotiated::default());
    let mut last = Vec::new();
    for number in 0..10_000_u32 {
        last = number.to_be_bytes().repeat(30);
        peer.write_all(&frame(0x89, true, &last)).await.unwrap();
        let none = tokio::time::timeout(Duration::ZERO, server.recv()).await;
        assert!(none.is_err());
        assert!(server.buffered_amount() < 2 << 10, "{number}");
    }
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    let (end, sent) = tokio::join!(
        async {
            // Until all of it is gone the close frame waits, and with it the end.
            server.flush().await.unwrap();
            server.recv().await
        },
        rest(&mut peer)
    );
    assert_eq!(end.unwrap(), None);
    let close = close_frame(false, 1000, "");
    assert!(sent.ends_with(&[frame(0x8a, false, &last), close].concat()));
}

#[tokio::test]
async fn pings_and_pongs_are_received_where_they_are_asked_for() {
    let config = WebSocketConfig::new().control_frames(true);
    let (mut client, mut server) = pair(&config);
    client.ping("still there?").await.unwrap();
    let ping = server.recv().await.unwrap();
    assert_eq!(ping, Some(Message::Ping("still there?".into())));
    server.flush().await.unwrap();
    let pong = client.recv().await.unwrap();
    assert_eq!(pong, Some(Message::Pong("still there?".into())));
    // A payload that does not fit into a control frame is cut.
    client.ping(vec![7; 200]).await.unwrap();
    assert_eq!(
        server.recv().await.unwrap(),
        Some(Message::Ping(vec![7; 125].into()))
    );
}

#[tokio::test]
async fn feed_waits_at_the_mark_until_the_peer_reads() {
    let config = WebSocketConfig::new().high_water(1000).heartbeat(None);
    let (here, mut peer) = duplex(16);
    let mut server = WebSocket::server(here, &config, Negotiated::default());
    for _ in 0..10 {
        server.feed(vec![7; 100]).await.unwrap();
    }
    assert_eq!(server.buffered_amount(), 1020);
    let waiting = tokio::spawn(async move {
        server.feed(vec![8; 100]).await.unwrap();
        let amount = server.buffered_amount();
        server.flush().await.unwrap();
        amount
    });
    settle().await;
    assert!(!waiting.is_finished());
    for _ in 0..10 {
        expect(&mut peer, &frame(0x82, false, &[7; 100])).await;
    }
    expect(&mut peer, &frame(0x82, false, &[8; 100])).await;
    let amount = waiting.await.unwrap();
    assert!((1000..1102).contains(&amount), "{amount}");
}

#[tokio::test]
async fn messages_of_every_size_arrive() {
    let (mut client, mut server) = pair(&WebSocketConfig::new());
    let sizes = [
        0,
        1,
        125,
        126,
        127,
        4095,
        4096,
        8191,
        8192,
        65_535,
        65_536,
        1 << 20,
    ];
    let receiving = tokio::spawn(async move {
        for size in sizes {
            let message = server.recv_binary().await.unwrap().unwrap();
            assert!(message.len() == size && message.iter().all(|byte| *byte == 7));
            server.send_binary(message).await.unwrap();
        }
    });
    for size in sizes {
        client.send_binary(vec![7; size]).await.unwrap();
        let back = client.recv_binary().await.unwrap().unwrap();
        assert_eq!(back.len(), size);
    }
    receiving.await.unwrap();
}

#[tokio::test]
async fn messages_of_another_kind_are_told_and_the_next_is_received() {
    let (mut client, mut server) = pair(&WebSocketConfig::new());
    client.send_text("text").await.unwrap();
    client.send_binary(vec![1]).await.unwrap();
    let error = server.recv_binary().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedMessage);
    let error = server.recv_text().await.unwrap_err();
    assert_eq!(error.to_string(), "got binary data where text was wanted");
    client.send_text("more").await.unwrap();
    assert_eq!(server.recv_text().await.unwrap().unwrap(), "more");
}

#[cfg(feature = "json")]
#[tokio::test]
async fn json_goes_both_ways() {
    let (mut client, mut server) = pair(&WebSocketConfig::new());
    client.send_json(&[1, 2, 3]).await.unwrap();
    client.send_text("[1,").await.unwrap();
    client.send_binary(&b"[4]"[..]).await.unwrap();
    let numbers: Option<Vec<u8>> = server.recv_json().await.unwrap();
    assert_eq!(numbers, Some(vec![1, 2, 3]));
    let error = server.recv_json::<Vec<u8>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Json);
    assert!(format!("{error:#}").contains("not valid JSON"), "{error:#}");
    let numbers: Option<Vec<u8>> = server.recv_json().await.unwrap();
    assert_eq!(numbers, Some(vec![4]));
}

#[tokio::test]
async fn bytes_that_were_read_with_the_handshake_are_the_first() {
    let (here, mut peer) = duplex(1024);
    let config = WebSocketConfig::new();
    let bytes = frame(0x81, true, b"ahoy");
    let (read, unread) = bytes.split_at(7);
    peer.write_all(unread).await.unwrap();
    let mut server = WebSocket::server_with(here, &config, Negotiated::default(), read);
    assert_eq!(server.recv().await.unwrap(), Some(text("ahoy")));
}

/// Not a stream of ours: a connection that fails otherwise than by ending.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the tape is torn")))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::Error::other("the tape is torn")))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_connection_that_fails_is_an_error_once() {
    let config = WebSocketConfig::new();
    let mut server = WebSocket::server(Broken, &config, Negotiated::default());
    let error: Error = server.recv().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(
        format!("{error:#}"),
        "the connection failed: the tape is torn"
    );
    assert_eq!(server.recv().await.unwrap(), None);
    let mut server = WebSocket::server(Broken, &config, Negotiated::default());
    let error = server.send_text("?").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}
