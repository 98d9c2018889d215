//! The tags of texts, by which tables find them.

use super::word::word;

/// How long a text may be that is its own tag.
const SHORT: usize = 7;

/// What the tags of all other texts have, and no short one.
const LONG: u64 = 1 << 63;

const SEED: u64 = 0x2545_F491_4F6C_DD1D;

/// Returns the tag of a text.
///
/// One of up to seven bytes is its own tag, with its length in the highest byte, so that texts of equal tags are equal. Of a longer one
/// the tag is a hash. The texts in a table are the application's own, so that nobody else can make them collide.
pub(super) fn tag(text: &[u8]) -> u64 {
    let Some(last) = text.last_chunk() else {
        return short(word(text, 0), text.len());
    };
    let (words, _) = text.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let state = words.fold(SEED, |state, word| mix(state ^ word));
    long(state, u64::from_le_bytes(*last), text.len())
}

/// Returns the tag of a part of a text.
#[inline]
pub(super) fn tag_of_part(text: &[u8], start: usize, end: usize) -> u64 {
    match end - start {
        // Read with what follows it, which is quicker than byte by byte.
        len @ ..=SHORT => short(word(text, start) & ((1 << (len * 8)) - 1), len),
        _ => tag(&text[start..end]),
    }
}

/// Returns whether texts of this tag are equal, so that they need not be compared.
pub(super) fn is_exact(tag: u64) -> bool {
    tag < LONG
}

/// Spreads tags over all numbers.
pub(super) fn hash(tag: u64) -> u32 {
    let hash = if is_exact(tag) { mix(tag ^ SEED) } else { tag };
    hash as u32
}

fn short(word: u64, len: usize) -> u64 {
    word | (len as u64) << 56
}

/// `last` are the last eight bytes, some of which are in `state` already.
fn long(state: u64, last: u64, len: usize) -> u64 {
    mix(state ^ last ^ (len as u64) << 56) | LONG
}

fn mix(state: u64) -> u64 {
    let product = u128::from(state) * 0x9E37_79B9_7F4A_7C15;
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_part_has_the_tag_of_the_text_it_is(before in ".{0,9}", part in ".{0,19}", after in ".{0,9}") {
            let (start, end) = (before.len(), before.len() + part.len());
            let text = before + &part + &after;
            prop_assert_eq!(tag_of_part(text.as_bytes(), start, end), tag(part.as_bytes()));
        }

        #[test]
        fn short_texts_of_equal_tags_are_equal(one in "[ab\0]{0,9}", other in "[ab\0]{0,9}") {
            let tags = [&one, &other].map(|text| tag(text.as_bytes()));
            prop_assert_eq!(tags.map(is_exact), [&one, &other].map(|text| text.len() <= SHORT));
            prop_assert_eq!(tags[0] == tags[1], one == other);
        }
    }
}
