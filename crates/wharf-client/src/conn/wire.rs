//! What passes over a connection, for the limits on time.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use wharf_http::{Body, body};

use crate::connect::Stream;

/// How far a request and its response have come.
pub(super) struct Progress {
    opened: Instant,
    /// When the request last moved, in nanoseconds since `opened`.
    moved: AtomicU64,
    /// Whether the request body has nothing to send at the moment.
    waiting_for_body: AtomicBool,
    bytes_read: AtomicU64,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            moved: AtomicU64::new(0),
            waiting_for_body: AtomicBool::new(false),
            bytes_read: AtomicU64::new(0),
        }
    }

    /// Begins a request.
    pub(super) fn start(&self) {
        self.waiting_for_body.store(false, Ordering::Relaxed);
        self.touch();
    }

    /// Returns when the peer last had its turn: now, while it is this side that holds the request up.
    pub(super) fn last(&self) -> Instant {
        if self.waiting_for_body.load(Ordering::Relaxed) {
            return Instant::now();
        }
        self.opened + Duration::from_nanos(self.moved.load(Ordering::Relaxed))
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    fn touch(&self) {
        let nanos = self.opened.elapsed().as_nanos();
        self.moved
            .store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// A stream whose traffic is seen.
pub(super) struct Watched {
    stream: Stream,
    progress: Arc<Progress>,
}

impl Watched {
    pub(super) fn new(stream: Stream, progress: Arc<Progress>) -> Self {
        Self { stream, progress }
    }

    fn wrote(&self, written: io::Result<usize>) -> Poll<io::Result<usize>> {
        if let Ok(1..) = written {
            self.progress.touch();
        }
        Poll::Ready(written)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let count = (buf.filled().len() - before) as u64;
        self.progress.bytes_read.fetch_add(count, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        self.wrote(written)
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

/// A request body that is made while it is sent.
pub(super) struct Upload {
    body: Body,
    progress: Arc<Progress>,
}

impl Upload {
    pub(super) fn new(body: Body, progress: Arc<Progress>) -> Self {
        Self { body, progress }
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.progress.touch();
        }
        // The order matters to a reader in between: it must never see an old time without the flag.
        self.progress
            .waiting_for_body
            .store(polled.is_pending(), Ordering::Relaxed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.progress
            .waiting_for_body
            .store(false, Ordering::Relaxed);
    }
}
