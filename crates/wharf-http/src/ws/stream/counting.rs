//! What a stream counts: messages and bytes as they pass, and how it ends.

use super::super::tally::Traffic;
use super::Stream;
use crate::connection::{WebSocketEnd, WebSocketStats};

/// After how many messages in one direction the traffic is added to the counters of all.
const MANY: u64 = 64;

impl Stream {
    pub(in crate::ws) fn count(&mut self, stats: &WebSocketStats) {
        if !self.is_over() {
            self.tally.begin(stats);
        }
    }

    #[inline]
    pub(super) fn note_received(&mut self) {
        self.messages += 1;
        if self.messages.is_multiple_of(MANY) {
            self.add_traffic();
        }
    }

    #[inline]
    pub(super) fn note_sent(&mut self) {
        if self.encoder.messages().is_multiple_of(MANY) {
            self.add_traffic();
        }
    }

    pub(super) fn add_traffic(&mut self) {
        self.tally.add(self.traffic());
    }

    /// Counts the end, of which `unless_closed` is the kind where the peer has sent no close frame.
    pub(super) fn count_end(&mut self, unless_closed: WebSocketEnd) {
        let end = match self.closed {
            Some(_) => WebSocketEnd::Closed,
            None => unless_closed,
        };
        self.tally.end(self.end.unwrap_or(end), self.traffic());
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            messages_received: self.messages,
            messages_sent: self.encoder.messages(),
            bytes_received: self.bytes,
            bytes_sent: self.encoder.written(),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.count_end(WebSocketEnd::Dropped);
    }
}
