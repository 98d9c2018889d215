use std::sync::Mutex;
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

mod credentials;
mod deadlines;
mod direct;
mod errors;
mod exchange;
mod expect;
#[cfg(feature = "http2")]
mod goaway;
mod hostile;
#[cfg(feature = "http2")]
mod http2;
mod kept;
mod limits;
mod middleware;
mod observer;
mod redirects;
mod stale;

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
        self.try_head().await.expect("a request")
    }

    /// Reads a request head; `None` when the connection ends before.
    async fn try_head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        String::from_utf8(head).ok()
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

    /// Tells whether nothing has come that was not read.
    fn is_silent(&mut self) -> bool {
        let mut read = std::pin::pin!(self.0.read_u8());
        let cx = &mut std::task::Context::from_waker(std::task::Waker::noop());
        read.as_mut().poll(cx).is_pending()
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

/// The requests that a server has got, head and body.
#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Vec<String>>>);

impl Requests {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Answers each request on each connection with what `answer` makes of it.
fn answering(
    mut server: Server,
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Requests {
    let (requests, answer) = (Requests::default(), Arc::new(answer));
    let seen = requests.clone();
    tokio::spawn(async move {
        while let Some(far) = server.0.recv().await {
            let (seen, answer) = (seen.clone(), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut peer = Peer(far);
                while let Some(mut request) = peer.try_head().await {
                    if let Some((_, length)) = request.split_once("content-length: ") {
                        let length = length.split("\r\n").next().unwrap().parse().unwrap();
                        request += &peer.read(length).await;
                    }
                    seen.0.lock().unwrap().push(request.clone());
                    if peer.try_write(&answer(&request)).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    requests
}

/// Returns the first line of a request without the version, and its host.
fn line(request: &str) -> String {
    let (line, _) = request.split_once(" HTTP/1.1\r\n").unwrap();
    format!("{line} {}", field(request, "host").unwrap())
}

/// Returns the value of a field of a request, of which there is one at most.
fn field<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = request.split_once("\r\n\r\n").unwrap();
    let mut fields = head.split("\r\n").filter_map(|field| {
        let (other, value) = field.split_once(": ")?;
        (other == name).then_some(value)
    });
    let first = fields.next();
    assert!(fields.next().is_none(), "{request}");
    first
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Answers `/` with a redirect of this status and location, and everything else with 200.
fn redirecting(status: u16, location: &str) -> impl Fn(&str) -> String + Send + Sync + 'static {
    let redirect = format!(
        "HTTP/1.1 {status} X\r\nlocation: {location}\r\nset-cookie: hop=1; Path=/\r\ncontent-length: 4\r\n\r\ngone"
    );
    move |request| {
        let first = request.split(' ').nth(1) == Some("/");
        let host = field(request, "host") == Some("quay.test");
        if first && host {
            redirect.clone()
        } else {
            OK.to_owned()
        }
    }
}
