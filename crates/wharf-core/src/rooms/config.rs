use wharf_http::ws::CloseCode;

/// What becomes of a member whose queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SlowMember {
    /// What has waited longest is dropped. For states of which the latest counts, such as prices.
    DropOldest,
    /// What comes is dropped until there is room.
    DropNewest,
    /// The member loses its queue and is closed with this code. The default, with [`CloseCode::TRY_AGAIN`] (1013): who misses
    /// something finds out, and can come again.
    Close(CloseCode),
}

/// The settings of rooms.
///
/// # Examples
///
/// ```
/// use wharf_core::rooms::{Rooms, RoomsConfig, SlowMember};
///
/// let config = RoomsConfig::new().queue(16).slow_member(SlowMember::DropOldest);
/// let rooms = Rooms::with_config(config);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RoomsConfig {
    pub(super) queue: usize,
    pub(super) queue_bytes: usize,
    pub(super) slow_member: SlowMember,
}

impl RoomsConfig {
    /// Creates settings with the defaults.
    pub fn new() -> Self {
        Self {
            queue: 256,
            queue_bytes: 1 << 20,
            slow_member: SlowMember::Close(CloseCode::TRY_AGAIN),
        }
    }

    /// Sets how many messages may wait for one member.
    ///
    /// Default: 256. 0 is taken as 1.
    pub fn queue(mut self, messages: usize) -> Self {
        self.queue = messages.max(1);
        self
    }

    /// Sets how many bytes of messages may wait for one member. A single message may be larger.
    ///
    /// Members of one instance share the bytes of a broadcast, so that this counts what they have in common several times.
    ///
    /// Default: 1 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Sets what becomes of a member whose queue is full.
    ///
    /// Default: [`SlowMember::Close`] with code 1013.
    pub fn slow_member(mut self, policy: SlowMember) -> Self {
        self.slow_member = policy;
        self
    }
}

impl Default for RoomsConfig {
    fn default() -> Self {
        Self::new()
    }
}
