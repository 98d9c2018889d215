//! [`Talk`], a connection that hyper serves, or that is parked.
//!
//! hyper keeps 16 KiB of buffers for a connection, and never gives them back. One that has nothing to say for a while is
//! taken out of hyper and waits as a bare socket; with its next byte hyper is made anew.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::http1::UpgradeableConnection;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use wharf_http::Service;

use super::exchange::Adapter;
use super::progress::Progress;
use super::wire::Wire;

/// After how long without a request a connection is parked. Those that are busy do not come near it.
const PARK_AFTER: Duration = Duration::from_secs(3);

/// The same where many connections are open: allocators seldom give back what was in use at one time, so that not all of them may
/// have buffers at one time. Later than a busy client sends its next request; parking costs less than a tenth of a request.
const PARK_AFTER_IN_CROWD: Duration = Duration::from_millis(25);

/// Returns after how long without a request a connection is to be parked.
pub(super) fn park_after(in_crowd: bool) -> Duration {
    if in_crowd {
        PARK_AFTER_IN_CROWD
    } else {
        PARK_AFTER
    }
}

pub(super) type Hyper<S, IO> = UpgradeableConnection<TokioIo<Wire<IO>>, Adapter<S>>;

/// Who holds a connection. In boxes, so that neither is as large as the other, nor the task as either.
pub(super) enum Talk<S, IO>
where
    S: Service,
{
    Hyper(Box<Hyper<S, IO>>),
    Parked(Box<(Wire<IO>, Adapter<S>)>),
    /// Nobody any more.
    Over,
}

/// What is left of a connection when hyper is gone.
pub(super) struct Parts<S, IO> {
    pub(super) wire: Wire<IO>,
    /// What was read and not parsed.
    pub(super) read: Bytes,
    pub(super) adapter: Adapter<S>,
}

impl<S, IO> Talk<S, IO>
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Lets hyper serve a connection.
    pub(super) fn with_hyper(wire: Wire<IO>, adapter: Adapter<S>, progress: &Progress) -> Self {
        let hyper = progress.settings.hyper1();
        let hyper = hyper.serve_connection(TokioIo::new(wire), adapter);
        Self::Hyper(Box::new(hyper.with_upgrades()))
    }

    /// Takes the connection from whoever holds it; `None` when hyper has handed it over.
    pub(super) fn take(&mut self) -> Option<Parts<S, IO>> {
        match std::mem::replace(self, Self::Over) {
            Self::Hyper(hyper) => {
                let parts = hyper.into_parts()?;
                Some(Parts {
                    wire: parts.io.into_inner(),
                    read: parts.read_buf,
                    adapter: parts.service,
                })
            }
            Self::Parked(parked) => {
                let (wire, adapter) = *parked;
                Some(Parts {
                    wire,
                    read: Bytes::new(),
                    adapter,
                })
            }
            Self::Over => None,
        }
    }

    /// Parks a connection on which nothing is going on; tells whether it could be.
    pub(super) fn park(&mut self, progress: &Arc<Progress>) -> bool {
        let Some(parts) = self.take() else {
            return false;
        };
        if parts.read.is_empty() && parts.wire.is_empty() {
            progress.forget();
            *self = Self::Parked(Box::new((parts.wire, parts.adapter)));
            return true;
        }
        self.resume(parts, progress);
        false
    }

    /// Gives a connection on which nothing is going on to hyper anew, as one that takes several pieces at a time.
    pub(super) fn gather(&mut self, progress: &Progress) {
        if let Some(mut parts) = self.take() {
            parts.wire.gather();
            self.resume(parts, progress);
        }
    }

    fn resume(&mut self, mut parts: Parts<S, IO>, progress: &Progress) {
        // The beginning of a head came together with the request before it, and was counted with that.
        let read = &progress.flow.read;
        read.set(read.get().saturating_sub(parts.read.len() as u64));
        parts.wire.put_before(parts.read);
        *self = Self::with_hyper(parts.wire, parts.adapter, progress);
    }

    /// Waits for the next byte of a parked connection, and lets hyper have it; false when there is none.
    pub(super) fn poll_wake(&mut self, cx: &mut Context<'_>, progress: &Progress) -> Poll<bool> {
        let Self::Parked(parked) = self else {
            return Poll::Ready(true);
        };
        let first = match parked.0.poll_first(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(first) => first.unwrap_or_default(),
        };
        if first.is_empty() {
            return Poll::Ready(false);
        }
        if let Self::Parked(parked) = std::mem::replace(self, Self::Over) {
            let (mut wire, adapter) = *parked;
            wire.put_before(first);
            *self = Self::with_hyper(wire, adapter, progress);
        }
        Poll::Ready(true)
    }
}
