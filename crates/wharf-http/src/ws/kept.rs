//! [`Kept`]: a WebSocket whose owner may let go of it without a word.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::WebSocket;
use super::socket::Socket;

/// Keeps a WebSocket beside its owner, so that it can be closed in order after the owner has dropped it.
///
/// A server that hands a WebSocket to a handler closes it so when the handler has returned. As long as this is there, dropping
/// the WebSocket does not end the connection.
pub struct Kept {
    slot: Arc<Slot>,
}

/// Where a socket is once its owner, or the last of its halves, has dropped it.
#[derive(Default)]
struct Slot {
    socket: Mutex<Option<Box<Socket>>>,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Box<Socket>>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to the slot, which ends with who keeps it.
#[derive(Default)]
pub(super) struct Place {
    slot: Weak<Slot>,
}

impl Place {
    /// Puts a socket there, or drops it where nobody keeps one.
    pub(super) fn put(self, socket: Box<Socket>) {
        if let Some(slot) = self.slot.upgrade() {
            *slot.lock() = Some(socket);
        }
    }

    pub(super) fn keep(&mut self) -> Kept {
        let slot = self.slot.upgrade().unwrap_or_default();
        self.slot = Arc::downgrade(&slot);
        Kept { slot }
    }
}

impl Kept {
    /// Returns the WebSocket when nobody else has it any more, nor one of its halves.
    #[must_use]
    pub fn last(self) -> Option<WebSocket> {
        let socket = self.slot.lock().take()?.into();
        Some(WebSocket { socket })
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
