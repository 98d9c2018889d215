//! [`Encrypted`], a stream whose other end has shown who it is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::failure;
use crate::connect::{Probe, Stream};

/// What passes between the two ends, decrypted.
pub(super) struct Encrypted {
    io: TlsStream<Stream>,
    /// Whether anything was received that is not part of TLS itself.
    answered: Arc<AtomicBool>,
}

impl Encrypted {
    pub(super) fn new(io: TlsStream<Stream>) -> Self {
        Self {
            io,
            answered: Arc::default(),
        }
    }

    /// Makes a probe of that of the plain stream.
    ///
    /// Until the first answer bytes may wait that are good: TLS 1.3 servers send session tickets after the handshake
    /// (RFC 8446 §4.6.1), and a connection may be kept before it was ever used. These are read before an answer is, so
    /// that after one only an alert or the end is likely. A server that sends tickets later costs a new connection.
    pub(super) fn probe(&self, is_quiet: Probe) -> Probe {
        let answered = Arc::clone(&self.answered);
        Box::new(move || !answered.load(Ordering::Relaxed) || is_quiet())
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        let answered = self.answered.load(Ordering::Relaxed);
        if !answered && buf.filled().len() > before {
            self.answered.store(true, Ordering::Relaxed);
        }
        Poll::Ready(match answered {
            true => read,
            // A TLS 1.3 client is done before the server has looked at its certificate (RFC 8446 §4.4.2.4).
            false => read.map_err(failure::after_handshake),
        })
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
