//! [`Der`], a reader of the encoding that certificates are in (X.690 §10), strict and bounded.

use std::fmt;
use std::time::{Duration, SystemTime};

/// Bytes that are not what a certificate has at that place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the certificate is malformed")
    }
}

impl std::error::Error for Malformed {}

/// The tags that certificates are made of; RFC 5280 uses none with a number above 30.
pub(super) mod tag {
    pub(in crate::tls) const BOOLEAN: u8 = 0x01;
    pub(in crate::tls) const INTEGER: u8 = 0x02;
    pub(in crate::tls) const BIT_STRING: u8 = 0x03;
    pub(in crate::tls) const OCTET_STRING: u8 = 0x04;
    pub(in crate::tls) const OID: u8 = 0x06;
    pub(in crate::tls) const UTF8_STRING: u8 = 0x0c;
    pub(in crate::tls) const PRINTABLE_STRING: u8 = 0x13;
    pub(in crate::tls) const IA5_STRING: u8 = 0x16;
    pub(in crate::tls) const UTC_TIME: u8 = 0x17;
    pub(in crate::tls) const GENERALIZED_TIME: u8 = 0x18;
    pub(in crate::tls) const SEQUENCE: u8 = 0x30;
    pub(in crate::tls) const SET: u8 = 0x31;
}

/// What is left to read of some content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Finds out that nothing is left.
    pub(super) fn end(self) -> Result<(), Malformed> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(Malformed),
        }
    }

    /// Reads whatever comes next: its tag, its content, and the whole of it.
    pub(super) fn any(&mut self) -> Result<(u8, &'a [u8], &'a [u8]), Malformed> {
        let (&tag, rest) = self.0.split_first().ok_or(Malformed)?;
        let (&first, mut rest) = rest.split_first().ok_or(Malformed)?;
        let length = match first {
            short @ 0..=0x7f => usize::from(short),
            // X.690 §10.1: in as few bytes as possible. Four gigabytes are enough for anybody.
            long @ 0x81..=0x84 => {
                let (bytes, after) = rest
                    .split_at_checked(usize::from(long & 0x7f))
                    .ok_or(Malformed)?;
                rest = after;
                let length = bytes
                    .iter()
                    .fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
                if length < 0x80 || bytes.first() == Some(&0) {
                    return Err(Malformed);
                }
                usize::try_from(length).map_err(|_too_large| Malformed)?
            }
            _ => return Err(Malformed),
        };
        let (content, after) = rest.split_at_checked(length).ok_or(Malformed)?;
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Ok((tag, content, whole))
    }

    /// Reads an element that has to be of that type, and returns its content.
    pub(super) fn read(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.any()? {
            (found, content, _) if found == tag => Ok(content),
            _ => Err(Malformed),
        }
    }

    /// Reads an element of that type when there is one.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        match self.0.first() {
            Some(&found) if found == tag => self.read(tag).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads an element that has others in it.
    pub(super) fn nested(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.read(tag).map(Self)
    }

    /// Reads a time (RFC 5280 §4.1.2.5).
    pub(super) fn time(&mut self) -> Result<SystemTime, Malformed> {
        let (tag, text, _) = self.any()?;
        let (year, rest) = match tag {
            tag::UTC_TIME => {
                let (year, rest) = digits(text, 2)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            tag::GENERALIZED_TIME => digits(text, 4)?,
            _ => return Err(Malformed),
        };
        let (month, rest) = digits(rest, 2)?;
        let (day, rest) = digits(rest, 2)?;
        let (hour, rest) = digits(rest, 2)?;
        let (minute, rest) = digits(rest, 2)?;
        let (second, rest) = digits(rest, 2)?;
        let in_range = (1..=12).contains(&month) && (1..=31).contains(&day);
        if rest != b"Z" || !in_range || hour > 23 || minute > 59 || second > 59 {
            return Err(Malformed);
        }
        let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let time = match seconds {
            0.. => SystemTime::UNIX_EPOCH.checked_add(distance),
            _ => SystemTime::UNIX_EPOCH.checked_sub(distance),
        };
        time.ok_or(Malformed)
    }
}

/// Reads a number of exactly `count` digits.
fn digits(text: &[u8], count: usize) -> Result<(i64, &[u8]), Malformed> {
    let (digits, rest) = text.split_at_checked(count).ok_or(Malformed)?;
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Malformed);
        }
        number = number * 10 + i64::from(digit - b'0');
    }
    Ok((number, rest))
}

/// Counts the days from 1970-01-01 in the Gregorian calendar, of years that begin in March so that the leap day is last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_their_shortest_form_only() {
        let read = |bytes: &[u8]| Der::new(bytes).any().map(|(_, content, _)| content.len());
        assert_eq!(read(&[4, 0]), Ok(0));
        assert_eq!(read(&[4, 1, 9]), Ok(1));
        let long = [[4, 0x81, 0x80].as_slice(), &[0; 0x80]].concat();
        assert_eq!(read(&long), Ok(0x80));
        for wrong in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x81, 1, 9],
            &[4, 0x82, 0, 1, 9],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff, 9],
            &[4, 0x85, 0, 0, 0, 0, 1, 9],
        ] {
            assert_eq!(read(wrong), Err(Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn times_are_seconds_of_the_calendar() {
        let time = |tag: u8, text: &str| {
            let bytes = [&[tag, text.len() as u8], text.as_bytes()].concat();
            let time = Der::new(&bytes).time()?;
            let since = |time: SystemTime| match time.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(after) => after.as_secs() as i64,
                Err(before) => -(before.duration().as_secs() as i64),
            };
            Ok(since(time))
        };
        for (text, seconds) in [
            ("700101000000Z", 0),
            ("691231235959Z", -1),
            ("000229120000Z", 951_825_600),
            ("491231235959Z", 2_524_607_999),
            ("500101000000Z", -631_152_000),
        ] {
            assert_eq!(time(tag::UTC_TIME, text), Ok(seconds), "{text}");
        }
        let last = time(tag::GENERALIZED_TIME, "99991231235959Z");
        assert_eq!(last, Ok(253_402_300_799));
        for wrong in [
            "",
            "7001010000Z",
            "700101000000",
            "701301000000Z",
            "700100000000Z",
            "700101240000Z",
            "700101000000+0100",
            "70010100000xZ",
        ] {
            assert_eq!(time(tag::UTC_TIME, wrong), Err(Malformed), "{wrong}");
        }
    }
}
