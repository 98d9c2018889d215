//! The pieces that header field values are made of (RFC 9110 §5.6): tokens, quoted strings, lists and parameters.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Tells whether `text` is a token (RFC 9110 §5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Strips the white space that may stand around the pieces of a value (RFC 9110 §5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Splits at `separator`, but not within quoted strings. Pieces are trimmed, empty ones left out (RFC 9110 §5.6.1.2).
pub(crate) fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (piece, after) = match find_unquoted(text, separator) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        rest = after;
        Some(trim(piece))
    })
    .filter(|piece| !piece.is_empty())
}

/// Finds an ASCII byte outside quoted strings.
fn find_unquoted(text: &str, wanted: u8) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Reads `name=value`, the value being a token or a quoted string (RFC 9110 §5.6.6).
pub(crate) fn parameter(text: &str) -> Option<(&str, Cow<'_, str>)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (trim(name), trim(value));
    is_token(name).then_some(())?;
    Some((name, token_or_quoted(value)?))
}

/// Reads a token or a quoted string.
pub(crate) fn token_or_quoted(text: &str) -> Option<Cow<'_, str>> {
    match text.strip_prefix('"') {
        Some(quoted) => unquote(quoted.strip_suffix('"')?),
        None => is_token(text).then_some(Cow::Borrowed(text)),
    }
}

/// Undoes the escapes between the quotes of a quoted string (RFC 9110 §5.6.4).
fn unquote(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['"', '\\']) {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => return None,
            '\\' => plain.push(chars.next()?),
            _ => plain.push(char),
        }
    }
    Some(Cow::Owned(plain))
}

/// How much a member of a list is wanted, in thousandths (RFC 9110 §12.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Weight(u16);

impl Weight {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const FULL: Self = Self(1000);

    /// Reads the value of `q`, and `.5`, which some clients write.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = fraction.as_bytes();
        if digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let thousandths = (0..3).fold(0, |sum, at| {
            sum * 10 + digits.get(at).map_or(0, |digit| u16::from(digit - b'0'))
        });
        match whole {
            "0" => Some(Self(thousandths)),
            "" if !digits.is_empty() => Some(Self(thousandths)),
            "1" if thousandths == 0 => Some(Self::FULL),
            _ => None,
        }
    }

    pub(crate) fn thousandths(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Weight {
    /// Writes the parameter `q`, or nothing for the full weight, which is the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1000.. => Ok(()),
            thousandths => {
                let digits = format!("{thousandths:03}");
                let digits = digits.trim_end_matches('0');
                match digits {
                    "" => f.write_str(";q=0"),
                    digits => write!(f, ";q=0.{digits}"),
                }
            }
        }
    }
}

/// Writes a parameter value: as it is when it is a token, quoted otherwise.
pub(crate) struct Quoted<'t>(pub(crate) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_token(self.0) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for char in self.0.chars() {
            if matches!(char, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(char)?;
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_outside_quotes_and_keeps_no_empty_piece() {
        let pieces: Vec<_> = split(r#" a , ,b="x, \"y", c,"#, b',').collect();
        assert_eq!(pieces, ["a", r#"b="x, \"y""#, "c"]);
        assert_eq!(split("", b',').count(), 0);
        assert_eq!(split(r#""open, end"#, b',').count(), 1);
    }

    #[test]
    fn parameters_are_tokens_or_quoted_strings() {
        let rows: [(&str, Option<(&str, &str)>); 10] = [
            ("q=0.5", Some(("q", "0.5"))),
            ("q = 0.5", Some(("q", "0.5"))),
            (r#"a="b c""#, Some(("a", "b c"))),
            (r#"a="b\"c\\""#, Some(("a", "b\"c\\"))),
            (r#"a="""#, Some(("a", ""))),
            ("a=", None),
            ("=a", None),
            (r#"a=""#, None),
            (r#"a="b"c""#, None),
            (r#"a="b\""#, None),
        ];
        for (text, expected) in rows {
            let got = parameter(text);
            let got = got.as_ref().map(|(name, value)| (*name, value.as_ref()));
            assert_eq!(got, expected, "{text}");
        }
    }
}
