//! [`Wire`], the adapter between hyper and the socket.
//!
//! It counts bytes, notices a peer that takes none, corks finished answers while more requests are there already, and
//! swallows the answers that hyper gives by itself to heads that do not parse, so that the service can give them.
//!
//! An answer is corked only when it is complete and the socket was not seen empty since its request came: then the next
//! request may be in hyper's buffer already, and its answer can leave in the same packet. hyper never learns of it; it
//! is asked to flush once more when it goes to sleep over corked bytes.
//!
//! hyper copies what it sends into one buffer, which takes the least time where answers are small. A connection that has had a
//! large one is given to hyper anew, as one that takes several pieces at a time: nothing is copied then, and no buffer grows.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::handover::Side;
use super::progress::{Phase, Progress};
use crate::conn::socket::{CORK, Socket};

/// How much is read of a head before hyper reads the rest, in bytes: on the stack, and all of most heads.
pub(super) const FIRST: usize = 1024;

/// Writes of at least this size are never corked.
const LARGE: usize = 16 * 1024;

pub(crate) struct Wire<IO> {
    socket: Socket<IO>,
    progress: Shared,
    /// The socket had nothing to read when it was last asked.
    drained: bool,
    /// What was read without hyper and comes before what the socket has.
    prefix: Bytes,
    /// hyper is told that it may give several pieces at a time.
    gathers: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(crate) fn new(io: IO, progress: Arc<Progress>) -> Self {
        Self {
            socket: Socket::new(io),
            progress: Shared(progress),
            drained: false,
            prefix: Bytes::new(),
            gathers: false,
        }
    }

    /// Takes several pieces at a time from whoever has the wire next.
    pub(super) fn gather(&mut self) {
        self.gathers = true;
    }

    /// Tells whether another request may be there already.
    fn more_may_come(&self) -> bool {
        !self.drained && self.progress.0.handover.get().is_none()
    }

    fn poll_push(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.socket.waiting() > 0 {
            self.progress.0.held.set(false);
        }
        self.socket.poll_push(cx, &self.progress.0.flow)
    }

    /// Corks `pieces` where they are small and more may come, and else offers them to the socket.
    #[inline]
    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let may_cork = match self.progress.0.phase() {
            // Nobody has answered: hyper does, to a head that it could not parse. The service will, in its place.
            Phase::Idle => return Poll::Ready(Ok(length)),
            Phase::Running => false,
            Phase::Ended => self.more_may_come(),
            Phase::Upgraded => {
                ready!(self.poll_push(cx))?;
                let poll = self.socket.poll_write(cx, pieces);
                return self.upgraded(cx, Side::Write, poll);
            }
        };
        let waiting = self.socket.waiting();
        if waiting > 0 && (length >= LARGE || waiting + length > CORK) {
            ready!(self.poll_push(cx))?;
        }
        let taken = if length < LARGE && (may_cork || self.socket.waiting() > 0) {
            for piece in pieces {
                self.socket.cork(piece);
            }
            length
        } else {
            if length >= LARGE && !self.gathers {
                self.progress.0.large.set(true);
            }
            ready!(self.socket.send(cx, &self.progress.0.flow, pieces))?
        };
        self.progress.0.flow.accepted.add(taken as u64);
        Poll::Ready(Ok(taken))
    }

    /// Reads the beginning of what comes without hyper, which has no place for it at this moment.
    pub(super) fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let mut first = [0; FIRST];
        let mut buf = ReadBuf::new(&mut first);
        ready!(self.socket.poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(buf.filled())))
    }

    /// Lets `bytes` be read before what the socket has. They are counted when that happens.
    pub(super) fn put_before(&mut self, bytes: Bytes) {
        self.prefix = bytes;
    }

    /// Tells whether finished answers still wait here.
    pub(super) fn is_empty(&self) -> bool {
        self.socket.waiting() == 0
    }

    #[cold]
    fn read_prefix(&mut self, buf: &mut ReadBuf<'_>) {
        let length = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix.split_to(length));
        self.drained = false;
        self.progress.0.flow.read.add(length as u64);
    }

    /// Returns the socket of a connection that hyper is done with.
    pub(crate) fn into_socket(self) -> Socket<IO> {
        self.socket
    }

    /// Tells whether an upgraded connection was cut, and sees to it that whoever is woken by `cx` learns of it.
    fn upgraded<T>(
        &self,
        cx: &Context<'_>,
        side: Side,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match self.progress.0.handover.get() {
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
        if !this.prefix.is_empty() {
            this.read_prefix(buf);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let poll = this.socket.poll_read(cx, buf);
        match poll {
            Poll::Ready(Ok(())) => {
                this.drained = false;
                this.progress
                    .0
                    .flow
                    .read
                    .add((buf.filled().len() - before) as u64);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                this.drained = true;
                // No request is there whose answer could join the corked ones.
                if this.progress.0.phase() == Phase::Idle
                    && let Poll::Ready(Err(error)) = this.poll_push(cx)
                {
                    return Poll::Ready(Err(error));
                }
            }
        }
        if this.progress.0.phase() == Phase::Upgraded {
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
        self.get_mut().poll_send(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_send(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.gathers && self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.socket.waiting() == 0 {
            ready!(this.socket.poll_flush(cx, &this.progress.0.flow))?;
        } else if this.progress.0.phase() == Phase::Ended && this.more_may_come() {
            this.progress.0.held.set(true);
        } else {
            ready!(this.poll_push(cx))?;
            ready!(this.socket.poll_flush(cx, &this.progress.0.flow))?;
        }
        this.progress.0.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.progress.0.phase() == Phase::Upgraded {
            ready!(this.poll_push(cx))?;
            let poll = this.socket.poll_close(cx);
            return this.upgraded(cx, Side::Write, poll);
        }
        // The connection takes the wire back and closes it in its own way.
        Poll::Ready(Ok(()))
    }
}

/// Tells that the wire is gone, which matters when the application has it.
struct Shared(Arc<Progress>);

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(handover) = self.0.handover.get() {
            handover.gone.fire();
        }
    }
}
