//! [`Command`], what a worker is told, and [`Event`], what it tells.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::listener::{ListenerId, RawAccepted, RawListener, Site};

/// What a worker is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Accept from these sockets too.
    Listen(ListenerId, Arc<Site>, Vec<RawListener>),
    /// Stop accepting from the sockets of a listener, or at all; the sender is dropped when that is done.
    Close(Option<ListenerId>, oneshot::Sender<()>),
    /// Serve a connection that somebody else has accepted; it counts among this worker's already.
    Serve(RawAccepted),
    /// End when the last connection has ended.
    Finish,
    /// Drop all connections.
    Abort,
    /// Panic, as code that is wrong would.
    #[cfg(test)]
    Panic,
}

/// What a worker tells.
#[derive(Debug)]
pub(crate) enum Event {
    /// It has served as many requests as it may, and wants to be replaced.
    Worn(usize),
    /// Its thread has ended without having been told to.
    Gone(usize),
    /// Something holds its thread up.
    HeldUp(usize),
}
