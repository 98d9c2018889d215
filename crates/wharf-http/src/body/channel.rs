//! A body that is written piece by piece from elsewhere.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use tokio::sync::mpsc;

use super::{Error, ErrorKind};
use crate::BoxError;

/// The writing end of [`Body::channel`](super::Body::channel). Dropping it ends the body.
///
/// Where a panic drops it, the body is broken off, as by [`abort`](Self::abort): a reader does not take half of it for all.
pub struct Sender {
    frames: mpsc::Sender<Result<Frame<Bytes>, Error>>,
    panicked: Arc<AtomicBool>,
}

pub(super) fn channel(capacity: usize) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(capacity);
    let panicked = Arc::<AtomicBool>::default();
    let sender = Sender {
        frames: sender,
        panicked: Arc::clone(&panicked),
    };
    let receiver = Receiver {
        frames: receiver,
        panicked,
    };
    (sender, receiver)
}

impl Sender {
    /// Sends one piece, waiting while there is no room for it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Disconnected`] when nobody reads the body any more.
    ///
    /// # Cancel safety
    ///
    /// Safe: the piece was not sent when the future is dropped before it is ready.
    pub async fn send(&mut self, piece: impl Into<Bytes>) -> Result<(), Error> {
        self.frame(Ok(Frame::data(piece.into()))).await
    }

    /// Ends the body with trailer fields, or without when there are none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Disconnected`] when nobody reads the body any more.
    pub async fn finish_with(mut self, trailers: HeaderMap) -> Result<(), Error> {
        // Over HTTP/2 an empty section would be sent, which nginx takes for an error of the connection.
        if trailers.is_empty() {
            return match self.frames.is_closed() {
                true => Err(Error::new(ErrorKind::Disconnected)),
                false => Ok(()),
            };
        }
        self.frame(Ok(Frame::trailers(trailers))).await
    }

    /// Breaks the body off, so that the reader cannot take it for complete.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Disconnected`] when nobody reads the body any more.
    pub async fn abort(mut self, cause: impl Into<BoxError>) -> Result<(), Error> {
        self.frame(Err(Error::from_any(cause))).await
    }

    /// Waits until nobody reads the body any more.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future loses nothing.
    pub async fn closed(&self) {
        self.frames.closed().await;
    }

    async fn frame(&mut self, frame: Result<Frame<Bytes>, Error>) -> Result<(), Error> {
        self.frames
            .send(frame)
            .await
            .map_err(|_unsent| Error::new(ErrorKind::Disconnected))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // Before the channel is closed, which tells the reader to look.
        if std::thread::panicking() {
            self.panicked.store(true, Release);
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("closed", &self.frames.is_closed())
            .finish()
    }
}

pub(super) struct Receiver {
    frames: mpsc::Receiver<Result<Frame<Bytes>, Error>>,
    panicked: Arc<AtomicBool>,
}

impl HttpBody for Receiver {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(self.frames.poll_recv(cx));
        // Said once, like any error.
        if frame.is_none() && self.panicked.swap(false, Acquire) {
            return Poll::Ready(Some(Err(Error::from_any("whoever wrote it panicked"))));
        }
        Poll::Ready(frame)
    }
}
