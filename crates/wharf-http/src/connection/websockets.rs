//! Counters of WebSockets, which a server or a client keeps for all of its own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How a WebSocket has ended, seen from this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebSocketEnd {
    /// The peer has sent a close frame, of whatever code: its own, or the answer to ours.
    Closed,
    /// The connection ended, or broke, without a close frame of the peer.
    Vanished,
    /// The peer broke the protocol or a limit.
    Violation,
    /// The peer showed no sign of life, accepted nothing, or did not answer a close frame, for longer than it may.
    TimedOut,
    /// This end has dropped it without closing it.
    Dropped,
}

impl WebSocketEnd {
    const ALL: [Self; 5] = [
        Self::Closed,
        Self::Vanished,
        Self::Violation,
        Self::TimedOut,
        Self::Dropped,
    ];
}

/// Live counters of WebSockets. Clones share the counters.
///
/// Openings and ends are counted when they happen. What goes through a WebSocket is added when a few dozen messages have, when
/// the peer falls silent, every few seconds while it does not, and at the end.
///
/// # Examples
///
/// ```
/// use wharf_http::connection::{WebSocketEnd, WebSocketStats};
///
/// let stats = WebSocketStats::new();
/// assert_eq!((stats.open(), stats.opened()), (0, 0));
/// assert_eq!(stats.ended(WebSocketEnd::Vanished), 0);
/// ```
#[derive(Clone, Default)]
pub struct WebSocketStats {
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    opened: AtomicU64,
    ended: [AtomicU64; WebSocketEnd::ALL.len()],
    messages_received: AtomicU64,
    messages_sent: AtomicU64,
    bytes_received: AtomicU64,
    bytes_sent: AtomicU64,
}

impl WebSocketStats {
    /// Creates counters that stand at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how many WebSockets are open, those that are closing included.
    #[must_use]
    pub fn open(&self) -> u64 {
        // What ended is read first, so that the difference is never negative.
        let ended: u64 = WebSocketEnd::ALL.iter().map(|end| self.ended(*end)).sum();
        self.opened().saturating_sub(ended)
    }

    /// Returns how many WebSockets there were, the open ones included.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.counters.opened.load(Relaxed)
    }

    /// Returns how many WebSockets have ended so.
    #[must_use]
    pub fn ended(&self, end: WebSocketEnd) -> u64 {
        self.counters.ended[end as usize].load(Relaxed)
    }

    /// Returns how many messages were received: text and binary data, pings and pongs left out.
    #[must_use]
    pub fn messages_received(&self) -> u64 {
        self.counters.messages_received.load(Relaxed)
    }

    /// Returns how many messages were sent, or wait to be: text and binary data, pings and pongs left out.
    #[must_use]
    pub fn messages_sent(&self) -> u64 {
        self.counters.messages_sent.load(Relaxed)
    }

    /// Returns how many bytes were received: whole frames, as they were sent, within TLS where there is one.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.counters.bytes_received.load(Relaxed)
    }

    /// Returns how many bytes were sent, counted as [`bytes_received`](Self::bytes_received) are.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.counters.bytes_sent.load(Relaxed)
    }
}

/// For those whose counters they are.
#[cfg(feature = "ws")]
impl WebSocketStats {
    pub(crate) fn begin(&self) {
        self.counters.opened.fetch_add(1, Relaxed);
    }

    pub(crate) fn end(&self, end: WebSocketEnd) {
        self.counters.ended[end as usize].fetch_add(1, Relaxed);
    }

    /// Adds messages that were received and sent.
    pub(crate) fn messages(&self, received: u64, sent: u64) {
        self.counters.messages_received.fetch_add(received, Relaxed);
        self.counters.messages_sent.fetch_add(sent, Relaxed);
    }

    /// Adds bytes that were received and sent.
    pub(crate) fn bytes(&self, received: u64, sent: u64) {
        self.counters.bytes_received.fetch_add(received, Relaxed);
        self.counters.bytes_sent.fetch_add(sent, Relaxed);
    }
}

impl fmt::Debug for WebSocketStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketStats")
            .field("open", &self.open())
            .field("opened", &self.opened())
            .finish_non_exhaustive()
    }
}
