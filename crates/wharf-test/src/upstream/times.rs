//! [`Times`]: how often a call is expected.

use std::fmt;
use std::ops::{RangeFrom, RangeFull, RangeInclusive, RangeToInclusive};

/// How often a call is expected: a number, or a range of numbers.
///
/// | written | expected |
/// |---|---|
/// | `2` | exactly twice |
/// | `0` | never |
/// | `1..` | at least once |
/// | `..=3` | at most three times |
/// | `1..=3` | between one and three times |
/// | `..` | any number of times, or never |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    least: u32,
    most: Option<u32>,
}

impl Times {
    /// Tells whether no further call is expected after this many.
    pub(super) fn is_used_up(self, calls: u32) -> bool {
        self.most.is_some_and(|most| calls >= most)
    }

    /// Tells whether calls are missing when there were this many.
    pub(super) fn is_unmet(self, calls: u32) -> bool {
        calls < self.least
    }

    pub(super) fn is_never(self) -> bool {
        self.most == Some(0)
    }
}

impl From<u32> for Times {
    fn from(times: u32) -> Self {
        Self {
            least: times,
            most: Some(times),
        }
    }
}

impl From<RangeFrom<u32>> for Times {
    fn from(range: RangeFrom<u32>) -> Self {
        Self {
            least: range.start,
            most: None,
        }
    }
}

impl From<RangeInclusive<u32>> for Times {
    fn from(range: RangeInclusive<u32>) -> Self {
        Self {
            least: *range.start(),
            most: Some(*range.end()),
        }
    }
}

impl From<RangeToInclusive<u32>> for Times {
    fn from(range: RangeToInclusive<u32>) -> Self {
        Self {
            least: 0,
            most: Some(range.end),
        }
    }
}

impl From<RangeFull> for Times {
    fn from(_: RangeFull) -> Self {
        Self {
            least: 0,
            most: None,
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (_, Some(0)) => f.write_str("never"),
            (0, None) => f.write_str("any number of times"),
            (least, Some(most)) if least == most => f.write_str(&counted(least)),
            (0, Some(most)) => write!(f, "at most {}", counted(most)),
            (least, None) => write!(f, "at least {}", counted(least)),
            (least, Some(most)) => write!(f, "between {least} and {}", counted(most)),
        }
    }
}

/// Prints a count of calls.
pub(super) fn counted(times: u32) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{times} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges_say_how_often() {
        for (times, text, unmet, used_up) in [
            (Times::from(0), "never", None, 0),
            (Times::from(1), "once", Some(0), 1),
            (Times::from(3), "3 times", Some(2), 3),
            (Times::from(1..), "at least once", Some(0), u32::MAX),
            (Times::from(..=2), "at most twice", None, 2),
            (Times::from(1..=3), "between 1 and 3 times", Some(0), 3),
            (Times::from(..), "any number of times", None, u32::MAX),
        ] {
            assert_eq!(times.to_string(), text);
            assert_eq!(
                (0..10).rfind(|&calls| times.is_unmet(calls)),
                unmet,
                "{text}"
            );
            assert_eq!(
                (0..10)
                    .find(|&calls| times.is_used_up(calls))
                    .unwrap_or(u32::MAX),
                used_up,
                "{text}"
            );
        }
    }
}
