//! A request path as the matcher reads it: split at its slashes, each segment percent-decoded (RFC 3986 §2.1, §3.3).
//!
//! A path without escapes, which is nearly every path, is read in place. One with escapes is decoded once, into one buffer, with a
//! table of where each segment begins; so an encoded slash is a character of its segment and never splits it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::params::Span;
use super::tag;
use super::word;

#[cfg(test)]
mod tests;

/// The position after the last segment.
pub(super) const END: usize = usize::MAX;

/// A path that can be walked segment by segment.
///
/// A position is opaque: it is [`Text::FIRST`], or came out of a [`Part`].
pub(super) trait Text<'t>: Copy {
    /// The position of the first segment.
    const FIRST: usize;

    /// Returns the decoded text in which the segments stand.
    fn decoded(self) -> &'t str;

    /// Returns where the segment at `at` stands.
    fn segment(self, at: usize) -> Part;

    /// Returns the position after these segments, if they are what stands at `at`.
    fn skip(self, at: usize, segments: &[u8]) -> Option<usize>;

    /// Returns everything from `at` on, decoded.
    fn rest(self, at: usize) -> &'t str;

    /// Returns where a range of the decoded segment at `at` stands in the path as received.
    fn locate(self, at: usize, decoded: Range<usize>) -> Span;

    /// Returns where everything from `skip` decoded bytes after `at` stands in the path as received.
    fn locate_rest(self, at: usize, skip: usize) -> Span;
}

/// One segment of a path.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Where it begins in the decoded text.
    start: usize,
    end: usize,
    /// The position of the next segment, or [`END`].
    pub(super) next: usize,
}

impl Part {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }

    pub(super) fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns its text.
    pub(super) fn of<'t>(self, text: impl Text<'t>) -> &'t str {
        &text.decoded()[self.start..self.end]
    }

    /// Returns the tag of its text.
    pub(super) fn tag(self, decoded: &str) -> u64 {
        tag::tag_of_part(decoded.as_bytes(), self.start, self.end)
    }

    /// Returns its text, for where it need not be one.
    pub(super) fn bytes_of<'t>(self, text: impl Text<'t>) -> &'t [u8] {
        &text.decoded().as_bytes()[self.start..self.end]
    }
}

/// A path without escapes. It begins with a slash, and is shorter than 4 GiB.
#[derive(Clone, Copy)]
pub(super) struct Plain<'t>(pub(super) &'t str);

impl<'t> Text<'t> for Plain<'t> {
    const FIRST: usize = 1;

    fn decoded(self) -> &'t str {
        self.0
    }

    #[inline]
    fn segment(self, start: usize) -> Part {
        let end = word::to_slash(self.0.as_bytes(), start);
        let next = if end < self.0.len() { end + 1 } else { END };
        Part { start, end, next }
    }

    fn skip(self, at: usize, segments: &[u8]) -> Option<usize> {
        match self.0.as_bytes()[at..].strip_prefix(segments)? {
            [] => Some(END),
            [b'/', ..] => Some(at + segments.len() + 1),
            _ => None,
        }
    }

    fn rest(self, at: usize) -> &'t str {
        &self.0[at..]
    }

    fn locate(self, at: usize, decoded: Range<usize>) -> Span {
        Span {
            start: offset(at + decoded.start),
            end: offset(at + decoded.end),
        }
    }

    fn locate_rest(self, at: usize, skip: usize) -> Span {
        Span {
            start: offset(at + skip),
            end: offset(self.0.len()),
        }
    }
}

/// A path with escapes, decoded.
pub(super) struct Decoded<'p> {
    path: &'p str,
    text: String,
    /// Where each segment begins, in `path` and in `text`; and where one more would.
    starts: Vec<(usize, usize)>,
}

impl<'p> Decoded<'p> {
    /// Decodes a path that begins with a slash and is shorter than 4 GiB.
    pub(super) fn new(path: &'p str) -> Result<Self, BadPath> {
        let mut text = String::with_capacity(path.len());
        let mut starts = Vec::new();
        let mut at = 1;
        for segment in path[1..].split('/') {
            text.push('/');
            starts.push((at, text.len()));
            text.push_str(&decode(segment).map_err(|bad| bad.moved(at))?);
            at += segment.len() + 1;
        }
        starts.push((at, text.len() + 1));
        Ok(Self { path, text, starts })
    }

    /// Returns how many bytes of the path stand for the first `decoded` bytes of the segment at `at`.
    fn encoded_len(&self, at: usize, decoded: usize) -> usize {
        let start = self.starts[at].0;
        let mut bytes = self.path.as_bytes()[start..].iter();
        let mut len = 0;
        for _ in 0..decoded {
            len += match bytes.next() {
                Some(b'%') => {
                    bytes.nth(1);
                    3
                }
                _ => 1,
            };
        }
        len
    }
}

impl<'t> Text<'t> for &'t Decoded<'_> {
    const FIRST: usize = 0;

    fn decoded(self) -> &'t str {
        &self.text
    }

    fn segment(self, at: usize) -> Part {
        let next = if at + 2 < self.starts.len() {
            at + 1
        } else {
            END
        };
        Part {
            start: self.starts[at].1,
            end: self.starts[at + 1].1 - 1,
            next,
        }
    }

    fn skip(self, mut at: usize, segments: &[u8]) -> Option<usize> {
        for segment in segments.split(|&byte| byte == b'/') {
            if at == END {
                return None;
            }
            let part = self.segment(at);
            if part.bytes_of(self) != segment {
                return None;
            }
            at = part.next;
        }
        Some(at)
    }

    fn rest(self, at: usize) -> &'t str {
        &self.text[self.starts[at].1..]
    }

    fn locate(self, at: usize, decoded: Range<usize>) -> Span {
        let start = self.starts[at].0;
        Span {
            start: offset(start + self.encoded_len(at, decoded.start)),
            end: offset(start + self.encoded_len(at, decoded.end)),
        }
    }

    fn locate_rest(self, at: usize, skip: usize) -> Span {
        Span {
            start: offset(self.starts[at].0 + self.encoded_len(at, skip)),
            end: offset(self.path.len()),
        }
    }
}

/// A path longer than this can say is never matched, so that no offset is cut here.
fn offset(at: usize) -> u32 {
    at as u32
}

/// Decodes every escape of `text`.
pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, BadPath> {
    let Some(first) = text.find('%') else {
        return Ok(Cow::Borrowed(text));
    };
    let bytes = text.as_bytes();
    let mut decoded = bytes[..first].to_vec();
    let mut at = first;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let Some(value) = escape(&bytes[at..]) else {
                return Err(BadPath {
                    at,
                    problem: Problem::Escape,
                });
            };
            decoded.push(value);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    match String::from_utf8(decoded) {
        Ok(text) => Ok(Cow::Owned(text)),
        Err(_) => Err(BadPath {
            at: first,
            problem: Problem::Utf8,
        }),
    }
}

/// Reads the escape at the beginning of `bytes`.
pub(super) fn escape(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Why a request path cannot be decoded; answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPath {
    at: usize,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Escape,
    Utf8,
    Length,
}

impl BadPath {
    /// Returns the byte of the path at which the problem was seen.
    pub fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn too_long() -> Self {
        Self {
            at: 0,
            problem: Problem::Length,
        }
    }

    fn moved(self, by: usize) -> Self {
        Self {
            at: self.at + by,
            ..self
        }
    }
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::Escape => "`%` is not followed by two hexadecimal digits",
            Problem::Utf8 => "segment is not UTF-8 once decoded",
            Problem::Length => "longer than 4 GiB",
        };
        write!(f, "bad request path at byte {}: {problem}", self.at)
    }
}

impl std::error::Error for BadPath {}
