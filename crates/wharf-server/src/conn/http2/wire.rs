//! [`Wire`], the adapter between hyper and the socket of an HTTP/2 connection.
//!
//! It shows all bytes to the [`Table`], and gathers what hyper writes in many small calls: the driver sends it on when hyper
//! has nothing more to say. hyper cannot be taken apart as with HTTP/1, so the wire has two handles, hyper's and the
//! driver's. Both belong to one task: nobody waits for the lock.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::HEADER;
use super::hub::Hub;
use super::table::Table;
use crate::conn::socket::{CORK, Socket};

/// One of the handles.
pub(super) struct Wire<IO> {
    inner: Arc<Mutex<Inner<IO>>>,
}

pub(super) struct Inner<IO> {
    pub(super) socket: Socket<IO>,
    /// What was read before it was known that this is HTTP/2.
    prefix: Bytes,
    pub(super) table: Table,
    hub: Arc<Hub>,
    /// hyper had more to write than there was room for.
    full: bool,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(super) fn new(io: IO, prefix: Bytes, hub: Arc<Hub>) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner {
                socket: Socket::new(io),
                prefix,
                table: Table::new(),
                hub,
                full: false,
            })),
        }
    }

    /// Returns the other handle.
    pub(super) fn handle(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner<IO>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what the handles share, when this is the last of them.
    pub(super) fn into_inner(self) -> Option<Inner<IO>> {
        let inner = Arc::into_inner(self.inner)?;
        Some(inner.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Inner<IO> {
    /// Sends what is gathered, as far as the socket takes it; returns whether hyper waits for the room.
    pub(super) fn push(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        let flow = &self.hub.flow;
        if self.socket.waiting() > 0 {
            if let Poll::Ready(pushed) = self.socket.poll_push(cx, flow) {
                pushed?;
                flow.forgive();
                // Nothing is kept here: for sockets that keep something themselves, such as those of TLS.
                if let Poll::Ready(flushed) = self.socket.poll_flush(cx, flow) {
                    flushed?;
                }
            }
        } else if let Poll::Ready(flushed) = self.socket.poll_flush(cx, flow) {
            flushed?;
        }
        Ok(self.full && self.socket.waiting() < CORK && !std::mem::take(&mut self.full))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        let this = &mut *inner;
        let before = buf.filled().len();
        if this.prefix.is_empty() {
            ready!(this.socket.poll_read(cx, buf))?;
        } else {
            let taken = this.prefix.len().min(buf.remaining());
            buf.put_slice(&this.prefix[..taken]);
            this.prefix.advance(taken);
        }
        let bytes = &buf.filled()[before..];
        let flow = &this.hub.flow;
        flow.read.add(bytes.len() as u64);
        this.table.received(bytes, flow.now());
        this.hub.set_windows(this.table.windows());
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.lock();
        let this = &mut *inner;
        let flow = &this.hub.flow;
        while this.socket.waiting() >= CORK {
            this.full = true;
            ready!(this.socket.poll_push_some(cx, flow))?;
        }
        this.full = false;
        let taken = bytes.len().min(CORK);
        this.socket.append(&bytes[..taken], flow);
        // A client that still sends its body may find a stream reset before it has looked at the answer, and lose it, where
        // both come in one record of TLS: curl does up to version 7.
        this.table
            .sent(&bytes[..taken], |after| this.socket.cut(after + HEADER));
        let windows = this.table.windows();
        this.hub.set_windows(windows);
        if this.table.open() == 0 {
            this.hub.settle(windows);
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The driver flushes whenever hyper goes to sleep.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The connection takes the socket and closes it in its own way.
        Poll::Ready(Ok(()))
    }
}
