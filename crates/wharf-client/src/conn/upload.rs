//! A request body while it is sent.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};
use wharf_http::{Body, body};

use super::progress::{Progress, UploadReport};
use crate::trace::{Call, Event};

/// What is to happen while a request body is sent.
#[derive(Default)]
pub(crate) struct Upload {
    report: Option<Arc<UploadReport>>,
    gate: Option<Continue>,
    call: Option<Call>,
}

/// What holds a body back until the server asks for it (RFC 9110 §10.1.1).
pub(crate) struct Continue {
    /// `None` where nobody would hear of it.
    pub(crate) asked_for: Option<oneshot::Receiver<()>>,
    pub(crate) patience: Pin<Box<Sleep>>,
}

impl Upload {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Shows each piece to the observers of `call`.
    pub(crate) fn observed(mut self, call: &Call) -> Self {
        self.call = Some(call.clone());
        self
    }

    /// Tells how much was written.
    pub(crate) fn reported(mut self, report: Arc<UploadReport>) -> Self {
        self.report = Some(report);
        self
    }

    /// Holds the body back.
    pub(crate) fn held_back(mut self, gate: Continue) -> Self {
        self.gate = Some(gate);
        self
    }

    pub(super) fn report(&self) -> Option<&Arc<UploadReport>> {
        self.report.as_ref()
    }

    /// Makes the body to be sent; `shared` when what is written for it cannot be told from what is written for others.
    pub(super) fn of(self, body: Body, progress: &Arc<Progress>, shared: bool) -> Uploading {
        progress.hold_back(self.gate.is_some());
        Uploading {
            body,
            upload: self,
            progress: Arc::clone(progress),
            shared,
            shut: false,
        }
    }
}

/// A request body that is being sent.
pub(super) struct Uploading {
    body: Body,
    upload: Upload,
    progress: Arc<Progress>,
    shared: bool,
    /// The server does not want the body.
    shut: bool,
}

impl Uploading {
    fn poll_gate(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.shut {
            return Poll::Pending;
        }
        let Some(gate) = &mut self.upload.gate else {
            return Poll::Ready(());
        };
        let asked = match gate.asked_for.as_mut() {
            Some(asked_for) => Pin::new(asked_for).poll(cx),
            None => Poll::Pending,
        };
        match asked {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_nobody_will_ask)) => {
                // The response is there, or the connection is gone.
                self.shut = true;
                return Poll::Pending;
            }
            Poll::Pending => {
                if gate.patience.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        }
        self.upload.gate = None;
        self.progress.hold_back(false);
        Poll::Ready(())
    }
}

impl HttpBody for Uploading {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        if self.poll_gate(cx).is_pending() {
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.progress.touch(Instant::now());
        }
        // The order matters to a reader in between: it must never see an old time without the flag.
        self.progress.wait_for_body(polled.is_pending());
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            if let Some(report) = &self.upload.report {
                report.gave(data.len() as u64);
                if self.shared {
                    report.tell_given();
                }
            }
            if let Some(call) = &self.upload.call {
                call.notify(&Event::ChunkSent { bytes: data.len() });
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Uploading {
    fn drop(&mut self) {
        self.progress.wait_for_body(false);
    }
}
