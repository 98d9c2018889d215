mod any_bytes;
mod ends;
mod heads;
mod large;
mod limits;
mod log;
mod parking;
mod rejected;
mod semantics;
mod sockets;

use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use wharf_http::{Body, Connection, Context, Request, Response, Service};

use crate::Http2Config;
use crate::conn::tests::{Pieces, config, echo};
use crate::conn::{ConnectionConfig, ConnectionEnd, serve_connection};

/// A client on an in-memory pipe and the connection that serves it.
struct Client {
    io: DuplexStream,
    serving: JoinHandle<ConnectionEnd>,
}

impl Client {
    fn open<S: Service>(config: ConnectionConfig<S>) -> Self {
        Self::over(config, Connection::memory(), 1 << 20)
    }

    fn over<S: Service>(config: ConnectionConfig<S>, connection: Connection, pipe: usize) -> Self {
        let (io, server) = duplex(pipe);
        let serving = tokio::spawn(serve_connection(server, connection, config));
        Self { io, serving }
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.io.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads one answer whose length is known.
    async fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(self.io.read_u8().await.expect("an answer"));
        }
        let head = String::from_utf8(answer.clone()).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let start = answer.len();
        answer.resize(start + length, 0);
        self.io.read_exact(&mut answer[start..]).await.unwrap();
        masked(&answer)
    }

    /// Reads until the server closes.
    async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        self.io.read_to_end(&mut rest).await.unwrap();
        masked(&rest)
    }

    async fn end(self) -> ConnectionEnd {
        drop(self.io);
        self.serving.await.unwrap()
    }
}

/// Replaces what differs from day to day.
fn masked(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::new();
    for line in text.split_inclusive("\r\n") {
        match line.strip_prefix("date: ") {
            Some(date) => {
                httpdate::parse_http_date(date.trim_end()).expect("a date");
                out.push_str("date: now\r\n");
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Sends `bytes` to a connection of its own and returns all that comes back.
async fn exchange<S: Service>(config: ConnectionConfig<S>, bytes: impl AsRef<[u8]>) -> String {
    let mut client = Client::open(config);
    client.send(bytes).await;
    client.io.shutdown().await.unwrap();
    client.rest().await
}

const GET: &str = "GET / HTTP/1.1\r\nHost: quay\r\n\r\n";

/// Sends a head and checks status and a part of the reason.
async fn check(section: &str, head: &str, status: u16, says: &str) {
    let http1_only = Http2Config::new().prior_knowledge(false);
    let mut client = Client::open(config(echo).http2(http1_only));
    client.send(head).await;
    let answer = client.answer().await;
    let line = answer.lines().next().unwrap();
    assert_eq!(
        line.split(' ').nth(1).unwrap(),
        status.to_string(),
        "{section}: {head:?} -> {answer}"
    );
    assert!(answer.contains(says), "{section}: {head:?} -> {answer}");
}

fn with_host(host: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

fn with_field(field: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: quay\r\n{field}\r\n\r\n")
}

fn with_target(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: quay\r\n\r\n")
}
