//! [`UploadBody`], the body of a request on its way in, and its limits.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use wharf_http::body::{Error, ErrorKind};

use super::progress::Progress;

pin_project! {
    /// What the application reads. Its clock runs only while somebody waits for a piece.
    pub(super) struct UploadBody {
        #[pin]
        incoming: Incoming,
        progress: Arc<Progress>,
        ticket: u64,
        #[pin]
        timer: Option<Sleep>,
        waiting_since: Option<Instant>,
        waited: Duration,
        received: u64,
        failed: Option<Error>,
    }

    impl PinnedDrop for UploadBody {
        fn drop(this: Pin<&mut Self>) {
            this.progress.upload_dropped(this.ticket);
        }
    }
}

impl UploadBody {
    pub(super) fn new(incoming: Incoming, progress: Arc<Progress>, ticket: u64) -> Self {
        Self {
            incoming,
            progress,
            ticket,
            timer: None,
            waiting_since: None,
            waited: Duration::ZERO,
            received: 0,
            failed: None,
        }
    }

    fn fail(self: Pin<&mut Self>, error: &Error) {
        let this = self.project();
        *this.failed = Some(error.clone());
        this.progress.upload_failed(*this.ticket);
    }

    /// Waits no longer than the limits allow; an error when they are exceeded.
    fn poll_limits(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Error> {
        let mut this = self.project();
        let timeouts = &this.progress.settings.timeouts;
        let since = *this.waiting_since.get_or_insert_with(Instant::now);
        let gap = timeouts
            .body_read
            .and_then(|limit| since.checked_add(limit));
        let rate = this.progress.min_rate().and_then(|rate| {
            let patience = patience(*this.received, rate, timeouts.min_rate_grace);
            since.checked_add(patience.saturating_sub(*this.waited))
        });
        let Some(deadline) = [gap, rate].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        loop {
            if this.timer.is_none() {
                this.timer.set(Some(sleep_until(deadline)));
            }
            let timer = this.timer.as_mut().as_pin_mut();
            let mut timer = timer.expect("the timer was set a line above");
            ready!(timer.as_mut().poll(cx));
            // Armed for an earlier piece, and moved only now that it went off.
            if timer.deadline() < deadline {
                timer.reset(deadline);
                continue;
            }
            let kind = if gap == Some(deadline) {
                ErrorKind::TimedOut
            } else {
                ErrorKind::TooSlow
            };
            return Poll::Ready(Error::new(kind));
        }
    }
}

/// Returns for how long a peer may have been the slow side after it dealt with `bytes`.
pub(super) fn patience(bytes: u64, rate: u32, grace: Duration) -> Duration {
    Duration::from_millis(bytes.saturating_mul(1000) / u64::from(rate)).max(grace)
}

impl HttpBody for UploadBody {
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
        if let Some(since) = this.waiting_since.take() {
            *this.waited += since.elapsed();
        }
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    *this.received += data.len() as u64;
                }
                if this.incoming.is_end_stream() || frame.is_trailers() {
                    this.progress.upload_ended(*this.ticket);
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                let error = translate(error);
                self.fail(&error);
                Some(Err(error))
            }
            None => {
                this.progress.upload_ended(*this.ticket);
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
