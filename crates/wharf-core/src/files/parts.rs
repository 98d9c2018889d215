use std::hash::{BuildHasher as _, RandomState};
use std::ops::RangeInclusive;

use http::HeaderValue;
use wharf_http::Body;
use wharf_http::header::ContentRange;

use super::Content;

/// How many parts are sent at most; a request for more gets the whole (RFC 9110 §14.2, §17.15).
const MOST: usize = 16;

/// What the head of a part takes, about: to send a smaller gap as well costs less (RFC 9110 §15.3.7.2).
const GAP: u64 = 80;

/// Joins parts that overlap or nearly touch, and keeps the order of the rest; `None` when too many are left.
pub(super) fn joined(parts: Vec<RangeInclusive<u64>>) -> Option<Vec<RangeInclusive<u64>>> {
    let near = |one: &RangeInclusive<u64>, other: &RangeInclusive<u64>| {
        *one.start() <= other.end().saturating_add(GAP)
            && *other.start() <= one.end().saturating_add(GAP)
    };
    let mut apart: Vec<RangeInclusive<u64>> = Vec::new();
    for mut part in parts {
        let mut place = apart.len();
        while let Some(index) = apart.iter().position(|other| near(&part, other)) {
            let other = apart.remove(index);
            part = *part.start().min(other.start())..=*part.end().max(other.end());
            place = place.min(index);
        }
        apart.insert(place.min(apart.len()), part);
    }
    (apart.len() <= MOST).then_some(apart)
}

/// Makes several parts of one content a body, as `multipart/byteranges` (RFC 9110 §14.6), and the value of its `Content-Type`.
pub(super) fn several(
    content: &Content,
    media: &HeaderValue,
    parts: &[RangeInclusive<u64>],
) -> (Option<HeaderValue>, Body) {
    // Random, so that nobody can put it into a file.
    let random = || RandomState::new().hash_one(0);
    let boundary = format!("{:016x}{:016x}", random(), random());
    let mut pieces = Vec::new();
    let mut before = "";
    for part in parts {
        let range = ContentRange::part(part.clone(), content.length());
        let mut head = format!("{before}--{boundary}\r\nContent-Type: ").into_bytes();
        head.extend_from_slice(media.as_bytes());
        head.extend_from_slice(format!("\r\nContent-Range: {range}\r\n\r\n").as_bytes());
        pieces.push(Body::from(head));
        pieces.push(content.body(*part.start()..part.end().saturating_add(1)));
        before = "\r\n";
    }
    pieces.push(Body::from(format!("\r\n--{boundary}--\r\n")));
    let media = format!("multipart/byteranges; boundary={boundary}");
    (HeaderValue::try_from(media).ok(), Body::concat(pieces))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_that_overlap_or_nearly_touch_become_one() {
        assert_eq!(joined(vec![0..=9, 200..=209]), Some(vec![0..=9, 200..=209]));
        assert_eq!(joined(vec![200..=209, 0..=9]), Some(vec![200..=209, 0..=9]));
        assert_eq!(joined(vec![0..=9, 50..=59]), Some(vec![0..=59]));
        assert_eq!(joined(vec![0..=9, 300..=309, 5..=305]), Some(vec![0..=309]));
        let many = (0..17).map(|number| number * 1000..=number * 1000);
        assert_eq!(joined(many.collect()), None);
    }

    proptest! {
        #[test]
        fn what_is_joined_is_apart_and_holds_all_that_was_asked_for(
            parts in proptest::collection::vec((0..5000_u64, 0..300_u64), 1..20),
        ) {
            let parts: Vec<_> = parts.iter().map(|(start, length)| *start..=start + length).collect();
            if let Some(mut apart) = joined(parts.clone()) {
                for part in &parts {
                    prop_assert!(apart.iter().any(|other| other.contains(part.start()) && other.contains(part.end())));
                }
                apart.sort_by_key(|part| *part.start());
                prop_assert!(apart.windows(2).all(|pair| pair[0].end() + GAP < *pair[1].start()));
            }
        }
    }
}
