//! [`UploadBody`], the body of a request on its way in, and its limits.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use wharf_http::body::{Error, ErrorKind};

use super::patience::{Allowed, Late, Patience};
use crate::config::Timeouts;

/// What the body of a request tells the connection, and what it asks it.
pub(super) trait Receiving: Send + Sync + 'static {
    fn timeouts(&self) -> &Timeouts;

    /// Returns the least rate in bytes per second; `None` is any.
    fn min_rate(&self) -> Option<u32>;

    /// The body was read to its end.
    fn ended(&self) {}

    /// It was malformed or came too slowly.
    fn failed(&self) {}

    /// Nobody can read it any more.
    fn dropped(&self) {}
}

pin_project! {
    /// What the application reads. Its clock runs only while somebody waits for a piece.
    pub(super) struct UploadBody<R: Receiving> {
        #[pin]
        incoming: Incoming,
        receiving: R,
        #[pin]
        patience: Patience,
        received: u64,
        failed: Option<Error>,
    }

    impl<R: Receiving> PinnedDrop for UploadBody<R> {
        fn drop(this: Pin<&mut Self>) {
            this.receiving.dropped();
        }
    }
}

impl<R: Receiving> UploadBody<R> {
    pub(super) fn new(incoming: Incoming, receiving: R) -> Self {
        Self {
            incoming,
            receiving,
            patience: Patience::default(),
            received: 0,
            failed: None,
        }
    }

    fn fail(self: Pin<&mut Self>, error: &Error) {
        let this = self.project();
        *this.failed = Some(error.clone());
        this.receiving.failed();
    }

    /// Waits no longer than the limits allow; an error when they are exceeded.
    fn poll_limits(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Error> {
        let this = self.project();
        let timeouts = this.receiving.timeouts();
        let allowed = Allowed {
            gap: timeouts.body_read,
            rate: this.receiving.min_rate(),
            grace: timeouts.min_rate_grace,
        };
        let kind = match ready!(this.patience.poll(cx, *this.received, &allowed)) {
            Late::Gap => ErrorKind::TimedOut,
            Late::Rate => ErrorKind::TooSlow,
        };
        Poll::Ready(Error::new(kind))
    }
}

impl<R: Receiving> HttpBody for UploadBody<R> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut this = self.as_mut().project();
        if let Some(error) = this.failed {
            return Poll::Ready(Some(Err(error.clone())));
        }
        if this.incoming.is_end_stream() {
            // Known by the length. hyper would say so only with the next request once this one is answered.
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = this.incoming.as_mut().poll_frame(cx) else {
            let error = ready!(self.as_mut().poll_limits(cx));
            self.fail(&error);
            return Poll::Ready(Some(Err(error)));
        };
        this.patience.as_mut().rewarded();
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    *this.received += data.len() as u64;
                }
                if this.incoming.is_end_stream() || frame.is_trailers() {
                    this.receiving.ended();
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                let error = translate(error);
                self.fail(&error);
                Some(Err(error))
            }
            None => {
                this.receiving.ended();
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.failed.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// Tells a body that is malformed from one that the connection did not deliver.
fn translate(error: hyper::Error) -> Error {
    let malformed = std::error::Error::source(&error)
        .and_then(|source| source.downcast_ref::<io::Error>())
        .is_some_and(|error| {
            matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
            )
        });
    let kind = if malformed {
        ErrorKind::Malformed
    } else {
        ErrorKind::Disconnected
    };
    Error::new(kind).because(error)
}
