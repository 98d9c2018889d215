//! Masking of what clients send (RFC 6455 §5.3).

use std::io;

/// Masks or unmasks bytes that begin `offset` bytes into their frame.
pub(super) fn apply(bytes: &mut [u8], mask: [u8; 4], offset: usize) {
    // The first byte of what follows meets the lowest byte of the key.
    let turn = u32::try_from(offset % 4).unwrap_or_default() * 8;
    let key = u32::from_le_bytes(mask).rotate_right(turn);
    let word = u128::from(key) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    // Whole vectors first.
    let (vectors, rest) = bytes.as_chunks_mut::<16>();
    for bytes in vectors {
        *bytes = (u128::from_le_bytes(*bytes) ^ word).to_le_bytes();
    }
    let (words, rest) = rest.as_chunks_mut::<4>();
    for bytes in words {
        *bytes = (u32::from_le_bytes(*bytes) ^ key).to_le_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.to_le_bytes()) {
        *byte ^= key;
    }
}

/// Where masks come from: the system's random numbers, some at a time.
///
/// They must not be guessed (RFC 6455 §10.3), or a page could write what it likes onto the wire past a proxy.
#[derive(Default)]
pub(super) struct Masks {
    batch: [[u8; 4]; 16],
    left: usize,
}

impl Masks {
    /// Returns a mask that was never used before.
    pub(super) fn next(&mut self) -> io::Result<[u8; 4]> {
        if self.left == 0 {
            getrandom::fill(self.batch.as_flattened_mut()).map_err(io::Error::other)?;
            self.left = self.batch.len();
        }
        self.left -= 1;
        Ok(self.batch[self.left])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_byte_meets_its_own_part_of_the_mask(
            bytes in proptest::collection::vec(any::<u8>(), 0..70),
            mask in any::<[u8; 4]>(),
            offset in 0_usize..9,
        ) {
            let mut masked = bytes.clone();
            apply(&mut masked, mask, offset);
            for (at, (masked, byte)) in masked.iter().zip(&bytes).enumerate() {
                prop_assert_eq!(*masked, byte ^ mask[(offset + at) % 4]);
            }
        }
    }

    #[test]
    fn masks_differ_across_batches() {
        let mut masks = Masks::default();
        let seen: std::collections::HashSet<_> = (0..40).map(|_| masks.next().unwrap()).collect();
        assert!(seen.len() > 35, "{}", seen.len());
    }
}
