use std::fmt;
use std::ops::RangeInclusive;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{BadHeader, TypedHeader, grammar};

/// How many ranges one field may ask for. More are no request for a part, but an attempt to make work (RFC 9110 §17.15).
const MAX_RANGES: usize = 64;

/// The parts of the content that a client wants: `Range` (RFC 9110 §14.2).
///
/// A range in another unit than bytes counts as absent, since a server that does not know it has to ignore it.
///
/// # Examples
///
/// ```
/// use wharf_http::header::Range;
///
/// let range = Range::parse("bytes=0-4, -2, 900-").unwrap();
/// assert_eq!(range.within(10), [0..=4, 8..=9]);
/// assert_eq!(range.within(0), []); // nothing can be sent: 416
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    ranges: Vec<ByteRange>,
}

/// One part, by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ByteRange {
    /// From the first to the last byte, both included; counted from zero.
    FromTo(u64, u64),
    /// From this byte to the end.
    From(u64),
    /// So many bytes at the end.
    Last(u64),
}

impl Range {
    /// Asks for one part.
    #[must_use]
    pub fn bytes(range: ByteRange) -> Self {
        Self {
            ranges: vec![range],
        }
    }

    /// Reads the value of the field; `None` when it breaks the grammar, asks for too many parts, or in another unit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, list) = text.split_once('=')?;
        // The names of units have no case (RFC 9110 §14.1).
        let known = grammar::trim(unit).eq_ignore_ascii_case("bytes");
        let mut ranges = Vec::new();
        for range in grammar::split(list, b',') {
            if !known || ranges.len() == MAX_RANGES {
                return None;
            }
            ranges.push(ByteRange::parse(range)?);
        }
        (!ranges.is_empty()).then_some(Self { ranges })
    }

    /// Returns the parts as they were asked for.
    #[must_use]
    pub fn ranges(&self) -> &[ByteRange] {
        &self.ranges
    }

    /// Returns the bytes of each part that content of this length has; none is answered 416 (RFC 9110 §14.1.2).
    #[must_use]
    pub fn within(&self, length: u64) -> Vec<RangeInclusive<u64>> {
        let ranges = self.ranges.iter();
        ranges.filter_map(|range| range.within(length)).collect()
    }
}

impl ByteRange {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (grammar::trim(first), grammar::trim(last)) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    /// Returns the bytes that content of this length has of the part.
    #[must_use]
    pub fn within(self, length: u64) -> Option<RangeInclusive<u64>> {
        let end = length.checked_sub(1)?;
        let range = match self {
            Self::FromTo(first, last) => first..=last.min(end),
            Self::From(first) => first..=end,
            Self::Last(0) => return None,
            Self::Last(count) => length.saturating_sub(count)..=end,
        };
        (range.start() <= range.end()).then_some(range)
    }
}

/// Reads digits. What is beyond any length that content can have is as good as the greatest number.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromTo(first, last) => write!(f, "{first}-{last}"),
            Self::From(first) => write!(f, "{first}-"),
            Self::Last(count) => write!(f, "-{count}"),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges.iter().enumerate() {
            let before = if index == 0 { "bytes=" } else { ", " };
            write!(f, "{before}{range}")?;
        }
        Ok(())
    }
}

impl TypedHeader for Range {
    const NAME: HeaderName = header::RANGE;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let Some(text) = super::single(headers, &Self::NAME)? else {
            return Ok(None);
        };
        if let Some((unit, _)) = text.split_once('=')
            && grammar::is_token(grammar::trim(unit))
            && !grammar::trim(unit).eq_ignore_ascii_case("bytes")
        {
            return Ok(None);
        }
        match Self::parse(text) {
            Some(range) => Ok(Some(range)),
            None => Err(BadHeader::new(
                &Self::NAME,
                "expected ranges of bytes, not too many",
            )),
        }
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

/// Which part of the content an answer holds: `Content-Range` (RFC 9110 §14.4).
///
/// # Examples
///
/// ```
/// use wharf_http::header::ContentRange;
///
/// assert_eq!(ContentRange::part(0..=4, 10).to_string(), "bytes 0-4/10");
/// assert_eq!(ContentRange::unsatisfied(10).to_string(), "bytes */10");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRange {
    range: Option<RangeInclusive<u64>>,
    length: Option<u64>,
}

impl ContentRange {
    /// Makes the field of an answer with a part of content of this length; `None` when the length is not known.
    #[must_use]
    pub fn part(range: RangeInclusive<u64>, length: impl Into<Option<u64>>) -> Self {
        let length = length.into();
        Self {
            range: Some(range),
            length,
        }
    }

    /// Makes the field of an answer 416, which tells how long the content is.
    #[must_use]
    pub fn unsatisfied(length: u64) -> Self {
        Self {
            range: None,
            length: Some(length),
        }
    }

    /// Reads the value of the field.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.split_once(' ')?;
        let (range, length) = rest.split_once('/')?;
        let length = match grammar::trim(length) {
            "*" => None,
            length => Some(number(length)?),
        };
        let range = match grammar::trim(range) {
            "*" => None,
            range => {
                let (first, last) = range.split_once('-')?;
                Some(number(first)?..=number(last)?)
            }
        };
        let valid = match (&range, length) {
            (None, None) => false,
            (None, Some(_)) => true,
            (Some(range), length) => {
                range.start() <= range.end() && length.is_none_or(|length| *range.end() < length)
            }
        };
        (valid && unit.eq_ignore_ascii_case("bytes")).then_some(Self { range, length })
    }

    /// Returns the bytes of the part; `None` in an answer 416.
    #[must_use]
    pub fn range(&self) -> Option<RangeInclusive<u64>> {
        self.range.clone()
    }

    /// Returns the length of the whole, where it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.range {
            Some(range) => write!(f, "bytes {}-{}/", range.start(), range.end()),
            None => f.write_str("bytes */"),
        }?;
        match self.length {
            Some(length) => length.fmt(f),
            None => f.write_str("*"),
        }
    }
}

impl TypedHeader for ContentRange {
    const NAME: HeaderName = header::CONTENT_RANGE;

    fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
        let Some(text) = super::single(headers, &Self::NAME)? else {
            return Ok(None);
        };
        match Self::parse(text) {
            Some(range) => Ok(Some(range)),
            None => Err(BadHeader::new(
                &Self::NAME,
                "expected `bytes first-last/length`",
            )),
        }
    }

    fn encode(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.to_string()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Parts = &'static [RangeInclusive<u64>];

    #[test]
    fn ranges_are_read_and_cut_to_what_is_there() {
        // RFC 9110 §14.1.2: the examples of the standard, for 10,000 bytes; then the edges.
        let rows: [(&str, u64, Option<Parts>); 20] = [
            ("bytes=0-499", 10_000, Some(&[0..=499])),
            ("bytes=500-999", 10_000, Some(&[500..=999])),
            ("bytes=-500", 10_000, Some(&[9500..=9999])),
            ("bytes=9500-", 10_000, Some(&[9500..=9999])),
            ("bytes=0-0,-1", 10_000, Some(&[0..=0, 9999..=9999])),
            (
                "bytes= 0-999, 4500-5499, -1000",
                10_000,
                Some(&[0..=999, 4500..=5499, 9000..=9999]),
            ),
            ("BYTES=0-", 1, Some(&[0..=0])),
            ("bytes=0-9", 5, Some(&[0..=4])),
            ("bytes=-9", 5, Some(&[0..=4])),
            ("bytes=5-", 5, Some(&[])),
            ("bytes=-0", 5, Some(&[])),
            ("bytes=0-", 0, Some(&[])),
            ("bytes=0-99999999999999999999", 5, Some(&[0..=4])),
            ("bytes=99999999999999999999-", 5, Some(&[])),
            ("bytes=4-2", 5, None),
            ("bytes=", 5, None),
            ("bytes=a-b", 5, None),
            ("bytes=+1-2", 5, None),
            ("bytes", 5, None),
            ("lines=0-1", 5, None),
        ];
        for (text, length, expected) in rows {
            let got = Range::parse(text).map(|range| range.within(length));
            assert_eq!(got.as_deref(), expected, "{text}");
        }
        let many = format!("bytes={}", vec!["0-0"; 65].join(","));
        assert_eq!(Range::parse(&many), None);
    }

    #[test]
    fn an_unknown_unit_is_ignored_and_a_malformed_range_is_not() {
        let decode = |text: &str| {
            let headers = HeaderMap::from_iter([(header::RANGE, text.parse().unwrap())]);
            Range::decode(&headers)
        };
        assert_eq!(decode("lines=0-1"), Ok(None));
        assert!(decode("bytes=x").is_err());
        assert!(decode("bytes").is_err());
        assert_eq!(
            decode("bytes=0-1,-5").unwrap().unwrap().to_string(),
            "bytes=0-1, -5"
        );
    }

    #[test]
    fn content_ranges_are_read_and_written() {
        for text in ["bytes 0-4/10", "bytes 0-0/*", "bytes */7"] {
            assert_eq!(ContentRange::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "bytes */*",
            "bytes 0-9/9",
            "bytes 4-2/9",
            "bytes 0-4",
            "lines 0-1/2",
            "0-1/2",
            "",
        ] {
            assert_eq!(ContentRange::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_part_lies_within_the_content(text in "bytes=[0-9, -]{0,30}", length in 0..20_u64) {
            if let Some(range) = Range::parse(&text) {
                for part in range.within(length) {
                    prop_assert!(part.start() <= part.end() && *part.end() < length);
                }
                prop_assert_eq!(Range::parse(&range.to_string()), Some(range));
            }
        }
    }
}
