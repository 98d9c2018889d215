//! [`Tally`]: what is counted of one WebSocket, and added to the counters of all now and then.

use crate::connection::{WebSocketEnd, WebSocketStats};

/// What has gone through a WebSocket, in both directions.
#[derive(Clone, Copy, Default)]
pub(super) struct Traffic {
    pub(super) messages_received: u64,
    pub(super) messages_sent: u64,
    pub(super) bytes_received: u64,
    pub(super) bytes_sent: u64,
}

/// Counts one WebSocket in, and out when it has ended or is dropped.
///
/// Adding to counters that all share costs as much as a part of the work for a small message. So the traffic is kept where it
/// arises, and added when there is much of it or time for it.
#[derive(Default)]
pub(super) struct Tally {
    stats: Option<WebSocketStats>,
    /// What was added already.
    added: Traffic,
}

impl Tally {
    /// Begins to count, unless it has begun.
    pub(super) fn begin(&mut self, stats: &WebSocketStats) {
        if self.stats.is_none() {
            stats.begin();
            self.stats = Some(stats.clone());
        }
    }

    /// Adds the traffic to the counters.
    pub(super) fn add(&mut self, now: Traffic) {
        let Some(stats) = &self.stats else {
            return;
        };
        let added = std::mem::replace(&mut self.added, now);
        let received = now.messages_received - added.messages_received;
        let sent = now.messages_sent - added.messages_sent;
        if received + sent > 0 {
            stats.messages(received, sent);
        }
        let received = now.bytes_received - added.bytes_received;
        let sent = now.bytes_sent - added.bytes_sent;
        if received + sent > 0 {
            stats.bytes(received, sent);
        }
    }

    /// Counts it out.
    pub(super) fn end(&mut self, end: WebSocketEnd, now: Traffic) {
        self.add(now);
        if let Some(stats) = self.stats.take() {
            stats.end(end);
        }
    }
}
