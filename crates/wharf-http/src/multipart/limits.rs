/// How much of a multipart body is taken in.
///
/// A reader holds one piece of the body and the head of one part, whatever the rest. The number of parts, heads and names
/// are limited by default; sizes are not, since parts stream.
///
/// # Examples
///
/// ```
/// use wharf_http::multipart::Limits;
///
/// let limits = Limits::new().parts(20).part_bytes(10 << 20).total_bytes(100 << 20);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(super) parts: Option<usize>,
    pub(super) headers: usize,
    pub(super) head_bytes: usize,
    pub(super) name_bytes: usize,
    pub(super) part_bytes: Option<u64>,
    pub(super) total_bytes: Option<u64>,
    pub(super) depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parts: Some(1_000),
            headers: 32,
            head_bytes: 16 * 1024,
            name_bytes: 1024,
            part_bytes: None,
            total_bytes: None,
            depth: 4,
        }
    }
}

impl Limits {
    /// Creates the limits that hold by default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many parts there may be, at each level of nesting.
    ///
    /// Default: 1,000. `None` allows any number, such as for a stream without end.
    #[must_use]
    pub fn parts(mut self, count: impl Into<Option<usize>>) -> Self {
        self.parts = count.into();
        self
    }

    /// Sets how many header fields a part may have.
    ///
    /// Default: 32.
    #[must_use]
    pub fn headers(mut self, count: usize) -> Self {
        self.headers = count;
        self
    }

    /// Sets how long the head of a part may be, in bytes.
    ///
    /// Default: 16 KiB.
    #[must_use]
    pub fn head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = bytes;
        self
    }

    /// Sets how long the name of a field and that of a file may be, in bytes.
    ///
    /// Default: 1 KiB.
    #[must_use]
    pub fn name_bytes(mut self, bytes: usize) -> Self {
        self.name_bytes = bytes;
        self
    }

    /// Sets how long a part may be, in bytes as they are sent.
    ///
    /// Default: `None`, any length. A whole read of a part has a limit of its own.
    #[must_use]
    pub fn part_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.part_bytes = bytes.into();
        self
    }

    /// Sets how long the whole body may be, in bytes as they are sent; what is around the parts counts too.
    ///
    /// Default: `None`, any length.
    #[must_use]
    pub fn total_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.total_bytes = bytes.into();
        self
    }

    /// Sets how deep multipart bodies may be nested; the outermost is of depth 1.
    ///
    /// Default: 4.
    #[must_use]
    pub fn depth(mut self, levels: usize) -> Self {
        self.depth = levels;
        self
    }
}
