//! Texts read eight bytes at a time, as words whose lowest byte is the first.

/// Returns the eight bytes from `at` on; those beyond the end of the text are 0.
pub(super) fn word(text: &[u8], at: usize) -> u64 {
    let Some(rest) = text.get(at..) else {
        return 0;
    };
    if let Some(word) = rest.first_chunk() {
        return u64::from_le_bytes(*word);
    }
    if let Some(last) = text.last_chunk() {
        // Read from further left, which is quicker than byte by byte.
        let beyond = 8 * (8 - rest.len()) as u32;
        return u64::from_le_bytes(*last).checked_shr(beyond).unwrap_or(0);
    }
    let half = |half: &[u8; 4]| u64::from(u32::from_le_bytes(*half));
    match (rest.first_chunk(), rest.last_chunk()) {
        // Where they overlap, they are the same.
        (Some(first), Some(last)) => half(first) | half(last) << (8 * (rest.len() - 4)),
        _ => {
            let bytes = rest.iter().rev();
            bytes.fold(0, |word, &byte| (word << 8) | u64::from(byte))
        }
    }
}

/// Returns where the segment that begins at `at` ends.
#[inline]
pub(super) fn to_slash(text: &[u8], mut at: usize) -> usize {
    loop {
        let whole = text.get(at..).and_then(<[u8]>::first_chunk);
        let next = whole.map_or_else(|| word(text, at), |word| u64::from_le_bytes(*word));
        let slashes = find(next, b'/');
        if slashes != 0 {
            return at + slashes.trailing_zeros() as usize / 8;
        }
        if whole.is_none() {
            return text.len();
        }
        at += 8;
    }
}

/// Tells whether a path has escapes: most are too short for more than this to pay.
pub(super) fn has_escape(path: &[u8]) -> bool {
    let Some(last) = path.last_chunk() else {
        return find(word(path, 0), b'%') != 0;
    };
    let (words, _) = path.as_chunks::<8>();
    let mut words = words.iter().chain([last]);
    words.any(|word| find(u64::from_le_bytes(*word), b'%') != 0)
}

/// Finds a byte among eight: the lowest bit that is set stands in the first of them; 0 where there is none.
fn find(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let differences = word ^ (ONES * u64::from(byte));
    differences.wrapping_sub(ONES) & !differences & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_word_is_the_next_eight_bytes(text in ".{0,20}", at in 0_usize..30) {
            let text = text.as_bytes();
            let mut bytes = [0; 8];
            let rest = text.iter().skip(at);
            bytes.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
            prop_assert_eq!(word(text, at), u64::from_le_bytes(bytes));
        }

        #[test]
        fn an_escape_and_a_slash_are_seen_wherever_they_are(
            path in "/([a-z./]|%|é|[ -~\0\x7f]){0,40}",
            at in 0_usize..42,
        ) {
            prop_assert_eq!(has_escape(path.as_bytes()), path.contains('%'));
            let at = at.min(path.len());
            let len = path.bytes().skip(at).position(|byte| byte == b'/');
            let end = len.map_or(path.len(), |len| at + len);
            prop_assert_eq!(to_slash(path.as_bytes(), at), end);
        }
    }
}
