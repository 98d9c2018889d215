//! [`Stream`], an accepted connection of any kind.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::prefixed::Prefixed;

/// An accepted connection.
///
/// One type for all sockets, encrypted or not, so that the machinery above is compiled once; the branch costs nothing
/// beside the call of the system that follows it.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    /// The beginning was read before it was known whose it is.
    Prefixed(Box<Prefixed<Self>>),
    #[cfg(feature = "tls-core")]
    Tls(Box<crate::tls::TlsStream>),
}

impl From<Prefixed<Self>> for Stream {
    fn from(stream: Prefixed<Self>) -> Self {
        match stream.into_parts() {
            (prefix, stream) if prefix.is_empty() => stream,
            (prefix, stream) => Self::Prefixed(Box::new(Prefixed::new(prefix, stream))),
        }
    }
}

macro_rules! each {
    ($stream:expr, $inner:ident => $what:expr) => {
        match $stream {
            Stream::Tcp($inner) => $what,
            #[cfg(unix)]
            Stream::Unix($inner) => $what,
            Stream::Prefixed($inner) => $what,
            #[cfg(feature = "tls-core")]
            Stream::Tls($inner) => $what,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}
