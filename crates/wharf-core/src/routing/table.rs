//! A hash table from literal texts to numbers, made once and then only read.

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// Open addressing, at most half full. The texts are kept elsewhere, all tables' in one place.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Box<[Slot]>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    value: u32,
    start: u32,
    len: u32,
}

impl Table {
    /// Makes a table of different texts, which are added to `keys`.
    pub(super) fn new(entries: &[(&[u8], u32)], keys: &mut Vec<u8>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        let empty = Slot {
            hash: 0,
            value: NONE,
            start: 0,
            len: 0,
        };
        let mut slots = vec![empty; (entries.len() * 2).next_power_of_two()];
        let mask = slots.len() - 1;
        for &(text, value) in entries {
            let hash = hash(text);
            let mut at = hash as usize & mask;
            while slots[at].value != NONE {
                at = (at + 1) & mask;
            }
            let start = u32::try_from(keys.len()).unwrap_or(NONE);
            let len = u32::try_from(text.len()).unwrap_or(NONE);
            keys.extend_from_slice(text);
            slots[at] = Slot {
                hash,
                value,
                start,
                len,
            };
        }
        Self {
            slots: slots.into(),
        }
    }

    /// Returns the number stored for `text`, whose hash is `hash`, or [`NONE`].
    pub(super) fn get(&self, text: &[u8], hash: u32, keys: &[u8]) -> u32 {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        // Half of the slots are empty, so that this ends.
        while let Some(slot) = self.slots.get(at) {
            if slot.value == NONE {
                break;
            }
            if slot.hash == hash && slot.len as usize == text.len() {
                let start = slot.start as usize;
                if keys.get(start..start + text.len()) == Some(text) {
                    return slot.value;
                }
            }
            at = (at + 1) & mask;
        }
        NONE
    }
}

const SEED: u64 = 0x2545_F491_4F6C_DD1D;

/// Hashes a text, eight bytes at a time. The keys are the application's own, so that nobody else can make them collide.
pub(super) fn hash(text: &[u8]) -> u32 {
    let (words, tail) = text.as_chunks::<8>();
    let state = words
        .iter()
        .fold(SEED, |state, word| mix(state ^ u64::from_le_bytes(*word)));
    finish(state, little_endian(tail), text.len())
}

/// Returns how many bytes stand before the first slash, and their hash: one pass for both.
pub(super) fn hash_to_slash(text: &[u8]) -> (usize, u32) {
    let (words, tail) = text.as_chunks::<8>();
    let mut state = SEED;
    let mut len = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let slashes = find(word, b'/');
        if slashes != 0 {
            let before = slashes.trailing_zeros() / 8;
            let part = word & ((1 << (before * 8)) - 1);
            let len = len + before as usize;
            return (len, finish(state, part, len));
        }
        state = mix(state ^ word);
        len += 8;
    }
    let tail_len = tail
        .iter()
        .position(|&byte| byte == b'/')
        .unwrap_or(tail.len());
    let len = len + tail_len;
    (len, finish(state, little_endian(&tail[..tail_len]), len))
}

/// Finds a byte among eight: the lowest bit that is set stands in the first of them; 0 where there is none.
pub(super) fn find(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let differences = word ^ (ONES * u64::from(byte));
    differences.wrapping_sub(ONES) & !differences & HIGHS
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| (word << 8) | u64::from(byte))
}

fn finish(state: u64, part: u64, len: usize) -> u32 {
    let hash = mix(state ^ part ^ (len as u64).rotate_left(56));
    (hash ^ (hash >> 32)) as u32
}

fn mix(state: u64) -> u64 {
    let product = u128::from(state) * 0x9E37_79B9_7F4A_7C15;
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_text_is_found_and_no_other() {
        let texts: Vec<String> = (0..1000).map(|number| format!("text-{number}")).collect();
        let entries: Vec<_> = texts
            .iter()
            .zip(0..)
            .map(|(text, number)| (text.as_bytes(), number))
            .collect();
        let mut keys = Vec::new();
        let table = Table::new(&entries, &mut keys);
        let get = |text: &str| table.get(text.as_bytes(), hash(text.as_bytes()), &keys);
        for (text, number) in texts.iter().zip(0..) {
            assert_eq!(get(text), number);
        }
        for other in ["", "text-", "text-1000", "text-01", "ext-1"] {
            assert_eq!(get(other), NONE, "{other}");
        }
        assert_eq!(Table::default().get(b"", hash(b""), &keys), NONE);
    }

    proptest! {
        #[test]
        fn a_segment_hashes_as_the_text_it_is(text in "([a/é.0]|[ -~]){0,40}") {
            let segment = text.split('/').next().unwrap();
            prop_assert_eq!(hash_to_slash(text.as_bytes()), (segment.len(), hash(segment.as_bytes())));
        }
    }
}
