//! Content codings: bodies that are sent compressed (RFC 9110 §8.4.1), in both directions.
//!
//! ~~~text
//! wire ─▶ gzip ─▶ br ─▶ reader      decode: what was applied last is undone first
//! writer ─▶ br ─▶ wire              Encoder: one coding, flushed per piece where that is asked for
//! ~~~
//!
//! Both stream: they hold one piece of 16 KiB and the window of the coding, work when they are read, and keep trailer
//! fields. A window is up to 32 KiB for gzip and deflate, 8 MiB for zstd and 16 MiB for br; it grows with what was
//! decoded, and nothing is held before the first byte. A whole read with a limit, [`Body::bytes`](crate::Body::bytes),
//! counts decoded bytes; [`Limits`] bound a body that is read in pieces.
//!
//! What follows a finished gzip, deflate or br stream is passed over, as browsers do: the checksum has shown that the
//! body is whole, and old servers pad it. Joined gzip members and zstd frames are one body; anything else after a zstd
//! frame is an error.

#[cfg(feature = "brotli")]
mod brotli;
mod codec;
mod decode;
#[cfg(feature = "gzip")]
mod deflate;
mod encode;
mod field;
mod limits;
#[cfg(feature = "zstd")]
mod zstd;

pub use encode::Encoder;
pub use field::{BadEncoding, decode};
pub use limits::Limits;

use std::fmt;

use codec::Kind;

/// A content coding that is compiled in.
///
/// # Examples
///
/// ```
/// use wharf_http::coding::Coding;
///
/// # #[cfg(feature = "gzip")]
/// assert_eq!(Coding::named("x-gzip"), Some(Coding::GZIP));
/// assert_eq!(Coding::named("compress"), None);
/// ```
#[derive(Clone, Copy)]
pub struct Coding {
    kind: &'static Kind,
}

impl Coding {
    /// `br` (RFC 7932), level 0 to 11, by default 4.
    #[cfg(feature = "brotli")]
    #[cfg_attr(docsrs, doc(cfg(feature = "brotli")))]
    pub const BROTLI: Self = Self {
        kind: &brotli::BROTLI,
    };

    /// `deflate`, which is the zlib format (RFC 9110 §8.4.1.2), level 0 to 9, by default 6.
    ///
    /// Decoding takes bare deflate data too, which some servers send under this name.
    #[cfg(feature = "gzip")]
    #[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
    pub const DEFLATE: Self = Self {
        kind: &deflate::DEFLATE,
    };

    /// `gzip` (RFC 1952), level 0 to 9, by default 6.
    #[cfg(feature = "gzip")]
    #[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
    pub const GZIP: Self = Self {
        kind: &deflate::GZIP,
    };

    /// `zstd` (RFC 8878), level 1 to 19, by default 3.
    ///
    /// Decoding takes windows up to 8 MiB, which no sender may exceed (RFC 9659); levels above 19 would.
    #[cfg(feature = "zstd")]
    #[cfg_attr(docsrs, doc(cfg(feature = "zstd")))]
    pub const ZSTD: Self = Self { kind: &zstd::ZSTD };

    /// Returns the codings that are compiled in, best first.
    #[must_use]
    pub fn available() -> &'static [Self] {
        &[
            #[cfg(feature = "zstd")]
            Self::ZSTD,
            #[cfg(feature = "brotli")]
            Self::BROTLI,
            #[cfg(feature = "gzip")]
            Self::GZIP,
            #[cfg(feature = "gzip")]
            Self::DEFLATE,
        ]
    }

    /// Finds a coding by its name in header fields, without regard to case; `None` when it is not compiled in.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_named = |coding: &&Self| {
            let names = [Some(coding.kind.name), coding.kind.alias];
            names
                .into_iter()
                .flatten()
                .any(|known| known.eq_ignore_ascii_case(name))
        };
        Self::available().iter().find(is_named).copied()
    }

    /// Returns the name in header fields, such as `gzip`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.kind.name
    }
}

impl PartialEq for Coding {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Coding {}

impl fmt::Debug for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Coding({})", self.name())
    }
}

/// Returns the value of `Accept-Encoding` that asks for any coding that is compiled in, best first.
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "gzip", feature = "brotli", feature = "zstd"))]
/// assert_eq!(wharf_http::coding::accepted(), "zstd, br, gzip, deflate");
/// ```
#[must_use]
pub fn accepted() -> &'static str {
    let compiled = (
        cfg!(feature = "zstd"),
        cfg!(feature = "brotli"),
        cfg!(feature = "gzip"),
    );
    match compiled {
        (true, true, true) => "zstd, br, gzip, deflate",
        (true, true, false) => "zstd, br",
        (true, false, true) => "zstd, gzip, deflate",
        (true, false, false) => "zstd",
        (false, true, true) => "br, gzip, deflate",
        (false, true, false) => "br",
        (false, false, true) => "gzip, deflate",
        (false, false, false) => "identity",
    }
}

#[cfg(test)]
mod tests;
