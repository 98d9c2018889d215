//! The settings of a WebSocket and their defaults.

use std::time::Duration;

use super::deflate::DeflateConfig;

/// The settings of a WebSocket, the same on both ends.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_http::ws::WebSocketConfig;
///
/// let config = WebSocketConfig::new()
///     .max_message(64 << 10)
///     .heartbeat(Duration::from_secs(20));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WebSocketConfig {
    pub(super) max_message: usize,
    pub(super) max_frame: usize,
    pub(super) heartbeat: Option<Duration>,
    pub(super) write_timeout: Option<Duration>,
    pub(super) close_timeout: Duration,
    pub(super) high_water: usize,
    pub(super) fragment: Option<usize>,
    pub(super) control_frames: bool,
    pub(super) deflate: Option<DeflateConfig>,
}

impl WebSocketConfig {
    /// Creates settings with the defaults.
    pub fn new() -> Self {
        Self {
            max_message: 4 << 20,
            max_frame: usize::MAX,
            heartbeat: Some(Duration::from_secs(30)),
            write_timeout: Some(Duration::from_secs(30)),
            close_timeout: Duration::from_secs(10),
            high_water: 64 << 10,
            fragment: None,
            control_frames: false,
            deflate: DeflateConfig::by_default(),
        }
    }

    /// Sets how many bytes a received message may have, all its frames together and after inflating.
    ///
    /// A larger one closes the WebSocket with [`CloseCode::TOO_BIG`](super::CloseCode::TOO_BIG), as soon as a head or
    /// the inflated bytes tell. `max_message` also bounds the number of frames that a message may come in.
    ///
    /// Default: 4 MiB. `None` allows any size.
    pub fn max_message(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.max_message = bytes.into().unwrap_or(usize::MAX);
        self
    }

    /// Sets how many bytes a received frame may have on the wire.
    ///
    /// Default: `None`, what [`max_message`](Self::max_message) allows.
    pub fn max_frame(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.max_frame = bytes.into().unwrap_or(usize::MAX);
        self
    }

    /// Sets after how long a silence of the peer it is sent a ping, and how long it then has to show a sign of life.
    ///
    /// Any byte is one, so that a large message on a slow line keeps its connection. After a second interval without
    /// one, `recv` fails with [`Phase::Heartbeat`](super::Phase::Heartbeat). The heart beats while `recv` is awaited. The
    /// signs of a peer that sends much are not timed one by one: when it falls silent, that may be noticed an eighth of
    /// the interval late.
    ///
    /// Default: 30 seconds. `None` waits for ever.
    pub fn heartbeat(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.heartbeat = interval.into();
        self
    }

    /// Sets for how long the peer may accept no byte while some wait to be sent.
    ///
    /// Then whoever sends or receives fails with [`Phase::Write`](super::Phase::Write), and the connection is dropped.
    ///
    /// Default: 30 seconds. `None` waits for ever.
    pub fn write_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.write_timeout = limit.into();
        self
    }

    /// Sets how long the closing handshake may take: from our close frame to the end of the connection.
    ///
    /// Default: 10 seconds.
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.close_timeout = limit;
        self
    }

    /// Sets how many bytes may wait to be sent: with more, `feed` and `send` wait first until fewer do.
    ///
    /// A single message may be larger. `send` waits for its own bytes in any case.
    ///
    /// Default: 64 KiB.
    pub fn high_water(mut self, bytes: usize) -> Self {
        self.high_water = bytes;
        self
    }

    /// Sets the most bytes that a frame we send carries; a larger message goes in several.
    ///
    /// Default: `None`, one frame for each message. 0 is taken as 1.
    pub fn fragment(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.fragment = bytes.into().map(|bytes| bytes.max(1));
        self
    }

    /// Sets whether `recv` gives pings and pongs too. Pings are answered in any case.
    ///
    /// Default: `false`.
    pub fn control_frames(mut self, on: bool) -> Self {
        self.control_frames = on;
        self
    }
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self::new()
    }
}
