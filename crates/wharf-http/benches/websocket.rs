//! What the frames of a WebSocket cost: written and read by a server, and by a client, which masks what it sends.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, duplex};
use tokio::runtime::{Builder, Runtime};
use wharf_http::ws::handshake::Negotiated;
use wharf_http::ws::{WebSocket, WebSocketConfig};

const SIZES: [usize; 3] = [64, 1 << 10, 64 << 10];

/// Makes one end of a WebSocket on a tape.
type End = fn(Tape) -> WebSocket;

/// A peer that sends the same frame forever, one in each read, and takes everything.
struct Tape {
    frame: Bytes,
    sent: usize,
}

impl Tape {
    fn new(frame: Bytes) -> Self {
        Self { frame, sent: 0 }
    }
}

impl AsyncRead for Tape {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.frame[self.sent..];
        let length = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..length]);
        self.sent = (self.sent + length) % self.frame.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tape {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn server(tape: Tape) -> WebSocket {
    WebSocket::server(tape, &WebSocketConfig::new(), Negotiated::default())
}

fn client(tape: Tape) -> WebSocket {
    WebSocket::client(tape, &WebSocketConfig::new(), Negotiated::default())
}

/// Writes one message, and returns the frame that the peer gets.
async fn recorded(masked: bool, message: Bytes) -> Bytes {
    let (near, mut far) = duplex(message.len() + 64);
    let (config, negotiated) = (WebSocketConfig::new(), Negotiated::default());
    let mut end = if masked {
        WebSocket::client(near, &config, negotiated)
    } else {
        WebSocket::server(near, &config, negotiated)
    };
    end.send_binary(message).await.unwrap();
    // Ends without a close frame.
    drop(end);
    let mut frame = Vec::new();
    far.read_to_end(&mut frame).await.unwrap();
    frame.into()
}

fn frames(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let ends: [(&str, End, bool); 2] = [("server", server, true), ("client", client, false)];
    for (name, end, peer_masks) in ends {
        write(criterion, &runtime, name, end);
        read(criterion, &runtime, name, end, peer_masks);
    }
}

fn write(criterion: &mut Criterion, runtime: &Runtime, name: &str, end: End) {
    let mut group = criterion.benchmark_group(format!("websocket/{name}/write"));
    for size in SIZES {
        let message = Bytes::from(vec![b'x'; size]);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let mut socket = end(Tape::new(Bytes::new()));
                    let started = Instant::now();
                    for _ in 0..count {
                        socket.send_binary(message.clone()).await.unwrap();
                    }
                    started.elapsed()
                })
            });
        });
    }
}

fn read(criterion: &mut Criterion, runtime: &Runtime, name: &str, end: End, peer_masks: bool) {
    let mut group = criterion.benchmark_group(format!("websocket/{name}/read"));
    for size in SIZES {
        let message = Bytes::from(vec![b'x'; size]);
        let frame = runtime.block_on(recorded(peer_masks, message.clone()));
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_custom(|count| {
                runtime.block_on(async {
                    let mut socket = end(Tape::new(frame.clone()));
                    assert_eq!(socket.recv_binary().await.unwrap(), Some(message.clone()));
                    let started = Instant::now();
                    for _ in 0..count {
                        socket.recv_binary().await.unwrap();
                    }
                    started.elapsed()
                })
            });
        });
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
