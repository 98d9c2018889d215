//! What a peer sees of the codec: bytes in, bytes out, over pipes in memory and on paused time.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::frame::{HEAD, Head, Opcode};
use super::handshake::Negotiated;
use super::{CloseCode, Error, ErrorKind, Message, Phase, WebSocket, WebSocketConfig, mask};

mod cancelling;
mod closing;
mod counting;
mod decoding;
#[cfg(feature = "ws-deflate")]
mod deflated;
mod halves;
mod idle;
mod sending;
mod timing;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Returns the bytes of a frame; `first` is its first byte.
fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let opcode = match first & 0xf {
        0x0 => Opcode::Continuation,
        0x1 => Opcode::Text,
        0x2 => Opcode::Binary,
        0x8 => Opcode::Close,
        0x9 => Opcode::Ping,
        _ => Opcode::Pong,
    };
    let head = Head {
        last: true,
        compressed: false,
        opcode,
        mask: masked.then_some(MASK),
        length: payload.len() as u64,
    };
    let mut bytes = [0; HEAD];
    let end = head.write(&mut bytes);
    bytes[0] = first;
    let mut all = bytes[..end].to_vec();
    all.extend_from_slice(payload);
    if masked {
        mask::apply(&mut all[end..], MASK, 0);
    }
    all
}

/// Returns the bytes of a close frame.
fn close_frame(masked: bool, code: u16, reason: &str) -> Vec<u8> {
    let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
    frame(0x88, masked, &payload)
}

/// A server, and the other end of its stream.
fn server(config: &WebSocketConfig) -> (WebSocket, DuplexStream) {
    let (here, there) = duplex(64 << 10);
    (
        WebSocket::server(here, config, Negotiated::default()),
        there,
    )
}

/// A server that never asks for a sign of life, and the other end of its stream.
fn calm_server() -> (WebSocket, DuplexStream) {
    server(&WebSocketConfig::new().heartbeat(None))
}

/// A client and a server that talk to each other.
fn pair(config: &WebSocketConfig) -> (WebSocket, WebSocket) {
    let (here, there) = duplex(16 << 10);
    (
        WebSocket::client(here, config, Negotiated::default()),
        WebSocket::server(there, config, Negotiated::default()),
    )
}

/// Reads as many bytes as are expected, and shows what came instead.
async fn expect(peer: &mut DuplexStream, bytes: &[u8]) {
    let mut got = vec![0; bytes.len()];
    peer.read_exact(&mut got).await.unwrap();
    assert_eq!(got, bytes);
}

/// Reads to the end.
async fn rest(peer: &mut DuplexStream) -> Vec<u8> {
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).await.unwrap();
    rest
}

fn text(text: &str) -> Message {
    Message::from(text)
}

fn binary(bytes: &[u8]) -> Message {
    Message::from(Bytes::copy_from_slice(bytes))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Waits until every other task waits, too.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
