//! Compressors that wait for the next message of any connection.

use std::sync::{Mutex, PoisonError};

use flate2::{Compress, Compression, Decompress};

/// How many of a kind are kept: no more can be at work at once than there are threads that run connections.
const KEPT: usize = 16;

/// Compressors and decompressors that have forgotten the message before, each with the bits of its window.
#[derive(Default)]
pub(super) struct Pool {
    compress: Mutex<Vec<(u8, Box<Compress>)>>,
    inflate: Mutex<Vec<(u8, Box<Decompress>)>>,
}

impl Pool {
    /// Takes a compressor. The bits have to be 9 to 15, and the level is the same for all of a pool.
    pub(super) fn compress(&self, bits: u8, level: u32) -> Box<Compress> {
        take(&self.compress, bits).unwrap_or_else(|| {
            Box::new(Compress::new_with_window_bits(
                Compression::new(level),
                false,
                bits,
            ))
        })
    }

    pub(super) fn put_compress(&self, bits: u8, mut compress: Box<Compress>) {
        compress.reset();
        put(&self.compress, bits, compress);
    }

    /// Takes a decompressor. The bits have to be 9 to 15.
    pub(super) fn inflate(&self, bits: u8) -> Box<Decompress> {
        take(&self.inflate, bits)
            .unwrap_or_else(|| Box::new(Decompress::new_with_window_bits(false, bits)))
    }

    pub(super) fn put_inflate(&self, bits: u8, mut inflate: Box<Decompress>) {
        inflate.reset(false);
        put(&self.inflate, bits, inflate);
    }
}

fn take<T>(kept: &Mutex<Vec<(u8, T)>>, bits: u8) -> Option<T> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let at = kept.iter().rposition(|(of, _)| *of == bits)?;
    Some(kept.swap_remove(at).1)
}

fn put<T>(kept: &Mutex<Vec<(u8, T)>>, bits: u8, one: T) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT {
        // The oldest goes, lest bits that nobody uses any more stay for ever.
        kept.remove(0);
    }
    kept.push((bits, one));
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
