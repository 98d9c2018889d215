//! Connections that have had a large answer.

use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::*;

const LENGTH: usize = 64 * 1024;
static LARGE: [u8; LENGTH] = [b'a'; LENGTH];
const GET_LARGE: &str = "GET /large HTTP/1.1\r\nHost: quay\r\n\r\n";

async fn answer(request: Request, _context: Context) -> Response {
    Response::new(match request.uri().path() {
        "/large" => Body::from(&LARGE[..]),
        _ => Body::from("small"),
    })
}

/// How one write was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offer {
    pieces: usize,
    /// A piece is memory of the answer itself.
    uncopied: bool,
}

/// Notes what it is offered to write.
struct Noting {
    io: DuplexStream,
    gathers: bool,
    offers: Arc<Mutex<Vec<Offer>>>,
}

impl Noting {
    fn note(&self, pieces: &[IoSlice<'_>]) {
        let uncopied = |piece: &IoSlice<'_>| LARGE.as_ptr_range().contains(&piece.as_ptr());
        self.offers.lock().unwrap().push(Offer {
            pieces: pieces.len(),
            uncopied: pieces.iter().any(uncopied),
        });
    }
}

impl AsyncRead for Noting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Noting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.note(&[IoSlice::new(buf)]);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.note(bufs);
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.gathers
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Serves a connection to a socket that may take several pieces at a time.
fn noting(gathers: bool) -> (Client, impl Fn() -> Vec<Offer>) {
    let offers = Arc::new(Mutex::new(Vec::new()));
    let (io, server) = duplex(1 << 20);
    let noting = Noting {
        io: server,
        gathers,
        offers: Arc::clone(&offers),
    };
    let serving = serve_connection(noting, Connection::memory(), config(answer));
    let serving = tokio::spawn(serving);
    let take = move || std::mem::take(&mut *offers.lock().unwrap());
    (Client { io, serving }, take)
}

fn is_large(answer: &str) -> bool {
    answer.bytes().filter(|&byte| byte == b'a').count() >= LENGTH
}

#[tokio::test(start_paused = true)]
async fn the_next_large_answers_are_not_copied() {
    let (mut client, offers) = noting(true);
    client.send(GET_LARGE).await;
    assert!(is_large(&client.answer().await));
    assert!(offers().iter().all(|offer| !offer.uncopied));
    for _ in 0..3 {
        client.send(GET_LARGE).await;
        assert!(is_large(&client.answer().await));
        let whole = Offer {
            pieces: 2,
            uncopied: true,
        };
        assert_eq!(offers(), [whole], "head and body in one write");
    }
    client.send(GET.repeat(3)).await;
    for _ in 0..3 {
        assert!(client.answer().await.ends_with("small"));
    }
    let corked = Offer {
        pieces: 1,
        uncopied: false,
    };
    assert_eq!(offers(), [corked], "small answers leave together");
    client.send(format!("{GET}{GET_LARGE}{GET}")).await;
    assert!(client.answer().await.ends_with("small"));
    assert!(is_large(&client.answer().await));
    assert!(client.answer().await.ends_with("small"));
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_takes_one_piece_at_a_time_gets_one() {
    let (mut client, offers) = noting(false);
    for _ in 0..3 {
        client.send(GET_LARGE).await;
        assert!(is_large(&client.answer().await));
        assert!(offers().iter().all(|offer| offer.pieces == 1));
    }
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn what_has_come_of_the_next_head_is_kept() {
    for cut in 0..GET_LARGE.len() {
        let (begun, rest) = GET_LARGE.split_at(cut);
        let (mut client, _) = noting(true);
        for _ in 0..2 {
            client.send(format!("{GET_LARGE}{begun}")).await;
            assert!(is_large(&client.answer().await), "{cut}");
            tokio::time::sleep(Duration::from_millis(1)).await;
            client.send(rest).await;
            assert!(is_large(&client.answer().await), "{cut}");
        }
        assert_eq!(client.end().await, ConnectionEnd::Finished);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_parked_and_shut_down_like_any_other() {
    let (mut client, offers) = noting(true);
    for _ in 0..2 {
        client.send(GET_LARGE).await;
        assert!(is_large(&client.answer().await));
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert!(offers().last().unwrap().uncopied);
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert_eq!(client.rest().await, "", "idle for too long");
    assert_eq!(client.serving.await.unwrap(), ConnectionEnd::Finished);
}
