//! A stream whose traffic is seen.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::progress::Progress;
use crate::connect::Stream;

/// A stream whose traffic is seen.
pub(super) struct Watched {
    stream: Stream,
    progress: Arc<Progress>,
}

impl Watched {
    pub(super) fn new(stream: Stream, progress: Arc<Progress>) -> Self {
        Self { stream, progress }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        match polled {
            Poll::Ready(_) => self.progress.read((buf.filled().len() - before) as u64),
            Poll::Pending => self.progress.all_read(),
        }
        polled
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(cx, buf)? else {
            self.progress.held_up();
            return Poll::Pending;
        };
        self.progress.wrote(buf.get(..written).unwrap_or(buf));
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // The head of a request without a body, most often: `send` takes the kernel less than `writev`.
        if let [only] = bufs {
            return self.poll_write(cx, only);
        }
        let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)? else {
            self.progress.held_up();
            return Poll::Pending;
        };
        let mut left = written;
        for buf in bufs {
            let taken = left.min(buf.len());
            self.progress.wrote(&buf[..taken]);
            left -= taken;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
