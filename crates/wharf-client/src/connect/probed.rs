//! A socket that can be asked whether its peer has closed while somebody else owns the stream.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Stream;

/// What the sockets of the runtime have in common.
pub(super) trait Pollable: Send + Sync + 'static {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    fn try_read(&self, buf: &mut ReadBuf<'_>) -> io::Result<usize>;
    fn try_write(&self, buf: &[u8]) -> io::Result<usize>;
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;
    fn options(&self) -> SockRef<'_>;
}

macro_rules! pollable {
    ($socket:ty) => {
        impl Pollable for $socket {
            fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_read_ready(cx)
            }

            fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_write_ready(cx)
            }

            fn try_read(&self, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
                self.try_read_buf(buf)
            }

            fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                self.try_write(buf)
            }

            fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                self.try_write_vectored(bufs)
            }

            fn options(&self) -> SockRef<'_> {
                SockRef::from(self)
            }
        }
    };
}

pollable!(TcpStream);
#[cfg(unix)]
pollable!(tokio::net::UnixStream);

/// A socket that the pool can look at while hyper owns the stream.
struct Probed<S> {
    socket: Arc<S>,
}

/// Makes a stream of a socket, with a probe.
pub(super) fn stream(socket: impl Pollable) -> Stream {
    let socket = Arc::new(socket);
    let probe = {
        // Weak, so that a connection that hyper gave up is closed although it is still in the pool.
        let socket = Arc::downgrade(&socket);
        Box::new(move || socket.upgrade().is_some_and(|socket| is_quiet(&*socket)))
    };
    Stream::new(Probed { socket }).with_probe(probe)
}

/// Asks the kernel, since the runtime learns of the peer's close only at its next look at the sockets.
fn is_quiet(socket: &impl Pollable) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    // Zero bytes are the end of the stream; bytes that nobody asked for are as bad.
    matches!(socket.options().peek(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

impl<S: Pollable> AsyncRead for Probed<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.socket.poll_read_ready(cx))?;
            match self.socket.try_read(buf) {
                Ok(_count) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl<S: Pollable> Probed<S> {
    fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.socket.poll_write_ready(cx))?;
            match write(&self.socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl<S: Pollable> AsyncWrite for Probed<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |socket| socket.try_write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, |socket| socket.try_write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // a socket keeps nothing back
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.options().shutdown(Shutdown::Write))
    }
}
