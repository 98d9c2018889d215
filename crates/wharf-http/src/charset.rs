//! Text in the charsets that need no tables: UTF-8, ASCII, ISO 8859-1 and windows-1252.

use std::error::Error as StdError;
use std::fmt;

/// What windows-1252 has where ISO 8859-1 has control characters, from 0x80 to 0x9F.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Decodes a text of a charset, named as in a `charset` parameter.
///
/// UTF-8 has to be valid, and its byte order mark is left out. `us-ascii`, `iso-8859-1` and `latin1` are read as
/// windows-1252, as browsers do (WHATWG Encoding Standard §4.2).
///
/// # Errors
///
/// [`BadCharset`] when the charset is another one, or the bytes are not valid in it.
///
/// # Examples
///
/// ```
/// use wharf_http::charset;
///
/// assert_eq!(charset::decode("utf-8", "Größe".as_bytes())?, "Größe");
/// assert_eq!(charset::decode("ISO-8859-1", b"Gr\xf6\xdfe")?, "Größe");
/// assert!(charset::decode("koi8-r", b"a").unwrap_err().is_unknown());
/// # Ok::<(), wharf_http::charset::BadCharset>(())
/// ```
pub fn decode(name: &str, bytes: &[u8]) -> Result<String, BadCharset> {
    match name.trim().to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "unicode-1-1-utf-8" => {
            let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
            let text = String::from_utf8(bytes.to_vec());
            text.map_err(|error| BadCharset {
                name: "utf-8".to_owned(),
                at: Some(error.utf8_error().valid_up_to()),
            })
        }
        "ascii" | "us-ascii" | "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "l1"
        | "cp1252" | "windows-1252" => {
            let char = |&byte: &u8| match byte {
                0x80..=0x9f => HIGH[usize::from(byte) - 0x80],
                byte => char::from(byte),
            };
            Ok(bytes.iter().map(char).collect())
        }
        _ => Err(BadCharset {
            name: name.to_owned(),
            at: None,
        }),
    }
}

/// Why a text cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadCharset {
    name: String,
    /// `None` when the charset is unknown.
    at: Option<usize>,
}

impl BadCharset {
    /// Tells whether the charset is not known; otherwise the bytes are not valid in it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.at.is_none()
    }
}

impl fmt::Display for BadCharset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "not valid {}, from byte {at} on", self.name),
            None => write!(f, "the charset {:?} is not supported", self.name),
        }
    }
}

impl StdError for BadCharset {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_call_latin_is_windows_1252() {
        for name in ["latin1", " US-ASCII", "windows-1252"] {
            assert_eq!(decode(name, b"a\x80\xe4").unwrap(), "a€ä");
        }
    }

    #[test]
    fn utf8_has_to_be_valid_and_its_mark_is_left_out() {
        assert_eq!(decode("UTF8", b"\xef\xbb\xbfa").unwrap(), "a");
        let error = decode("utf-8", b"ab\xff").unwrap_err();
        assert_eq!(error.to_string(), "not valid utf-8, from byte 2 on");
        let error = decode("koi8-r", b"").unwrap_err();
        assert_eq!(error.to_string(), "the charset \"koi8-r\" is not supported");
    }
}
