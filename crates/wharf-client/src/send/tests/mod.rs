use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use wharf_http::{Body, BoxError};

use super::*;
use crate::connect::{Stream, Target};
use crate::{Client, ClientBuilder, Connector, Phase, PoolConfig};

mod errors;
mod exchange;
mod kept;
mod limits;
mod observed;

/// Hands the far end of each connection to the test.
struct Pipes(mpsc::UnboundedSender<DuplexStream>);

impl Connector for Pipes {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        let (near, far) = duplex(64 * 1024);
        self.0.send(far)?;
        Ok(Stream::new(near))
    }
}

/// The far ends of all connections of a client.
struct Server(mpsc::UnboundedReceiver<DuplexStream>);

impl Server {
    async fn accept(&mut self) -> Peer {
        Peer(self.0.recv().await.unwrap())
    }

    /// Tells whether no connection was opened that the test did not accept.
    fn is_quiet(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

/// The far end of one connection.
struct Peer(DuplexStream);

impl Peer {
    /// Reads a request head, byte by byte so that nothing of the body is taken.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    async fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn try_write(&mut self, text: &str) -> std::io::Result<()> {
        self.0.write_all(text.as_bytes()).await
    }

    async fn answer(&mut self, text: &str) -> String {
        let head = self.head().await;
        self.write(text).await;
        head
    }

    /// Waits until the client has closed its end.
    async fn closed(&mut self) -> bool {
        self.0.read_u8().await.is_err()
    }
}

fn pair_with(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Client, Server) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let builder = Client::builder()
        .base("http://quay.test/")
        .connector(Pipes(sender));
    (change(builder).build().unwrap(), Server(receiver))
}

fn pair() -> (Client, Server) {
    pair_with(|builder| builder)
}

/// Sends a `GET /` that a new connection answers with `bytes` and then stays open.
async fn get(client: &Client, server: &mut Server, bytes: &str) -> (Result<Response, Error>, Peer) {
    tokio::join!(client.get("/").send(), async {
        let mut peer = server.accept().await;
        peer.answer(bytes).await;
        peer
    })
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
