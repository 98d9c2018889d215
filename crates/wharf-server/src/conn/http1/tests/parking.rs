//! Connections that have nothing to say for a while, and what comes after.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};
use wharf_http::Signal;
use wharf_http::signal::Tasks;

use super::super::wire::FIRST;
use super::*;
use crate::stats::Stats;

const WHILE: Duration = Duration::from_secs(4);

/// Tells how large the place is into which was last to be read.
struct Observed {
    io: DuplexStream,
    place: Arc<AtomicUsize>,
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.place.store(buf.remaining(), Ordering::Relaxed);
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Serves a connection to an observed socket.
fn observed(config: ConnectionConfig<impl Service>) -> (Client, Arc<AtomicUsize>) {
    let place = Arc::new(AtomicUsize::new(0));
    let (io, server) = duplex(1 << 20);
    let observed = Observed {
        io: server,
        place: Arc::clone(&place),
    };
    let serving = tokio::spawn(serve_connection(observed, Connection::memory(), config));
    (Client { io, serving }, place)
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_gives_its_buffers_back_and_serves_on() {
    let (mut client, place) = observed(config(echo));
    let body = "0123456789".repeat(2_000);
    for _ in 0..3 {
        client.send(GET).await;
        assert!(client.answer().await.ends_with("GET / "));
        sleep(Duration::from_secs(1)).await;
        assert!(place.load(Ordering::Relaxed) >= 4096, "it is in use");
        sleep(WHILE).await;
        assert_eq!(place.load(Ordering::Relaxed), FIRST, "it waits for little");
        // A head in two parts, and more than is read at first.
        client.send("P").await;
        sleep(WHILE).await;
        let rest = format!(
            "OST /long HTTP/1.1\r\nHost: quay\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        client.send(rest).await;
        let answer = client.answer().await;
        assert!(answer.ends_with(&format!("POST /long {body}")), "{answer}");
        sleep(WHILE).await;
        client.send(format!("{GET}{GET}")).await;
        client.answer().await;
        assert!(client.answer().await.ends_with("GET / "));
    }
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn one_of_many_gives_them_back_soon() {
    let stats = Stats::new();
    let crowd: Vec<_> = (0..1000).map(|_| stats.connection()).collect();
    let (mut client, place) = observed(config(echo).stats(stats.clone()));
    for _ in 0..3 {
        client.send(GET).await;
        assert!(client.answer().await.ends_with("GET / "));
        sleep(Duration::from_millis(10)).await;
        assert!(place.load(Ordering::Relaxed) >= 4096, "it is in use");
        sleep(Duration::from_millis(40)).await;
        assert_eq!(place.load(Ordering::Relaxed), FIRST, "it waits for little");
    }
    drop(crowd);
    client.send(GET).await;
    client.answer().await;
    sleep(Duration::from_secs(1)).await;
    assert!(place.load(Ordering::Relaxed) >= 4096, "it is in use");
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn the_beginning_of_a_head_is_kept() {
    let mut client = Client::open(config(echo));
    for _ in 0..3 {
        client.send(format!("{GET}GET /ha")).await;
        client.answer().await;
        sleep(WHILE).await;
        client.send("lf HTTP/1.1\r\nHost: quay\r\n\r\n").await;
        assert!(client.answer().await.ends_with("GET /half "));
        sleep(WHILE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_later_ends_it() {
    let mut client = Client::open(config(echo));
    client.send(GET).await;
    client.answer().await;
    sleep(WHILE).await;
    let left = Instant::now();
    assert_eq!(client.end().await, ConnectionEnd::Finished);
    assert!(left.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn shutdown_reaches_it() {
    let shutdown = Signal::new();
    let connection = Connection::memory().with_server(shutdown.clone(), Tasks::new());
    let mut client = Client::over(config(echo), connection, 1 << 20);
    client.send(GET).await;
    client.answer().await;
    sleep(WHILE).await;
    let told = Instant::now();
    shutdown.fire();
    assert_eq!(client.rest().await, "");
    assert!(told.elapsed() < Duration::from_secs(1));
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_meets_the_shutdown_is_answered() {
    let shutdown = Signal::new();
    let connection = Connection::memory().with_server(shutdown.clone(), Tasks::new());
    let mut client = Client::over(config(echo), connection, 1 << 20);
    client.send(GET).await;
    client.answer().await;
    sleep(WHILE).await;
    client.send(GET).await;
    shutdown.fire();
    let answer = client.answer().await;
    assert!(answer.ends_with("GET / "), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(client.rest().await, "");
}
