//! [`Switching`]: whether the peer of a shared connection goes on in other protocols on its streams.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use super::Conn;

const UNKNOWN: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

/// What the peer has said by `SETTINGS_ENABLE_CONNECT_PROTOCOL` (RFC 8441 §3); nothing before its settings have come.
#[derive(Default)]
pub(super) struct Switching {
    known: AtomicU8,
    learned: Notify,
}

impl Switching {
    /// Notes what is known now, once it is known.
    pub(super) fn learn(&self, enabled: bool) {
        // RFC 8441 §3: who has enabled it does not take that back.
        let known = if enabled { YES } else { NO };
        if self.known.fetch_max(known, Ordering::AcqRel) == UNKNOWN {
            self.learned.notify_waiters();
        }
    }

    fn get(&self) -> Option<bool> {
        match self.known.load(Ordering::Acquire) {
            UNKNOWN => None,
            known => Some(known == YES),
        }
    }
}

impl Conn {
    /// Tells whether the peer goes on in other protocols on its streams; `None` before its settings have come.
    pub(crate) fn can_switch(&self) -> Option<bool> {
        self.about.switching.get()
    }

    /// Waits until it is known whether the peer goes on in other protocols on its streams.
    pub(crate) async fn learns_to_switch(&self) -> bool {
        loop {
            let mut learned = std::pin::pin!(self.about.switching.learned.notified());
            learned.as_mut().enable();
            if let Some(known) = self.can_switch() {
                return known;
            }
            learned.await;
        }
    }
}
