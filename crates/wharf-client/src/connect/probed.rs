//! A socket that can be asked whether its peer has closed while somebody else owns the stream.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Stream;

/// A socket of the runtime.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    fn options(&self) -> SockRef<'_>;
}

impl Socket for TcpStream {
    fn options(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}

#[cfg(unix)]
impl Socket for tokio::net::UnixStream {
    fn options(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}

/// A socket that the pool can look at while hyper owns the stream.
///
/// The lock is free but for that look. With it the socket is read as the runtime reads its own, which after a short read does
/// not ask the kernel a second time.
struct Probed<S> {
    socket: Arc<Mutex<S>>,
}

/// Makes a stream of a socket, with a probe.
pub(super) fn stream(socket: impl Socket) -> Stream {
    let socket = Arc::new(Mutex::new(socket));
    let probe = {
        // Weak, so that a connection that hyper gave up is closed although it is still in the pool.
        let socket = Arc::downgrade(&socket);
        Box::new(move || socket.upgrade().is_some_and(|socket| is_quiet(&socket)))
    };
    Stream::new(Probed { socket }).with_probe(probe)
}

/// Asks the kernel, since the runtime learns of the peer's close only at its next look at the sockets.
fn is_quiet(socket: &Mutex<impl Socket>) -> bool {
    let socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    let mut byte = [MaybeUninit::uninit()];
    // Zero bytes are the end of the stream; bytes that nobody asked for are as bad.
    matches!(socket.options().peek(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl<S: Socket> Probed<S> {
    fn with<T>(&self, act: impl FnOnce(Pin<&mut S>) -> T) -> T {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        act(Pin::new(&mut *socket))
    }
}

impl<S: Socket> AsyncRead for Probed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_read(cx, buf))
    }
}

impl<S: Socket> AsyncWrite for Probed<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|socket| socket.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with(|socket| socket.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // a socket keeps nothing back
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|socket| socket.poll_shutdown(cx))
    }
}
