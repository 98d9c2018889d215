//! [`Stream`], what is known of one request on its way, and [`StreamTask`], which watches over it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::hub::Hub;
use crate::access_log::Outcome;
use crate::config::Timeouts;
use crate::conn::flow::{Ending, Flag, Number, Routed};
use crate::conn::patience::{Allowed, Patience};
use crate::conn::upload::Receiving;
use crate::panic;

/// Shared by the bodies of a request and its task.
pub(super) struct Stream {
    pub(super) hub: Arc<Hub>,
    pub(super) routed: Routed,
    /// How the stream ends, when the task has decided it.
    pub(super) ending: Ending,
    /// How many bytes of the answer hyper was given, in how many pieces, and whether it has asked for more since.
    pub(super) given: Number,
    pub(super) pieces: Number,
    pub(super) in_hand: Flag,
}

impl Stream {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            routed: Routed::default(),
            ending: Ending::default(),
            given: Number::default(),
            pieces: Number::default(),
            in_hand: Flag::default(),
        }
    }
}

/// What the body of a request asks of its stream.
pub(super) struct Uploading(pub(super) Arc<Stream>);

impl Receiving for Uploading {
    fn timeouts(&self) -> &Timeouts {
        &self.0.hub.settings.timeouts
    }

    fn min_rate(&self) -> Option<u32> {
        self.0.routed.or(self.timeouts().min_rate)
    }
}

pin_project! {
    /// hyper's work on one stream, which ends when the client takes the answer too slowly. Dropping that work resets the
    /// stream, and no other.
    pub(super) struct StreamTask<F> {
        #[pin]
        work: F,
        stream: Arc<Stream>,
        #[pin]
        patience: Patience,
        pieces: u64,
    }
}

impl<F> StreamTask<F> {
    pub(super) fn new(work: F, stream: Arc<Stream>) -> Self {
        Self {
            work,
            stream,
            patience: Patience::default(),
            pieces: 0,
        }
    }
}

impl<F: Future<Output = ()>> Future for StreamTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let stream = &**this.stream;
        let work = this.work.as_mut();
        let _turn = stream.hub.stats().turn(stream.routed.mark());
        match catch_unwind(AssertUnwindSafe(|| work.poll(cx))) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => return Poll::Ready(()),
            Err(panic) => {
                stream.ending.set(Outcome::Failed);
                let message = panic::message(panic.as_ref());
                stream.hub.connection.report(format_args!(
                    "the body of an answer panicked, its stream is reset: {message}"
                ));
                return Poll::Ready(());
            }
        }
        // hyper holds a piece, or the last byte of one, until the client has opened its windows for all before it.
        let pieces = stream.pieces.get();
        if *this.pieces != pieces || !stream.in_hand.get() {
            *this.pieces = pieces;
            this.patience.as_mut().rewarded();
        }
        if !stream.in_hand.get() {
            return Poll::Pending;
        }
        let timeouts = &stream.hub.settings.timeouts;
        let allowed = Allowed {
            gap: timeouts.response_write,
            rate: stream.routed.or(timeouts.min_rate),
            grace: timeouts.min_rate_grace,
        };
        let _late = ready!(this.patience.poll(cx, stream.given.get(), &allowed));
        stream.ending.set(Outcome::Slow);
        Poll::Ready(())
    }
}
