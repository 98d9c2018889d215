mod any_bytes;
mod ends;
mod guards;
mod limits;
mod log;
mod semantics;

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use wharf_http::{Body, Connection, Context, Request, Response, Service, Signal, Tasks};

use super::frames::WINDOW_UPDATE;
use super::frames::{CONTINUATION, DATA, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS};
use crate::conn::tests::{config, echo};
use crate::conn::{ConnectionConfig, ConnectionEnd, Protocol, serve_connection_as};
use crate::{Http2Config, Stats, Timeouts};

const SECOND: Duration = Duration::from_secs(1);

const PING: u8 = 6;

/// The flags of frames.
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame as it came, or as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Writes fields without a table (RFC 7541 §6.2.2).
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127, "one byte of length");
            block.push(text.len() as u8);
            block.extend(text.bytes());
        }
    }
    block
}

fn head(method: &str, path: &str) -> Vec<u8> {
    fields(&[
        (":method", method),
        (":scheme", "http"),
        (":authority", "quay"),
        (":path", path),
    ])
}

/// The frame of a request without a body.
fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, head("GET", path))
}

/// The frame of a request that a body follows.
fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, head("POST", path))
}

/// A server's signals.
#[derive(Clone, Default)]
struct Signals {
    shutdown: Signal,
    abort: Signal,
}

/// A client that speaks in frames, on an in-memory pipe, and the connection that serves it.
struct Raw {
    io: DuplexStream,
    serving: JoinHandle<ConnectionEnd>,
}

fn pipe<S: Service>(
    config: ConnectionConfig<S>,
    signals: &Signals,
    size: usize,
    protocol: Protocol,
) -> Raw {
    let (io, server) = duplex(size);
    let connection = Connection::memory().with_server(signals.shutdown.clone(), Tasks::new());
    let config = config.abort(signals.abort.clone());
    let serving = tokio::spawn(serve_connection_as(server, connection, config, protocol));
    Raw { io, serving }
}

impl Raw {
    /// Opens a connection on which nothing has been said.
    fn silent<S: Service>(config: ConnectionConfig<S>) -> Self {
        pipe(config, &Signals::default(), 1 << 20, Protocol::Http2)
    }

    /// Opens a connection and sends what every client begins with.
    async fn open<S: Service>(config: ConnectionConfig<S>) -> Self {
        Self::with(config, &Signals::default(), &[]).await
    }

    /// Opens a connection with settings of the client's own.
    async fn with<S: Service>(
        config: ConnectionConfig<S>,
        signals: &Signals,
        settings: &[u8],
    ) -> Self {
        let mut client = pipe(config, signals, 1 << 20, Protocol::Http2);
        client.send(PREFACE).await;
        client.send(frame(SETTINGS, 0, 0, settings)).await;
        client
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.io.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads one frame; `None` when the server has closed.
    async fn any_frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.io.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.io.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        })
    }

    /// Reads the next frame that is not about the connection's own affairs.
    async fn frame(&mut self) -> Option<Frame> {
        loop {
            let frame = self.any_frame().await?;
            if !matches!(frame.kind, SETTINGS | WINDOW_UPDATE | PING) {
                return Some(frame);
            }
        }
    }

    /// Reads frames until one that ends the stream; returns its body, or the code of a reset.
    async fn answer(&mut self, stream: u32) -> Result<String, u32> {
        let mut body = Vec::new();
        loop {
            let frame = self.frame().await.expect("an answer");
            if frame.stream != stream {
                continue;
            }
            match frame.kind {
                RST_STREAM => return Err(code(&frame)),
                DATA => body.extend(&frame.payload),
                _ => {}
            }
            if frame.flags & END_STREAM != 0 {
                return Ok(String::from_utf8(body).unwrap());
            }
        }
    }

    /// Reads until the server closes; returns what each farewell named as the last stream and the reason.
    async fn farewells(&mut self) -> Vec<(u32, u32)> {
        let mut all = Vec::new();
        while let Some(frame) = self.any_frame().await {
            if frame.kind == GOAWAY {
                all.push((number(&frame.payload), number(&frame.payload[4..])));
            }
        }
        all
    }

    async fn end(self) -> ConnectionEnd {
        drop(self.io);
        self.serving.await.unwrap()
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// Returns the error code of a reset.
fn code(frame: &Frame) -> u32 {
    number(&frame.payload)
}

// Error codes (RFC 9113 §7).
const NO_ERROR: u32 = 0;
const PROTOCOL_ERROR: u32 = 1;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// The last stream of a farewell that names none (RFC 9113 §6.8).
const ALL: u32 = u32::MAX >> 1;

/// Rounds down, since timers go off up to a millisecond late.
fn seconds(since: Instant) -> u64 {
    since.elapsed().as_secs()
}

/// hyper's client, for what is not about frames.
struct Client {
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    async fn open<S: Service>(config: ConnectionConfig<S>) -> Self {
        let Raw { io, .. } = Raw::silent(config);
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(io))
            .await
            .unwrap();
        tokio::spawn(connection);
        Self { sender }
    }

    async fn send(&mut self, request: http::Request<&'static str>) -> http::Response<String> {
        let request = request.map(|body| Full::new(Bytes::from_static(body.as_bytes())));
        let response = self.sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        http::Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&mut self, path: &str) -> http::Response<String> {
        let uri = format!("http://quay{path}");
        self.send(http::Request::get(uri).body("").unwrap()).await
    }
}

/// Answers after an hour, never to be seen, or at once where the path does not say `/slow`.
async fn slow(request: Request, context: Context) -> Response {
    if request.uri().path() == "/slow" {
        sleep(3600 * SECOND).await;
    }
    echo(request, context).await
}
