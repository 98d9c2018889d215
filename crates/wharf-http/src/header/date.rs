use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::{BadHeader, TypedHeader};

/// The last second that a date can name: the end of the year 9999.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// A point in time as a header field tells it, in whole seconds (RFC 9110 §5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    since_epoch: Duration,
}

impl Date {
    /// Reads a date in any of the three forms that recipients must take.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        httpdate::parse_http_date(text).ok().map(Self::from)
    }

    /// Returns the point in time.
    #[must_use]
    pub fn time(self) -> SystemTime {
        UNIX_EPOCH + self.since_epoch
    }
}

impl From<SystemTime> for Date {
    /// Cuts the fraction of the second off. What no date can name becomes the first or last that one can.
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            since_epoch: Duration::from_secs(since_epoch.min(LAST).as_secs()),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It panics outside 1970 to 9999, which the constructor keeps to.
        httpdate::HttpDate::from(self.time()).fmt(f)
    }
}

macro_rules! dates {
    ($($(#[$doc:meta])* $name:ident $header:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub Date);

            impl From<SystemTime> for $name {
                fn from(time: SystemTime) -> Self {
                    Self(time.into())
                }
            }

            impl TypedHeader for $name {
                const NAME: HeaderName = header::$header;

                fn decode(headers: &HeaderMap) -> Result<Option<Self>, BadHeader> {
                    let Some(text) = super::single(headers, &Self::NAME)? else {
                        return Ok(None);
                    };
                    match Date::parse(text) {
                        Some(date) => Ok(Some(Self(date))),
                        None => Err(BadHeader::new(&Self::NAME, "expected a date")),
                    }
                }

                fn encode(&self) -> Option<HeaderValue> {
                    HeaderValue::try_from(self.0.to_string()).ok()
                }
            }
        )*
    };
}

dates! {
    /// When the content was last changed: `Last-Modified` (RFC 9110 §8.8.2).
    LastModified LAST_MODIFIED;
    /// Answer in full only if the content was changed since: `If-Modified-Since` (RFC 9110 §13.1.3).
    IfModifiedSince IF_MODIFIED_SINCE;
    /// Act only if the content was not changed since: `If-Unmodified-Since` (RFC 9110 §13.1.4).
    IfUnmodifiedSince IF_UNMODIFIED_SINCE;
    /// When the content goes stale: `Expires` (RFC 9111 §5.3).
    Expires EXPIRES;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_three_forms_of_a_date_are_read_and_one_is_written() {
        // RFC 9110 §5.6.7.
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            let date = Date::parse(text).unwrap();
            assert_eq!(date.time(), UNIX_EPOCH + Duration::from_secs(784_111_777));
            assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
        }
        for text in [
            "",
            "now",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_that_no_date_can_name_are_brought_into_range() {
        let early = Date::from(UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(early.to_string(), "Thu, 01 Jan 1970 00:00:00 GMT");
        let late = Date::from(UNIX_EPOCH + Duration::from_secs(1 << 40));
        assert_eq!(late.to_string(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    proptest! {
        #[test]
        fn a_date_is_read_as_it_was_written(seconds in 0..253_402_300_800_u64) {
            let date = Date::from(UNIX_EPOCH + Duration::from_secs(seconds));
            prop_assert_eq!(Date::parse(&date.to_string()), Some(date));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[A-Za-z0-9 ,:-]{0,40}|.{0,40}") {
            let _ = Date::parse(&text);
        }
    }
}
