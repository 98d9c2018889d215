//! [`Line`]: one connection of a mock server, which the server code and a script take turns in.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::net::TcpStream;

/// How many bytes may be on their way in one direction, about as many as a socket holds.
const PIPE: usize = 64 * 1024;

/// The server's end of a connection. Clones are the same end.
pub(super) struct Line<S> {
    io: Arc<Mutex<S>>,
}

/// What a mock server is reached by.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Lets the other end be told, when this one is dropped, that the connection was reset.
    fn reset(&self);
}

impl<S> Line<S> {
    pub(super) fn new(io: S) -> Self {
        Self {
            io: Arc::new(Mutex::new(io)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        self.io.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Wire> Line<S> {
    pub(super) fn reset(&self) {
        self.lock().reset();
    }
}

impl<S> Clone for Line<S> {
    fn clone(&self) -> Self {
        Self {
            io: Arc::clone(&self.io),
        }
    }
}

impl<S: Wire> AsyncRead for Line<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(cx, buf)
    }
}

impl<S: Wire> AsyncWrite for Line<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(cx)
    }
}

impl Wire for TcpStream {
    fn reset(&self) {
        // RFC 9293 §3.10.4: closing with nothing to linger for sends a reset.
        let zero = Some(std::time::Duration::ZERO);
        let _gone_already = SockRef::from(self).set_linger(zero);
    }
}

/// The server's end of a pipe in memory.
pub(super) struct Far {
    io: DuplexStream,
    is_reset: Arc<AtomicBool>,
}

/// The client's end of a pipe in memory.
pub(super) struct Near {
    io: DuplexStream,
    is_reset: Arc<AtomicBool>,
}

/// Creates a pipe in memory.
pub(super) fn pipe() -> (Near, Far) {
    let (near, far) = duplex(PIPE);
    let is_reset = Arc::new(AtomicBool::new(false));
    (
        Near {
            io: near,
            is_reset: Arc::clone(&is_reset),
        },
        Far { io: far, is_reset },
    )
}

impl Wire for Far {
    fn reset(&self) {
        self.is_reset.store(true, Ordering::Release);
    }
}

impl Near {
    fn is_reset(&self) -> bool {
        self.is_reset.load(Ordering::Acquire)
    }
}

impl AsyncRead for Near {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        // What came before can still be read, so that a test sees the same each time.
        let ended = matches!(result, Poll::Ready(Ok(()))) && buf.filled().len() == before;
        if ended && buf.remaining() > 0 && self.is_reset() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        result
    }
}

impl AsyncWrite for Near {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.io).poll_write(cx, bytes) {
            Poll::Ready(Err(_)) if self.is_reset() => {
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            result => result,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl AsyncRead for Far {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Far {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
