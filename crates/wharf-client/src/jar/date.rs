//! Dates in `Expires`, in whatever form servers write them (RFC 6265bis §5.1.1).

const DAY: i64 = 86_400;

/// Reads a date as seconds since 1970, negative before. Zones are passed over: cookie dates are in UTC.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.as_bytes().split(|&byte| is_delimiter(byte)) {
        // A token is the first of these that it looks like and that is still missing.
        if time.is_none()
            && let Some(found) = time_of_day(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let (day, month) = (day?, month?);
    let [hours, minutes, seconds] = time?;
    let exists = year >= 1601
        && (1..=length(month, year)).contains(&day)
        && (hours < 24 && minutes < 60 && seconds < 60);
    exists.then_some(days(year, month, day) * DAY + hours * 3600 + minutes * 60 + seconds)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'/' | b';'..=b'@' | b'['..=b'`' | b'{'..=b'~')
}

/// Reads `least` to `most` digits, after which anything but a digit may follow.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let (number, digits, _rest) = leading(token);
    (least..=most).contains(&digits).then_some(number)
}

/// Returns the number that a token begins with, how many digits it has, and what follows. More than four digits
/// fit nowhere, and their number is not told.
fn leading(token: &[u8]) -> (i64, usize, &[u8]) {
    let digits = token
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (number, rest) = token.split_at(digits);
    let value = |sum, &digit: &u8| sum * 10 + i64::from(digit - b'0');
    (number.iter().take(4).fold(0, value), digits, rest)
}

/// Reads `hours:minutes:seconds`, whether or not a clock shows them.
fn time_of_day(token: &[u8]) -> Option<[i64; 3]> {
    let mut rest = token;
    let mut parts = [0; 3];
    for (index, part) in parts.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b":")?;
        }
        let (number, digits, after) = leading(rest);
        if !(1..=2).contains(&digits) {
            return None;
        }
        (*part, rest) = (number, after);
    }
    Some(parts)
}

fn month_of(token: &[u8]) -> Option<i64> {
    const NAMES: [&[u8; 3]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let start = token.first_chunk::<3>()?.to_ascii_lowercase();
    (1..)
        .zip(NAMES)
        .find(|(_, name)| start == name[..])
        .map(|(month, _)| month)
}

fn length(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Counts the days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    let of_months: i64 = (1..month).map(|month| length(month, year)).sum();
    // 719,162 days lie between the first of January of the years 1 and 1970.
    before * 365 + leap_days + of_months + day - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;
    use wharf_http::header::Date;

    use super::*;

    /// 1994-11-06 08:49:37.
    const SUNDAY: i64 = 784_111_777;

    #[test]
    fn dates_are_read_in_whatever_form_they_come() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", SUNDAY),
            ("Sunday, 06-Nov-94 08:49:37 GMT", SUNDAY),
            ("Sun Nov  6 08:49:37 1994", SUNDAY),
            ("06 Nov 1994 08:49:37", SUNDAY),
            ("6-nOvEmBeR-1994 8:49:37", SUNDAY),
            ("1994 08:49:37 6 Nov", SUNDAY),
            ("08:49:37 06 nov 94", SUNDAY),
            ("6 1994 Nov 08:49:37", SUNDAY),
            ("Sun,06/Nov/1994,08:49:37", SUNDAY),
            ("Sun, 06 Nov 1994 08:49:37 +0200", SUNDAY),
            ("Sun, 06 Nov 1994 08:49:37 PST", SUNDAY),
            ("06th Nov 1994AD 08:49:37.250", SUNDAY),
            ("06 Nov 1994 -8:49:37", SUNDAY),
            ("\t06\tNov\t1994\t08:49:37", SUNDAY),
            // The first of two is taken.
            ("06 Nov 1994 08:49:37 10:00:00 Dec 1999", SUNDAY),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 01-Jan-70 00:00:01 GMT", 1),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
            ("1 Jan 1601 0:0:0", -11_644_473_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("29 Feb 2000 00:00:00", 951_782_400),
            ("29 Feb 2024 00:00:00", 1_709_164_800),
            ("1 Mar 2100 00:00:00", 4_107_542_400),
            ("1 Jan 69 00:00:00", 3_124_224_000),
            ("1 Jan 00 00:00:00", 946_684_800),
            ("1 Jan 99 00:00:00", 915_148_800),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_names_no_second_is_no_date() {
        for text in [
            "",
            "0",
            "now",
            "1994-11-06T08:49:37Z",
            "06 Nov 1994",
            "06 Nov 08:49:37",
            "06 1994 08:49:37",
            "Nov 1994 08:49:37",
            "00 Nov 1994 08:49:37",
            "32 Jan 1994 08:49:37",
            "31 Nov 1994 08:49:37",
            "29 Feb 1900 08:49:37",
            "29 Feb 2023 08:49:37",
            "06 Nov 1600 08:49:37",
            "06 Nov 100 08:49:37",
            "06 Nov 19940 08:49:37",
            "006 Nov 1994 08:49:37",
            "06 No 1994 08:49:37",
            "06 Nov 1994 24:00:00",
            "06 Nov 1994 08:60:00",
            "06 Nov 1994 08:49:60",
            "24:00:00 06 Nov 1994 08:49:37",
            "06 Nov 1994 08:49",
            "06 Nov 1994 008:49:37",
            "06 Nov 1994 08:49:371",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_date_that_a_header_field_can_name_is_read(seconds in 0..253_402_300_800_u64) {
            let date = Date::from(UNIX_EPOCH + Duration::from_secs(seconds));
            prop_assert_eq!(parse(&date.to_string()), Some(i64::try_from(seconds).unwrap()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9A-Za-z:;, +-]{0,60}|.{0,60}") {
            let _date = parse(&text);
        }
    }
}
