//! [`Flow`]: what happens to the bytes of one direction.

use std::time::Duration;

/// What happens to the bytes of one direction of a connection. By default nothing: they pass at once and to the end.
///
/// Bytes are counted from the beginning of the connection, heads included. Of `cut_after`, `reset_after`,
/// `half_close_after` and `stall_after` the last one set counts.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_test::fault::Flow;
///
/// /// A mobile network that loses its way after a megabyte.
/// let flow = Flow::new()
///     .delay(Duration::from_millis(300))
///     .bandwidth(50_000)
///     .stall_after(1_000_000);
/// # let _ = flow;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Flow {
    pub(super) delay: Duration,
    pub(super) bandwidth: Option<u64>,
    pub(super) corrupt: Vec<u64>,
    pub(super) end: Option<(u64, End)>,
}

/// How a direction ends, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Cut,
    Reset,
    HalfClose,
    Stall,
}

impl Flow {
    /// Creates a direction in which nothing happens.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long each byte is on its way. Default: zero.
    ///
    /// Bytes that were sent later arrive later, and the waits of pieces do not add up.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets how many bytes pass in a second. Default: no limit; zero lets nothing pass.
    ///
    /// They come in pieces of a tenth of a second, 16 KiB at most.
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        self.bandwidth = Some(bytes_per_second);
        self
    }

    /// Ends the whole connection after `bytes` bytes, as if the peer had closed its socket: reading finds the end, and
    /// writing fails with `BrokenPipe`.
    pub fn cut_after(self, bytes: u64) -> Self {
        self.end(bytes, End::Cut)
    }

    /// Ends the whole connection after `bytes` bytes with `ConnectionReset`, for reading and for writing.
    ///
    /// The far end, which has no faults of its own, finds the end of the stream.
    pub fn reset_after(self, bytes: u64) -> Self {
        self.end(bytes, End::Reset)
    }

    /// Ends this direction after `bytes` bytes, while the other one goes on.
    pub fn half_close_after(self, bytes: u64) -> Self {
        self.end(bytes, End::HalfClose)
    }

    /// Lets nothing pass any more after `bytes` bytes, and the connection stays open.
    pub fn stall_after(self, bytes: u64) -> Self {
        self.end(bytes, End::Stall)
    }

    /// Changes the byte that has `offset` bytes before it, to one that is not ASCII if it was. May be called for several.
    pub fn corrupt_at(mut self, offset: u64) -> Self {
        self.corrupt.push(offset);
        self
    }

    fn end(mut self, bytes: u64, end: End) -> Self {
        self.end = Some((bytes, end));
        self
    }
}
