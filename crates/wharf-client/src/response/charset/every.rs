use encoding_rs::{Encoding, UTF_8};

/// One of the charsets of the web (WHATWG Encoding Standard).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::response) struct Charset(&'static Encoding);

impl Charset {
    pub(in crate::response) const UTF_8: Self = Self(UTF_8);

    /// Finds the charset of a name (WHATWG Encoding Standard §4.2).
    pub(super) fn named(name: &str) -> Option<Self> {
        Encoding::for_label_no_replacement(name.as_bytes()).map(Self)
    }

    /// Finds the charset that a byte order mark tells, and the length of the mark.
    pub(super) fn marked(bytes: &[u8]) -> Option<(Self, usize)> {
        let (encoding, length) = Encoding::for_bom(bytes)?;
        Some((Self(encoding), length))
    }

    /// Tells whether a byte below 0x80 is always a character of ASCII, so that lines can be told apart.
    pub(super) fn has_ascii_lines(self) -> bool {
        self.0.is_ascii_compatible()
    }

    /// Decodes all charsets but UTF-8; `None` when the bytes are not of the charset.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        let text = self
            .0
            .decode_without_bom_handling_and_without_replacement(bytes)?;
        Some(text.into_owned())
    }

    pub(super) fn name(self) -> &'static str {
        self.0.name()
    }
}
