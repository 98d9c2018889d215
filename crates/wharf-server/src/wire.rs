//! [`Wire`], the adapter between hyper and the socket.
//!
//! It counts bytes, notices a peer that takes none, corks finished answers while more requests are there already, and
//! swallows the answers that hyper gives by itself to heads that do not parse, so that the service can give them.
//!
//! An answer is corked only when it is complete and the socket was not seen empty since its request came: then the next
//! request may be in hyper's buffer already, and its answer can leave in the same packet. hyper never learns of it; it
//! is asked to flush once more when it goes to sleep over corked bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::conn::handover::Side;
use crate::conn::progress::{Phase, Progress};

/// Writes of at least this size are never corked.
const LARGE: usize = 16 * 1024;

/// The most that is corked.
const CORK: usize = 64 * 1024;

pub(crate) struct Wire<IO> {
    io: IO,
    progress: Arc<Progress>,
    cork: Vec<u8>,
    /// How much of the cork the socket has taken.
    sent: usize,
    /// The socket had nothing to read when it was last asked.
    drained: bool,
    /// The clock runs because of a flush.
    flush_blocked: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(crate) fn new(io: IO, progress: Arc<Progress>) -> Self {
        Self {
            io,
            progress,
            cork: Vec::new(),
            sent: 0,
            drained: false,
            flush_blocked: false,
        }
    }

    /// Tells whether another request may be there already.
    fn more_may_come(&self) -> bool {
        !self.drained && self.progress.handover.get().is_none()
    }

    /// Offers `bytes` to the socket, or the corked ones, and keeps account of its patience.
    fn send(&mut self, cx: &mut Context<'_>, bytes: Option<&[u8]>) -> Poll<io::Result<usize>> {
        let bytes = bytes.unwrap_or(&self.cork[self.sent..]);
        let progress = &self.progress;
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Ready(Ok(taken)) => {
                progress.written.add(taken as u64);
                let since = progress.blocked_since.get();
                if since != 0 {
                    progress.slow.add(progress.now().saturating_sub(since));
                    progress.blocked_since.set(0);
                }
                Poll::Ready(Ok(taken))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                if progress.blocked_since.get() == 0 {
                    progress.blocked_since.set(progress.now());
                }
                Poll::Pending
            }
        }
    }

    /// Sends a part of what is corked; returns whether any is left.
    pub(crate) fn poll_push_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.cork.is_empty() {
            return Poll::Ready(Ok(false));
        }
        self.progress.held.set(false);
        let taken = ready!(self.send(cx, None))?;
        if taken == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.sent += taken;
        if self.sent == self.cork.len() {
            self.cork.clear();
            self.sent = 0;
        }
        Poll::Ready(Ok(!self.cork.is_empty()))
    }

    /// Flushes the socket: what TLS has taken may still wait for it, with the same patience.
    fn poll_flush_io(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = &self.progress;
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        let since = progress.blocked_since.get();
        if flushed.is_pending() && since == 0 {
            progress.blocked_since.set(progress.now());
            self.flush_blocked = true;
        } else if flushed.is_ready() && self.flush_blocked {
            self.flush_blocked = false;
            if since != 0 {
                progress.slow.add(progress.now().saturating_sub(since));
                progress.blocked_since.set(0);
            }
        }
        flushed
    }

    fn poll_push(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while ready!(self.poll_push_some(cx))? {}
        Poll::Ready(Ok(()))
    }

    /// Takes bytes of wharf's own to send after those that are corked.
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.cork.extend_from_slice(bytes);
        self.progress.accepted.add(bytes.len() as u64);
    }

    /// Flushes the socket and closes its sending side.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// Reads without hyper.
    pub(crate) fn poll_read_raw(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }

    /// Tells whether an upgraded connection was cut, and sees to it that whoever is woken by `cx` learns of it.
    fn upgraded<T>(
        &self,
        cx: &Context<'_>,
        side: Side,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match self.progress.handover.get() {
            Some(handover) if handover.is_cut() => Poll::Ready(Err(cut())),
            Some(handover) if poll.is_pending() && !handover.wait(side, cx) => {
                Poll::Ready(Err(cut()))
            }
            _ => poll,
        }
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the server has shut down")
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let poll = Pin::new(&mut this.io).poll_read(cx, buf);
        match poll {
            Poll::Ready(Ok(())) => {
                this.drained = false;
                this.progress.read.add((buf.filled().len() - before) as u64);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                this.drained = true;
                // No request is there whose answer could join the corked ones.
                if this.progress.phase() == Phase::Idle
                    && let Poll::Ready(Err(error)) = this.poll_push(cx)
                {
                    return Poll::Ready(Err(error));
                }
            }
        }
        if this.progress.phase() == Phase::Upgraded {
            return this.upgraded(cx, Side::Read, poll);
        }
        poll
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let may_cork = match this.progress.phase() {
            // Nobody has answered: hyper does, to a head that it could not parse. The service will, in its place.
            Phase::Idle => return Poll::Ready(Ok(bytes.len())),
            Phase::Running => false,
            Phase::Ended => this.more_may_come(),
            Phase::Upgraded => {
                ready!(this.poll_push(cx))?;
                let poll = Pin::new(&mut this.io).poll_write(cx, bytes);
                return this.upgraded(cx, Side::Write, poll);
            }
        };
        let waiting = this.cork.len() - this.sent;
        if waiting > 0 && (bytes.len() >= LARGE || waiting + bytes.len() > CORK) {
            ready!(this.poll_push(cx))?;
        }
        let taken = if bytes.len() < LARGE && (may_cork || !this.cork.is_empty()) {
            this.cork.extend_from_slice(bytes);
            bytes.len()
        } else {
            ready!(this.send(cx, Some(bytes)))?
        };
        this.progress.accepted.add(taken as u64);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.cork.is_empty() {
            ready!(this.poll_flush_io(cx))?;
        } else if this.progress.phase() == Phase::Ended && this.more_may_come() {
            this.progress.held.set(true);
        } else {
            ready!(this.poll_push(cx))?;
            ready!(this.poll_flush_io(cx))?;
        }
        this.progress.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.progress.phase() == Phase::Upgraded {
            ready!(this.poll_push(cx))?;
            let poll = Pin::new(&mut this.io).poll_shutdown(cx);
            return this.upgraded(cx, Side::Write, poll);
        }
        // The connection takes the wire back and closes it in its own way.
        Poll::Ready(Ok(()))
    }
}

impl<IO> Drop for Wire<IO> {
    fn drop(&mut self) {
        if let Some(handover) = self.progress.handover.get() {
            handover.gone.fire();
        }
    }
}
