//! A client of HTTP/2 that speaks in frames (RFC 9113 §4), and tells what it hears in words.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Kinds and flags of frames (RFC 9113 §6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// One connection, whose only request is on stream 1. It agrees to whatever the server asks for, as clients do.
pub(crate) struct Frames<IO> {
    io: IO,
    unread: String,
    /// The last stream that each farewell of the server named.
    farewells: Vec<u32>,
    /// Nothing but the rest of the head may be sent (RFC 9113 §6.10).
    within_head: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Frames<IO> {
    /// Sends what every client begins with, and waits for the server to do the same.
    pub(crate) async fn open(io: IO) -> Self {
        let mut frames = Self {
            io,
            unread: String::new(),
            farewells: Vec::new(),
            within_head: false,
        };
        frames.send(PREFACE).await;
        frames.send(&frame(SETTINGS, 0, 0, &[])).await;
        frames.until("settings;").await;
        frames
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.expect("the server reads");
    }

    pub(crate) async fn get(&mut self, path: &str) {
        let block = fields(&[
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", "quay.test"),
            (":path", path),
        ]);
        self.send(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block))
            .await;
    }

    /// Sends the beginning of a head.
    pub(crate) async fn half_a_head(&mut self) {
        let block = fields(&[(":method", "GET"), (":scheme", "http")]);
        self.send(&frame(HEADERS, END_STREAM, 1, &block)).await;
        self.within_head = true;
    }

    /// Asks for another protocol on the stream (RFC 8441 §4).
    pub(crate) async fn connect(&mut self, path: &str) {
        let block = fields(&[
            (":method", "CONNECT"),
            (":protocol", "parrot"),
            (":scheme", "http"),
            (":authority", "quay.test"),
            (":path", path),
        ]);
        self.send(&frame(HEADERS, END_HEADERS, 1, &block)).await;
    }

    /// Sends a piece of a body.
    pub(crate) async fn data(&mut self, text: &str) {
        self.send(&frame(DATA, 0, 1, text.as_bytes())).await;
    }

    /// Reads one frame and says what it is; `None` when the server has closed, a reset counts as that.
    async fn frame(&mut self) -> Option<String> {
        let mut head = [0; 9];
        self.io.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.io.read_exact(&mut payload).await.ok()?;
        let (kind, flags) = (head[3], head[4]);
        let text = match kind {
            DATA => String::from_utf8(payload).expect("the tests speak text"),
            HEADERS => "head".to_owned(),
            RST_STREAM => format!("reset {}", number(&payload)),
            SETTINGS if flags & ACK == 0 => {
                self.agree(&frame(SETTINGS, ACK, 0, &[])).await;
                "settings".to_owned()
            }
            PING if flags & ACK == 0 => {
                self.agree(&frame(PING, ACK, 0, &payload)).await;
                return Some(String::new());
            }
            GOAWAY => {
                self.farewells.push(number(&payload));
                return Some(String::new());
            }
            _ => return Some(String::new()),
        };
        let is_last = matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
        Some(text + ";" + if is_last { "end;" } else { "" })
    }

    /// Sends what the server waits for, unless it waits for nothing any more.
    async fn agree(&mut self, bytes: &[u8]) {
        if !self.within_head {
            let _gone = self.io.write_all(bytes).await;
        }
    }

    /// Reads up to and with `end`, and returns it all.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.unread.find(end) {
                let rest = self.unread.split_off(at + end.len());
                return std::mem::replace(&mut self.unread, rest);
            }
            let words = timeout(PATIENCE, self.frame())
                .await
                .unwrap_or_else(|_| panic!("no `{end}` after `{}`", self.unread))
                .unwrap_or_else(|| panic!("the end instead of `{end}` after `{}`", self.unread));
            self.unread += &words;
        }
    }

    /// Returns the last stream that each farewell named which was read.
    pub(crate) fn farewells(&self) -> &[u32] {
        &self.farewells
    }

    /// Reads to the end and returns it all.
    pub(crate) async fn rest(&mut self) -> String {
        let all = async {
            while let Some(words) = self.frame().await {
                self.unread += &words;
            }
        };
        if timeout(PATIENCE, all).await.is_err() {
            panic!("no end after `{}`", self.unread);
        }
        std::mem::take(&mut self.unread)
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("the tests send little");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
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
            block.push(u8::try_from(text.len()).expect("one byte of length"));
            block.extend(text.bytes());
        }
    }
    block
}

fn number(payload: &[u8]) -> u32 {
    let bytes = payload.first_chunk().expect("a payload of four bytes");
    u32::from_be_bytes(*bytes)
}
