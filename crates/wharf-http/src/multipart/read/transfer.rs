//! Transfer encodings (RFC 2045 §6), of which HTTP has no need and old senders make use.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};

use crate::Body;
use crate::body;
use crate::header::base64;

/// Undoes an encoding of a part while it is read.
pub(super) struct Transfer {
    body: Body,
    encoding: Encoding,
    ended: bool,
}

/// An encoding that changes the bytes, with what is left of the last piece.
pub(super) enum Encoding {
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
}

impl Encoding {
    /// Finds the encoding of a name: `Ok(None)` for those that change nothing, and the name if it is not known.
    pub(super) fn named(name: &str) -> Result<Option<Self>, &str> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "7bit" | "8bit" | "binary" => Ok(None),
            "base64" => Ok(Some(Self::Base64(Base64::default()))),
            "quoted-printable" => Ok(Some(Self::QuotedPrintable(QuotedPrintable::default()))),
            _ => Err(name),
        }
    }

    fn decode(&mut self, piece: &[u8], last: bool) -> Result<Vec<u8>, &'static str> {
        match self {
            Self::Base64(base64) => base64.decode(piece, last),
            Self::QuotedPrintable(printable) => printable.decode(piece, last),
        }
    }

    pub(super) fn undo(self, body: Body) -> Body {
        Body::new(Transfer {
            body,
            encoding: self,
            ended: false,
        })
    }
}

impl HttpBody for Transfer {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        while !self.ended {
            let piece = match ready!(self.body.poll_chunk(cx)) {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.ended = true;
                    Bytes::new()
                }
            };
            let last = self.ended;
            let decoded = self.encoding.decode(&piece, last);
            let decoded = decoded.map_err(|what| {
                self.ended = true;
                body::Error::new(body::ErrorKind::Malformed).because(what)
            })?;
            if !decoded.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(decoded.into()))));
            }
        }
        Poll::Ready(None)
    }
}

#[derive(Default)]
pub(super) struct Base64 {
    /// Up to three digits.
    left: Vec<u8>,
    padded: bool,
}

impl Base64 {
    fn decode(&mut self, piece: &[u8], last: bool) -> Result<Vec<u8>, &'static str> {
        const BAD: &str = "it is not valid base64";
        let mut digits = std::mem::take(&mut self.left);
        digits.extend(piece.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let whole = match last {
            true => digits.len(),
            false => digits.len() - digits.len() % 4,
        };
        self.left = digits.split_off(whole);
        if digits.is_empty() {
            return Ok(digits);
        }
        if std::mem::replace(&mut self.padded, digits.ends_with(b"=")) {
            return Err(BAD);
        }
        let text = std::str::from_utf8(&digits).map_err(|_not_ascii| BAD)?;
        base64::decode(text).ok_or(BAD)
    }
}

#[derive(Default)]
pub(super) struct QuotedPrintable {
    /// White space that may be padding at the end of its line, or an escape that is not whole.
    left: Vec<u8>,
}

impl QuotedPrintable {
    /// Lines are 76 characters at most (RFC 2045 §6.7); so much white space is no padding.
    const LONGEST: usize = 1024;

    fn decode(&mut self, piece: &[u8], last: bool) -> Result<Vec<u8>, &'static str> {
        const BAD: &str = "it is not valid quoted-printable text";
        let mut text = std::mem::take(&mut self.left);
        text.extend_from_slice(piece);
        let mut decoded = Vec::with_capacity(text.len());
        let mut rest = text.as_slice();
        while let [first, after @ ..] = rest {
            rest = match first {
                b'=' => match escape(after, last) {
                    Some(Escape::Byte(byte)) => {
                        decoded.push(byte);
                        &after[2..]
                    }
                    Some(Escape::Break(length)) => &after[length..],
                    Some(Escape::Bad) => return Err(BAD),
                    None => break,
                },
                b' ' | b'\t' => {
                    let length = rest
                        .iter()
                        .take_while(|byte| matches!(byte, b' ' | b'\t'))
                        .count();
                    match rest.get(length) {
                        Some(b'\r' | b'\n') => {}
                        Some(_) => decoded.extend_from_slice(&rest[..length]),
                        None if last => {}
                        None => break,
                    }
                    &rest[length..]
                }
                byte => {
                    decoded.push(*byte);
                    after
                }
            };
        }
        if rest.len() > Self::LONGEST {
            return Err(BAD);
        }
        self.left = rest.to_vec();
        Ok(decoded)
    }
}

enum Escape {
    Byte(u8),
    /// A line break that is none of the text, of this length with the white space before it.
    Break(usize),
    Bad,
}

/// Reads what follows an equals sign; `None` when it is not whole.
fn escape(after: &[u8], last: bool) -> Option<Escape> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    if let [high, low, ..] = after
        && let (Some(high), Some(low)) = (digit(*high), digit(*low))
    {
        return Some(Escape::Byte(high << 4 | low));
    }
    let padding = after
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    match &after[padding..] {
        [b'\r', b'\n', ..] => Some(Escape::Break(padding + 2)),
        [b'\n', ..] => Some(Escape::Break(padding + 1)),
        [] if last => Some(Escape::Break(padding)),
        [] | [b'\r'] if !last => None,
        [single] if padding == 0 && !last && digit(*single).is_some() => None,
        _ => Some(Escape::Bad),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(name: &str, text: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
        let mut encoding = Encoding::named(name).unwrap().unwrap();
        let mut decoded = Vec::new();
        for piece in text.chunks(size) {
            decoded.extend(encoding.decode(piece, false)?);
        }
        decoded.extend(encoding.decode(b"", true)?);
        Ok(decoded)
    }

    #[test]
    fn printable_text_has_escapes_soft_breaks_and_no_padding() {
        let rows: [(&str, Option<&str>); 9] = [
            ("a=3Db =C3=A4", Some("a=b ä")),
            ("long =\r\nline", Some("long line")),
            ("long= \t\r\nline", Some("longline")),
            ("padded \t\r\nnot  padded  ", Some("padded\r\nnot  padded")),
            ("=c3=a4", Some("ä")),
            ("at the end=", Some("at the end")),
            ("=zz", None),
            ("=4", None),
            ("=\rx", None),
        ];
        for (text, expected) in rows {
            for size in 1..5 {
                let decoded = decode("Quoted-Printable", text.as_bytes(), size).ok();
                assert_eq!(decoded.as_deref(), expected.map(str::as_bytes), "{text}");
            }
        }
    }

    #[test]
    fn base64_has_lines_and_one_end() {
        for (text, expected) in [
            ("Zm9v\r\nYmFy\r\n", Some("foobar")),
            ("Zm 9vYg==", Some("foob")),
            ("Zm9vYg", Some("foob")),
            ("Zg==Zg==", None),
            ("Zg==Z", None),
            ("Zm9*", None),
            ("Z", None),
        ] {
            for size in 1..9 {
                let decoded = decode("BASE64", text.as_bytes(), size).ok();
                assert_eq!(decoded.as_deref(), expected.map(str::as_bytes), "{text}");
            }
        }
        assert!(matches!(Encoding::named("8BIT"), Ok(None)));
        assert_eq!(Encoding::named("uuencode").err(), Some("uuencode"));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in "[a=\r\n 4Z]{0,30}", size in 1..9_usize) {
            for name in ["base64", "quoted-printable"] {
                let whole = decode(name, text.as_bytes(), 100);
                prop_assert_eq!(decode(name, text.as_bytes(), size), whole);
            }
        }

        #[test]
        fn base64_is_undone(bytes in prop::collection::vec(any::<u8>(), 0..60), size in 1..9_usize) {
            let text = base64::encode(&bytes);
            prop_assert_eq!(decode("base64", text.as_bytes(), size), Ok(bytes));
        }
    }
}
