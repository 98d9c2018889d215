//! [`Socket`], the stream of a connection with the bytes that wait to be sent in one piece.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::flow::Flow;

/// The most that is corked, in bytes.
pub(crate) const CORK: usize = 64 * 1024;

pub(crate) struct Socket<IO> {
    io: IO,
    cork: Vec<u8>,
    /// How much of the cork the socket has taken.
    sent: usize,
    /// Where the cork is cut: what comes before is not sent together with what comes after. In order; hardly ever any.
    cuts: VecDeque<usize>,
    /// The clock runs because of a flush.
    flush_blocked: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Socket<IO> {
    pub(crate) fn new(io: IO) -> Self {
        Self {
            io,
            cork: Vec::new(),
            sent: 0,
            cuts: VecDeque::new(),
            flush_blocked: false,
        }
    }

    /// Returns the stream; what is corked is lost.
    #[cfg(all(feature = "http1", feature = "http2"))]
    pub(crate) fn into_io(self) -> IO {
        self.io
    }

    /// Returns how many bytes are corked.
    pub(crate) fn waiting(&self) -> usize {
        self.cork.len() - self.sent
    }

    /// Corks `bytes`, after those that are corked already.
    pub(crate) fn cork(&mut self, bytes: &[u8]) {
        self.cork.extend_from_slice(bytes);
    }

    /// Cuts the cork before its last `bytes`: the socket is given what comes before and what comes after one after the other.
    #[cfg(feature = "http2")]
    pub(crate) fn cut(&mut self, bytes: usize) {
        let at = self.cork.len().saturating_sub(bytes);
        if at > self.sent {
            self.cuts.push_back(at);
        }
    }

    /// Takes bytes of wharf's own to send after those that are corked.
    pub(crate) fn append(&mut self, bytes: &[u8], flow: &Flow) {
        self.cork(bytes);
        flow.accepted.add(bytes.len() as u64);
    }

    /// Offers `pieces` to the socket, past the cork, and keeps account of its patience.
    #[cfg(feature = "http1")]
    #[inline]
    pub(crate) fn send(
        &mut self,
        cx: &mut Context<'_>,
        flow: &Flow,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.poll_write(cx, pieces);
        keep_account(polled, flow)
    }

    /// Sends a part of what is corked; returns whether any is left.
    pub(crate) fn poll_push_some(
        &mut self,
        cx: &mut Context<'_>,
        flow: &Flow,
    ) -> Poll<io::Result<bool>> {
        if self.cork.is_empty() {
            return Poll::Ready(Ok(false));
        }
        let end = self.cuts.front().copied().unwrap_or(self.cork.len());
        let polled = Pin::new(&mut self.io).poll_write(cx, &self.cork[self.sent..end]);
        let taken = ready!(keep_account(polled, flow))?;
        if taken == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.sent += taken;
        if self.cuts.front() == Some(&self.sent) {
            self.cuts.pop_front();
        }
        if self.sent == self.cork.len() {
            self.cork.clear();
            self.sent = 0;
        }
        Poll::Ready(Ok(!self.cork.is_empty()))
    }

    /// Sends all that is corked.
    pub(crate) fn poll_push(&mut self, cx: &mut Context<'_>, flow: &Flow) -> Poll<io::Result<()>> {
        while ready!(self.poll_push_some(cx, flow))? {}
        Poll::Ready(Ok(()))
    }

    /// Writes past the cork.
    #[cfg(feature = "http1")]
    #[inline]
    pub(crate) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        match pieces {
            // `send` takes the kernel less than `writev`.
            [only] => io.poll_write(cx, only),
            several => io.poll_write_vectored(cx, several),
        }
    }

    /// Tells whether several pieces can be written at a time.
    #[cfg(feature = "http1")]
    pub(crate) fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// Flushes the socket: what TLS has taken may still wait for it, with the same patience.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>, flow: &Flow) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        let since = flow.blocked_since.get();
        if flushed.is_pending() && since == 0 {
            flow.blocked_since.set(flow.now());
            self.flush_blocked = true;
        } else if flushed.is_ready() && self.flush_blocked {
            self.flush_blocked = false;
            if since != 0 {
                flow.slow.add(flow.now().saturating_sub(since));
                flow.blocked_since.set(0);
            }
        }
        flushed
    }

    /// Flushes the socket and closes its sending side.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

/// Adds what the socket took to the account, or since when it takes nothing.
#[inline]
fn keep_account(polled: Poll<io::Result<usize>>, flow: &Flow) -> Poll<io::Result<usize>> {
    match &polled {
        Poll::Ready(Ok(taken)) => {
            flow.written.add(*taken as u64);
            let since = flow.blocked_since.get();
            if since != 0 {
                flow.slow.add(flow.now().saturating_sub(since));
                flow.blocked_since.set(0);
            }
        }
        Poll::Ready(Err(_)) => {}
        Poll::Pending => {
            if flow.blocked_since.get() == 0 {
                flow.blocked_since.set(flow.now());
            }
        }
    }
    polled
}
