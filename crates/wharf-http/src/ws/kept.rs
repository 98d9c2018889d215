//! [`Kept`]: a WebSocket whose owner may let go of it without a word.

use std::fmt;

use super::WebSocket;
use super::shared::Shared;

/// Keeps a WebSocket beside its owner, so that it can be closed in order after the owner has dropped it.
///
/// A server that hands a WebSocket to a handler closes it so when the handler has returned. As long as this is there, dropping
/// the WebSocket does not end the connection.
pub struct Kept {
    shared: Shared,
}

impl Kept {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// Returns the WebSocket when nobody else has it any more, nor one of its halves.
    #[must_use]
    pub fn last(self) -> Option<WebSocket> {
        let shared = self.shared;
        shared.is_alone().then_some(WebSocket { shared })
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("Kept", f)
    }
}
