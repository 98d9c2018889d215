//! The halves of a WebSocket in tasks of their own.

use tokio::sync::oneshot;

use super::*;

/// Sends and receives at the same time, and gives the halves back.
async fn talk(socket: WebSocket) -> (super::super::WebSocketReader, super::super::WebSocketWriter) {
    let (mut reader, mut writer) = socket.split();
    let sending = tokio::spawn(async move {
        for number in 0..200_u32 {
            let message = number.to_be_bytes().repeat(10 + number as usize * 100);
            writer.send_binary(message).await.unwrap();
        }
        writer
    });
    for number in 0..200_u32 {
        let message = reader.recv_binary().await.unwrap().unwrap();
        assert_eq!(message[..4], number.to_be_bytes());
        assert_eq!(message.len(), 4 * (10 + number as usize * 100));
    }
    (reader, sending.await.unwrap())
}

#[tokio::test]
async fn both_ends_may_send_much_at_the_same_time() {
    let (client, server) = pair(&WebSocketConfig::new());
    let _kept = tokio::join!(talk(client), talk(server));
}

#[tokio::test(flavor = "current_thread")]
async fn pings_are_answered_while_the_writer_is_held_up() {
    let config = WebSocketConfig::new().heartbeat(None);
    let (here, mut peer) = duplex(64);
    let (mut reader, mut writer) = WebSocket::server(here, &config, Negotiated::default()).split();
    let receiving = tokio::spawn(async move { reader.recv().await });
    let sending = tokio::spawn(async move {
        writer.send_binary(vec![7; 1000]).await.unwrap();
        writer
    });
    settle().await;
    peer.write_all(&frame(0x89, true, b"?")).await.unwrap();
    settle().await;
    assert!(!sending.is_finished());
    // Behind the message that was under way, and without anything being sent after it.
    expect(&mut peer, &frame(0x82, false, &[7; 1000])).await;
    expect(&mut peer, &frame(0x8a, false, b"?")).await;
    sending.await.unwrap();
    receiving.abort();
}

#[tokio::test]
async fn the_writer_closes_it_while_the_reader_waits() {
    let (server, mut peer) = calm_server();
    let (mut reader, mut writer) = server.split();
    let receiving = tokio::spawn(async move {
        let end = reader.recv().await;
        (end, reader.close_frame())
    });
    settle().await;
    let closing = tokio::spawn(async move { writer.close(1000, "").await });
    expect(&mut peer, &close_frame(false, 1000, "")).await;
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    closing.await.unwrap().unwrap();
    let (end, frame) = receiving.await.unwrap();
    assert_eq!(end.unwrap(), None);
    assert_eq!(frame.unwrap().code(), CloseCode::NORMAL);
}

#[tokio::test]
async fn the_writer_closes_it_when_there_is_no_reader() {
    let (server, mut peer) = calm_server();
    let (reader, mut writer) = server.split();
    drop(reader);
    let closing = tokio::spawn(async move { writer.close(1000, "").await });
    expect(&mut peer, &close_frame(false, 1000, "")).await;
    peer.write_all(&close_frame(true, 1000, "")).await.unwrap();
    closing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_writer_that_is_held_up_ends_with_the_reader() {
    let config = WebSocketConfig::new().heartbeat(None);
    let (here, peer) = duplex(64);
    let (mut reader, mut writer) = WebSocket::server(here, &config, Negotiated::default()).split();
    let (started, starts) = oneshot::channel();
    let sending = tokio::spawn(async move {
        started.send(()).unwrap();
        writer.send_binary(vec![7; 1000]).await
    });
    starts.await.unwrap();
    settle().await;
    drop(peer);
    assert_eq!(reader.recv().await.unwrap(), None);
    assert!(sending.await.unwrap().unwrap_err().is_closed());
}

#[tokio::test]
async fn the_connection_ends_when_both_halves_are_gone() {
    let (server, mut peer) = calm_server();
    let (reader, writer) = server.split();
    drop(reader);
    peer.write_all(&frame(0x81, true, b"a")).await.unwrap();
    settle().await;
    drop(writer);
    assert_eq!(rest(&mut peer).await, b"");
}

#[test]
fn websockets_and_their_halves_go_from_thread_to_thread() {
    fn check<T: Send + Sync + 'static>() {}
    check::<WebSocket>();
    check::<super::super::WebSocketReader>();
    check::<super::super::WebSocketWriter>();
    check::<super::super::Closer>();
    check::<Message>();
    check::<Error>();
}
