use std::time::{Duration, SystemTime};

use http::header::{self, HeaderMap, HeaderName};
use wharf_http::header::Date;

/// Reads how long a server wants to be left alone (RFC 9110 §10.2.3); `None` when it does not say, or not readably.
pub(crate) fn read(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = field(headers, &header::RETRY_AFTER)?;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What no number can hold is a long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = Date::parse(text)?.time();
    // By the server's own clock, where it tells the time: the two may differ.
    let now = field(headers, &header::DATE)
        .and_then(Date::parse)
        .map_or(now, Date::time);
    Some(until.duration_since(now).unwrap_or_default())
}

fn field<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: u64 = 784_111_777;

    fn seconds(retry_after: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, retry_after.parse().unwrap());
        headers.extend(date.map(|date| (header::DATE, date.parse().unwrap())));
        read(&headers, UNIX_EPOCH + Duration::from_secs(NOW)).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_wait_is_told_in_seconds_or_by_a_date() {
        for (text, date, expected) in [
            ("120", None, Some(120)),
            (" 0 ", None, Some(0)),
            ("99999999999999999999999", None, Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None, Some(0)),
            (
                "Fri, 31 Dec 1999 23:59:59 GMT",
                Some("Fri, 31 Dec 1999 23:59:49 GMT"),
                Some(10),
            ),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("now"), Some(30)),
            ("-1", None, None),
            ("1.5", None, None),
            ("soon", None, None),
            ("", None, None),
        ] {
            assert_eq!(seconds(text, date), expected, "{text}");
        }
        assert_eq!(read(&HeaderMap::new(), UNIX_EPOCH), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(after in proptest::collection::vec(any::<u8>(), 0..40), date in ".{0,30}") {
            if let (Ok(after), Ok(date)) = (HeaderValue::from_bytes(&after), HeaderValue::from_str(&date)) {
                let headers = HeaderMap::from_iter([(header::RETRY_AFTER, after), (header::DATE, date)]);
                let _ = read(&headers, UNIX_EPOCH);
            }
        }
    }
}
