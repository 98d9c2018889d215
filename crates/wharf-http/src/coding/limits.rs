use crate::body::{Error, ErrorKind};

/// How much a body may grow when it is decoded. By default there is no limit.
///
/// A limit is not needed where a body is read whole, since [`Body::bytes`](crate::Body::bytes) counts decoded bytes.
///
/// # Examples
///
/// ```
/// use wharf_http::coding::Limits;
///
/// let limits = Limits::new().decoded(64 << 20).ratio(200);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    decoded: Option<u64>,
    ratio: Option<u32>,
}

/// Small bodies may be as dense as they like: what they decode to fits in memory.
const DENSE: u64 = 1 << 20;

impl Limits {
    /// Creates limits that limit nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many bytes a body may decode to; reading more is [`ErrorKind::TooLarge`].
    ///
    /// Default: `None`, any number.
    #[must_use]
    pub fn decoded(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.decoded = bytes.into();
        self
    }

    /// Sets how many times larger a body may become; reading more is [`ErrorKind::TooDense`].
    ///
    /// All codings of a body count as one. The first MiB is free, since short texts are dense. gzip reaches 1032 at
    /// most, br and zstd some hundred thousand; text is rarely above 20.
    ///
    /// Default: `None`, any number.
    #[must_use]
    pub fn ratio(mut self, ratio: impl Into<Option<u32>>) -> Self {
        self.ratio = ratio.into();
        self
    }

    /// Checks a body of which `read` bytes were decoded to `given`.
    pub(super) fn check(self, read: u64, given: u64) -> Result<(), Error> {
        if let Some(limit) = self.decoded
            && given > limit
        {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            return Err(Error::new(ErrorKind::TooLarge { limit }));
        }
        if let Some(limit) = self.ratio
            && given > DENSE
            && given > read.saturating_mul(u64::from(limit))
        {
            return Err(Error::new(ErrorKind::TooDense { limit }));
        }
        Ok(())
    }
}
