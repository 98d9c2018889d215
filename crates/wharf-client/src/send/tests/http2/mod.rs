//! HTTP/2, as frames where they matter.

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;

use super::*;
use crate::config::Http2Config;

mod leaving;
mod messages;
mod sharing;
mod silence;

fn shared_with(
    config: Http2Config,
    change: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Client, Server) {
    let config = config.prior_knowledge(true);
    pair_with(|builder| change(builder.http2(config)))
}

fn shared() -> (Client, Server) {
    shared_with(Http2Config::new(), |builder| builder)
}

/// Sends requests in tasks of their own, one after the other.
async fn sending(
    client: &Client,
    paths: impl IntoIterator<Item = u32>,
) -> Vec<tokio::task::JoinHandle<Result<Response, Error>>> {
    let mut tasks = Vec::new();
    for path in paths {
        let request = client.get(format!("/{path}"));
        tasks.push(tokio::spawn(request.send()));
        settle().await;
    }
    tasks
}

/// Lets all tasks go on as far as they can without time passing.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Fails where it would wait for ever, in paused time.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(seconds(300), future).await;
    result.expect("nothing comes")
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame (RFC 9113 §4.1).
#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

/// The far end of a connection, frame by frame.
struct Frames {
    pipe: DuplexStream,
    /// Whether pings are answered.
    awake: bool,
}

impl Frames {
    /// Takes a connection and allows so many streams.
    async fn accept(server: &mut Server, streams: u32) -> Self {
        let mut pipe = in_time(server.0.recv()).await.unwrap();
        let mut preface = [0; 24];
        pipe.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut frames = Self { pipe, awake: true };
        frames.allow(streams).await;
        frames
    }

    /// Says how many streams may be open: SETTINGS_MAX_CONCURRENT_STREAMS.
    async fn allow(&mut self, streams: u32) {
        let mut payload = vec![0, 3];
        payload.extend(streams.to_be_bytes());
        self.write(SETTINGS, 0, 0, &payload).await;
    }

    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.pipe.write_all(&frame).await.unwrap();
    }

    /// Reads the next frame; `None` at the end.
    async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.pipe.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.pipe.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        })
    }

    /// Reads until a frame of a kind comes, and returns its stream; settings and pings are acknowledged.
    async fn next(&mut self, kind: u8) -> u32 {
        loop {
            let frame = in_time(self.read()).await.expect("another frame");
            if frame.kind == kind {
                return frame.stream;
            }
            self.acknowledge(&frame).await;
        }
    }

    async fn acknowledge(&mut self, frame: &Frame) {
        let asks = frame.flags & ACK == 0;
        match frame.kind {
            SETTINGS if asks => self.write(SETTINGS, ACK, 0, &[]).await,
            PING if asks && self.awake => self.write(PING, ACK, 0, &frame.payload).await,
            _ => {}
        }
    }

    /// Reads so many requests, and returns their streams.
    async fn requests(&mut self, count: usize) -> Vec<u32> {
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(self.next(HEADERS).await);
        }
        streams
    }

    /// Reads as long as something comes, and returns the streams of further requests.
    async fn rest(&mut self) -> Vec<u32> {
        let mut streams = Vec::new();
        while let Ok(Some(frame)) =
            tokio::time::timeout(Duration::from_millis(1), self.read()).await
        {
            if frame.kind == HEADERS {
                streams.push(frame.stream);
            }
            self.acknowledge(&frame).await;
        }
        streams
    }

    /// Answers 200 with nothing.
    async fn answer(&mut self, stream: u32) {
        self.write(HEADERS, END_HEADERS | END_STREAM, stream, STATUS_200)
            .await;
    }

    async fn reset(&mut self, stream: u32, reason: h2::Reason) {
        let code = u32::from(reason).to_be_bytes();
        self.write(RST_STREAM, 0, stream, &code).await;
    }

    /// Takes no streams above `last` any more.
    async fn go_away(&mut self, last: u32) {
        let mut payload = last.to_be_bytes().to_vec();
        payload.extend([0; 4]);
        self.write(GOAWAY, 0, 0, &payload).await;
    }
}

/// `:status: 200` in HPACK (RFC 7541 appendix A).
const STATUS_200: &[u8] = &[0x88];

type Asked = (http::Request<RecvStream>, SendResponse<Bytes>);

/// Serves one connection with a real server, and hands each request to `handle`.
async fn serving<F: Future<Output = ()> + Send + 'static>(
    server: &mut Server,
    streams: u32,
    handle: impl Fn(Asked) -> F + Send + 'static,
) {
    let pipe = server.0.recv().await.unwrap();
    tokio::spawn(async move {
        let mut builder = h2::server::Builder::new();
        let handshake = builder.max_concurrent_streams(streams).handshake(pipe);
        let mut connection = handshake.await.unwrap();
        while let Some(Ok(asked)) = connection.accept().await {
            tokio::spawn(handle(asked));
        }
    });
}
