//! [`Second`], the time of day as lines tell it.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The second that was printed last, as text: most lines are of the same one.
///
/// A worker has its own. When the clock of the system is set, lines tell so within a second.
#[derive(Default)]
pub(super) struct Second(Mutex<Option<Shown>>);

struct Shown {
    from: Instant,
    until: Instant,
    text: [u8; LENGTH],
}

const LENGTH: usize = "[23/Nov/2026:22:55:39 +0000]".len();

/// Another log may be another worker's.
impl Clone for Second {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Second {
    /// Prints the second of a time in the usual form, `[23/Nov/2026:22:55:39 +0000]`.
    pub(super) fn print(&self, at: Instant, out: &mut Vec<u8>) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = match &mut *last {
            Some(shown) if shown.from <= at && at < shown.until => shown,
            other => other.insert(Shown::of(at)),
        };
        out.extend_from_slice(&shown.text);
    }
}

impl Shown {
    #[cold]
    fn of(at: Instant) -> Self {
        let past = Instant::now().saturating_duration_since(at);
        // Only a clock on paused time can reach back before the epoch.
        let time = SystemTime::now()
            .checked_sub(past)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH);
        let fraction = since_epoch.map_or(0, |time| time.subsec_nanos());
        let from = at
            .checked_sub(Duration::from_nanos(fraction.into()))
            .unwrap_or(at);
        Self {
            from,
            until: from + Duration::from_secs(1),
            text: text(time),
        }
    }
}

fn text(time: SystemTime) -> [u8; LENGTH] {
    // An IMF-fixdate, `Mon, 23 Nov 2026 22:55:39 GMT` (RFC 9110 §5.6.7), has the parts at fixed places.
    let mut date = [b' '; 29];
    // It fits: the year is one of four digits.
    let _written = write!(&mut date[..], "{}", httpdate::HttpDate::from(time));
    let mut text = *b"[23/Nov/2026:22:55:39 +0000]";
    for (at, part) in [(1, 5..7), (4, 8..11), (8, 12..16), (13, 17..25)] {
        text[at..at + part.len()].copy_from_slice(&date[part]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(second: &Second, at: Instant) -> String {
        let mut out = Vec::new();
        second.print(at, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_time_of_the_request_has_the_usual_form() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(&text(time), b"[06/Nov/1994:08:49:37 +0000]");
    }

    #[test]
    fn each_time_is_printed_with_its_own_second_whatever_was_printed_before() {
        // Seconds apart from each other, in whatever order; the clock of the system may go on by one meanwhile.
        let second = Second::default();
        let now = Instant::now();
        for before in [0, 1, 30, 2, 29, 0] {
            let at = now - Duration::from_secs(before);
            let seen = printed(&second, at);
            let fresh = printed(&Second::default(), at);
            let later = printed(&Second::default(), at - Duration::from_millis(500));
            assert!(seen == fresh || seen == later, "{seen} {fresh} {later}");
        }
    }

    #[test]
    fn a_second_ends_where_the_next_begins() {
        let second = Second::default();
        let now = Instant::now() - Duration::from_secs(10);
        printed(&second, now);
        let (from, until) = {
            let last = second.0.lock().unwrap();
            let shown = last.as_ref().unwrap();
            (shown.from, shown.until)
        };
        assert!(from <= now && now < until && until - from == Duration::from_secs(1));
        let last = printed(&second, until - Duration::from_nanos(1));
        assert_eq!(printed(&second, from), last);
        // The two clocks are not read at the same moment.
        let moment = Duration::from_millis(20);
        assert_ne!(printed(&second, until + moment), last);
    }
}
