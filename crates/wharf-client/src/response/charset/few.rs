/// What windows-1252 has where ISO 8859-1 has control characters, from 0x80 to 0x9F.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// One of the charsets that need no tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::response) enum Charset {
    Utf8,
    Windows1252,
}

impl Charset {
    pub(in crate::response) const UTF_8: Self = Self::Utf8;

    /// Finds the charset of a name (WHATWG Encoding Standard §4.2).
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "unicode-1-1-utf-8" | "unicode11utf8" | "unicode20utf8"
            | "x-unicode20utf8" => Some(Self::Utf8),
            "ascii" | "us-ascii" | "ansi_x3.4-1968" | "iso-8859-1" | "iso8859-1" | "iso88591"
            | "iso_8859-1" | "iso_8859-1:1987" | "iso-ir-100" | "csisolatin1" | "latin1" | "l1"
            | "cp819" | "ibm819" | "cp1252" | "x-cp1252" | "windows-1252" => {
                Some(Self::Windows1252)
            }
            _ => None,
        }
    }

    /// Finds the charset that a byte order mark tells, and the length of the mark.
    pub(super) fn marked(bytes: &[u8]) -> Option<(Self, usize)> {
        bytes
            .starts_with("\u{feff}".as_bytes())
            .then_some((Self::Utf8, 3))
    }

    /// Tells whether a byte below 0x80 is always a character of ASCII, so that lines can be told apart.
    pub(super) fn has_ascii_lines(self) -> bool {
        true
    }

    /// Decodes all charsets but UTF-8; `None` when the bytes are not of the charset.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        let char = |&byte: &u8| match byte {
            0x80..=0x9f => HIGH[usize::from(byte) - 0x80],
            byte => char::from(byte),
        };
        Some(bytes.iter().map(char).collect())
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "windows-1252",
        }
    }
}
