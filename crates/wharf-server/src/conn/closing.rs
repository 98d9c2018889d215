//! The end of a connection: what is left is sent, the sending side closed, and an unread request read past.
//!
//! A socket that is closed over unread bytes sends a reset, and the reset destroys what the client has not read yet:
//! the answer. So whoever answers early closes only its sending side first, and reads on for a while (RFC 9112 §9.6).

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};
use wharf_http::{Connection, Signal};

use super::ConnectionEnd;
use super::config::Settings;
use super::flow::Flow;
use super::socket::Socket;

/// A connection without hyper.
pub(super) struct Closing<'a, IO> {
    pub(super) socket: Socket<IO>,
    pub(super) flow: &'a Flow,
    pub(super) connection: &'a Connection,
    pub(super) settings: &'a Settings,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Closing<'_, IO> {
    /// Sends what is left and closes; reads past what the client still sends when some of it is `unread`.
    pub(super) async fn close(self, unread: bool) -> ConnectionEnd {
        let gap = self.settings.timeouts.lingering_close;
        let total = self.settings.timeouts.lingering_close_total;
        self.close_and_linger(gap.filter(|_| unread), total).await
    }

    /// Sends what is left and closes; reads past what is under way from a client that is about to close too, such as
    /// windows that it opens.
    #[cfg(feature = "http2")]
    pub(super) async fn close_politely(self, limit: Duration) -> ConnectionEnd {
        self.close_and_linger(Some(limit), limit).await
    }

    async fn close_and_linger(mut self, gap: Option<Duration>, total: Duration) -> ConnectionEnd {
        let abort = &self.settings.abort;
        match unless(abort, send(&mut self.socket, self.flow, self.settings)).await {
            Some(Ok(())) => {}
            Some(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                return ConnectionEnd::TooSlow;
            }
            Some(Err(_)) => return ConnectionEnd::ClientLeft,
            None => return ConnectionEnd::Cut,
        }
        if let Some(gap) = gap {
            let shutdown = self.connection.shutdown();
            // Nothing is lost when this is cut: the client had the time to read its answer.
            let _cut = unless(abort, linger(&mut self.socket, gap, total, shutdown)).await;
        }
        ConnectionEnd::Finished
    }
}

/// Sends what is left; an error when the client does not take it in time.
async fn send<IO>(socket: &mut Socket<IO>, flow: &Flow, settings: &Settings) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let limit = settings.timeouts.response_write;
    while within(limit, poll_fn(|cx| socket.poll_push_some(cx, flow))).await?? {}
    within(limit, poll_fn(|cx| socket.poll_close(cx))).await?
}

/// Reads and throws away what the client still sends, until it closes, falls silent or takes too long.
async fn linger<IO>(socket: &mut Socket<IO>, gap: Duration, total: Duration, shutdown: &Signal)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    // A limit that reaches beyond the end of time is none.
    let mut end = Instant::now().checked_add(total);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let silent = Instant::now().checked_add(gap);
        if shutdown.is_fired() {
            end = earlier(end, silent);
        }
        let read = poll_fn(|cx| {
            let mut read = ReadBuf::new(&mut buffer);
            socket
                .poll_read(cx, &mut read)
                .map_ok(|()| read.filled().len())
        });
        let read = match earlier(end, silent) {
            Some(limit) => timeout_at(limit, read).await,
            None => Ok(read.await),
        };
        match read {
            Ok(Ok(1..)) if end.is_none_or(|end| Instant::now() < end) => {}
            // Closed, broken, silent or late.
            Ok(Ok(_)) | Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// Returns the earlier of two times, where `None` is never.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    [one, other].into_iter().flatten().min()
}

/// Waits for `future`, but no longer than `limit`.
async fn within<F: Future>(limit: Option<Duration>, future: F) -> io::Result<F::Output> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future)
            .await
            .map_err(io::Error::from),
        None => Ok(future.await),
    }
}

/// Runs `future` unless `signal` fires first; `None` when it did.
pub(super) async fn unless<F: Future>(signal: &Signal, future: F) -> Option<F::Output> {
    let mut fired = pin!(signal.fired());
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        Pin::as_mut(&mut fired).poll(cx).map(|()| None)
    })
    .await
}
