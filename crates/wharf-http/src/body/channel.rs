//! A body that is written piece by piece from elsewhere.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use tokio::sync::mpsc;

use super::{Error, ErrorKind};
use crate::BoxError;

/// The writing end of [`Body::channel`](super::Body::channel). Dropping it ends the body.
pub struct Sender {
    frames: mpsc::Sender<Result<Frame<Bytes>, Error>>,
}

pub(super) fn channel(capacity: usize) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(capacity);
    (Sender { frames: sender }, Receiver { frames: receiver })
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

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("closed", &self.frames.is_closed())
            .finish()
    }
}

pub(super) struct Receiver {
    frames: mpsc::Receiver<Result<Frame<Bytes>, Error>>,
}

impl HttpBody for Receiver {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.frames.poll_recv(cx)
    }
}
