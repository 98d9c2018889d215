//! WebSocket frames, at both ends and with and without compression: what is received does not depend on how it is cut, is no
//! larger than the limit, and is received the same by the other end when it is sent on.
#![no_main]

use bytes::Bytes;
use http::{Method, Version};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use wharf_http::ws::handshake::{Challenge, Negotiated, Offer};
use wharf_http::ws::{DeflateConfig, ErrorKind, Message, WebSocket, WebSocketConfig};

const LIMIT: usize = 5000;

fn negotiated(config: &WebSocketConfig) -> Negotiated {
    let challenge = Challenge::upgrade(config, &[] as &[&str]).unwrap();
    let offer = Offer::upgrade(&Method::GET, Version::HTTP_11, &challenge.headers()).unwrap();
    offer.accept(config, None).negotiated().clone()
}

fn end(io: DuplexStream, server: bool, config: &WebSocketConfig) -> WebSocket {
    match server {
        true => WebSocket::server(io, config, negotiated(config)),
        false => WebSocket::client(io, config, negotiated(config)),
    }
}

async fn received(mut end: WebSocket) -> (Vec<Message>, Option<ErrorKind>) {
    let mut messages = Vec::new();
    loop {
        match end.recv().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error.kind())),
        }
        assert!(messages.last().unwrap().as_bytes().len() <= LIMIT);
    }
}

async fn read(
    pieces: Vec<Bytes>,
    server: bool,
    config: &WebSocketConfig,
) -> (Vec<Message>, Option<ErrorKind>) {
    let (here, mut there) = duplex(1 << 20);
    let receiving = tokio::spawn(received(end(here, server, config)));
    for piece in pieces {
        if there.write_all(&piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let _gone = there.shutdown().await;
    let mut answers = Vec::new();
    let _reset = there.read_to_end(&mut answers).await;
    receiving.await.unwrap()
}

fuzz_target!(|data: &[u8]| {
    let [setting, seed, input @ ..] = data else {
        return;
    };
    let bit = |bit: u8| setting >> bit & 1 == 1;
    let deflate = DeflateConfig::new()
        .min_size(0)
        .server_no_context_takeover(bit(2))
        .client_no_context_takeover(bit(2));
    let config = WebSocketConfig::new()
        .control_frames(bit(3))
        .max_message(LIMIT);
    let config = config
        .deflate(bit(1).then_some(deflate))
        .fragment(bit(4).then_some(3));
    fuzz::run(async {
        let (messages, error) = read(fuzz::cut(input, 0), bit(0), &config).await;
        let (cut, cut_error) = read(fuzz::cut(input, *seed), bit(0), &config).await;
        assert_eq!(cut, messages);
        // A compressed message that breaks two rules is refused for the one that is noticed first.
        assert!(cut_error == error || bit(1) && cut_error.is_some() && error.is_some());
        let (here, there) = duplex(1 << 16);
        let receiving = tokio::spawn(received(end(there, bit(0), &config)));
        let mut sender = end(here, !bit(0), &config);
        for message in &messages {
            sender.send(message.clone()).await.unwrap();
        }
        sender.close(1000, "").await.unwrap();
        assert_eq!(receiving.await.unwrap(), (messages, None));
    });
});
