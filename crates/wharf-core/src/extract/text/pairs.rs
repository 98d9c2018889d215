use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode;

use super::Pair;
use super::error::Shown;

/// The names and texts of a query or form (`application/x-www-form-urlencoded`), as they were sent.
///
/// As the URL standard has it, empty pieces are left out, a plus is a space, and a percent sign that begins no escape
/// stands for itself. Bytes that are no UTF-8 are an error here, instead of silently other text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs<'a> {
    rest: &'a [u8],
    /// `None` stands for UTF-8.
    charset: Option<&'a str>,
}

pub(crate) fn pairs(encoded: &[u8]) -> Pairs<'_> {
    Pairs {
        rest: encoded,
        charset: None,
    }
}

#[cfg(feature = "form")]
impl<'a> Pairs<'a> {
    /// Reads the texts in another charset, which has to be a known one.
    pub(crate) fn in_charset(mut self, charset: &'a str) -> Self {
        self.charset = Some(charset);
        self
    }
}

/// A name or text whose bytes are not UTF-8 once decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8 {
    /// The name, as far as it can be shown.
    name: String,
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not UTF-8", Shown(&self.name))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<Pair<'a>, NotUtf8>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = loop {
            if self.rest.is_empty() {
                return None;
            }
            let (piece, rest) = split(self.rest, b'&');
            self.rest = rest;
            if !piece.is_empty() {
                break piece;
            }
        };
        let (name, text) = split(piece, b'=');
        let decode = |bytes| decode(bytes, self.charset);
        let pair = decode(name).and_then(|name| Some((name, decode(text)?)));
        Some(pair.ok_or_else(|| NotUtf8 {
            name: String::from_utf8_lossy(name).into_owned(),
        }))
    }
}

/// What is before and after the first `separator`.
fn split(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == separator) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> Option<Cow<'a, str>> {
    if charset.is_none() && !bytes.contains(&b'+') && !bytes.contains(&b'%') {
        return std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
    }
    let spaced: Vec<u8> = bytes
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    let decoded: Vec<u8> = percent_decode(&spaced).collect();
    let text = match charset {
        Some(charset) => wharf_http::charset::decode(charset, &decoded).ok(),
        None => String::from_utf8(decoded).ok(),
    };
    text.map(Cow::Owned)
}
