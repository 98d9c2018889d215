//! [`Tee`]: a body that is copied while it is read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use wharf_http::{Body, body};

/// A copy of a body, up to a limit.
#[derive(Debug)]
pub(super) struct Capture {
    bytes: Vec<u8>,
    limit: usize,
    length: u64,
    is_whole: bool,
}

impl Capture {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            length: 0,
            is_whole: false,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.length > self.limit as u64 {
            // A part is of no use, and no longer needs its memory.
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Copies a body that can be read aside.
    pub(super) async fn read(&mut self, mut body: Body) {
        while let Some(piece) = body.chunk().await {
            match piece {
                Ok(piece) => self.push(&piece),
                Err(_told_to_the_sender) => return,
            }
        }
        self.is_whole = true;
    }

    /// Returns the bytes, or how many there were when they are more than the limit.
    pub(super) fn bytes(&self) -> Result<&[u8], u64> {
        match self.length > self.limit as u64 {
            true => Err(self.length),
            false => Ok(&self.bytes),
        }
    }

    /// Tells whether the end of the body was seen.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// A copy that is still being made.
#[derive(Clone, Debug)]
pub(super) struct Copy(Arc<Mutex<Capture>>);

impl Copy {
    pub(super) fn new(limit: usize) -> Self {
        Self::of(Capture::new(limit))
    }

    pub(super) fn of(capture: Capture) -> Self {
        Self(Arc::new(Mutex::new(capture)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Capture> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that is copied while it is read; `done` is called when it will not be read any further.
pub(super) struct Tee<F: FnOnce() + Send> {
    body: Body,
    copy: Copy,
    done: Option<F>,
}

impl<F: FnOnce() + Send + 'static> Tee<F> {
    pub(super) fn wrap(body: Body, copy: Copy, done: F) -> Body {
        Body::new(Self {
            body,
            copy,
            done: Some(done),
        })
    }
}

impl<F: FnOnce() + Send> Tee<F> {
    fn finish(&mut self, is_whole: bool) {
        if let Some(done) = self.done.take() {
            self.copy.lock().is_whole = is_whole;
            done();
        }
    }
}

// Nothing in it is pinned in place.
impl<F: FnOnce() + Send> Unpin for Tee<F> {}

impl<F: FnOnce() + Send> http_body::Body for Tee<F> {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref() {
                    self.copy.lock().push(bytes);
                }
            }
            Poll::Ready(Some(Err(_))) => self.finish(false),
            Poll::Ready(None) => self.finish(true),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        http_body::Body::size_hint(&self.body)
    }
}

impl<F: FnOnce() + Send> Drop for Tee<F> {
    fn drop(&mut self) {
        // A reader that knows the length does not ask for the end.
        let is_whole = self.body.is_empty();
        self.finish(is_whole);
    }
}
