//! The state of all keys, bounded: a number of 64 bits for each, none for those whose quota is whole.
//!
//! The keys are spread over parts, each behind a lock of its own that covers a few operations. No task reaps: a part is swept before it grows,
//! so that it holds at most twice as many keys as are needed, and when it is full.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::clock::Clock as _;
use governor::nanos::Nanos;
use governor::state::StateStore;

use super::clock::Clock;

/// At most so many parts, for less waiting between cores.
const PARTS: usize = 64;
/// With fewer keys in each, one part would be full long before the others.
const KEYS_PER_PART: usize = 4096;
/// A part is not swept before it has so many keys.
const SMALL: usize = 32;
/// A full part is swept once in this time, in nanoseconds, or a flood of new keys would have it swept for each of them.
const PAUSE: u64 = 100_000_000;

/// One request with its key, and whether the table has kept it.
#[derive(Clone)]
pub(super) struct Turn {
    fingerprint: u64,
    kept: Cell<Option<u64>>,
}

impl Turn {
    pub(super) fn new(fingerprint: u64) -> Self {
        Self {
            fingerprint,
            kept: Cell::new(None),
        }
    }

    /// Returns when the quota of the key is whole again; `None` when there was no room for the key.
    pub(super) fn kept(&self) -> Option<u64> {
        self.kept.get()
    }
}

impl PartialEq for Turn {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Turn {}

impl Hash for Turn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint.hash(state);
    }
}

/// From fingerprints to when their quotas are whole again, in nanoseconds of the clock. Clones are the same table.
#[derive(Clone)]
pub(super) struct Table {
    parts: Arc<[Mutex<Part>]>,
    keys_per_part: usize,
    clock: Clock,
}

#[derive(Default)]
struct Part {
    whole_at: HashMap<u64, u64, BuildHasherDefault<AsItIs>>,
    /// How many keys there may be before the next sweep.
    sweep_at: usize,
    /// When it may be swept again although it was full.
    resume: u64,
}

impl Table {
    /// Creates a table of at most `max_keys`.
    pub(super) fn new(max_keys: usize, clock: Clock) -> Self {
        let parts = (max_keys / KEYS_PER_PART).clamp(1, PARTS);
        let parts = 1 << parts.ilog2();
        Self {
            parts: (0..parts).map(|_| Mutex::default()).collect(),
            keys_per_part: max_keys / parts,
            clock,
        }
    }

    /// Returns how many keys there are, some of which may be whole again.
    pub(super) fn len(&self) -> usize {
        let lengths = self.parts.iter().map(|part| lock(part).whole_at.len());
        lengths.sum()
    }

    fn part(&self, fingerprint: u64) -> MutexGuard<'_, Part> {
        // Bits that the map inside does not look at first.
        let number = (fingerprint >> 40) as usize & (self.parts.len() - 1);
        lock(&self.parts[number])
    }
}

impl StateStore for Table {
    type Key = Turn;

    fn measure_and_replace<T, F, E>(&self, turn: &Turn, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut part = self.part(turn.fingerprint);
        let known = part.whole_at.get_mut(&turn.fingerprint);
        let (decision, next) = decide(known.as_deref().map(|&at| Nanos::from(at)))?;
        let next = next.as_u64();
        match known {
            Some(at) => *at = next,
            None => {
                if !part.make_room(self.keys_per_part, &self.clock) {
                    return Ok(decision);
                }
                part.whole_at.insert(turn.fingerprint, next);
            }
        }
        turn.kept.set(Some(next));
        Ok(decision)
    }
}

impl Part {
    /// Makes sure that one more key may come in; tells whether it may.
    fn make_room(&mut self, max: usize, clock: &Clock) -> bool {
        let length = self.whole_at.len();
        if length < self.sweep_at.min(max) {
            return true;
        }
        let now = clock.now().as_u64();
        let is_full = length >= max;
        if is_full && now < self.resume {
            return false;
        }
        // One whose quota is whole is like one that never came.
        self.whole_at.retain(|_, at| *at > now);
        self.sweep_at = (2 * self.whole_at.len()).max(SMALL);
        self.whole_at.shrink_to(self.sweep_at);
        if is_full {
            self.resume = now.saturating_add(PAUSE);
        }
        self.whole_at.len() < max
    }
}

fn lock(part: &Mutex<Part>) -> MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fingerprints are random already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    impl Table {
        /// Keeps a key for so many milliseconds from now; tells whether there was room for it.
        fn keep(&self, fingerprint: u64, milliseconds: u64) -> bool {
            let turn = Turn::new(fingerprint);
            let at = self.clock.now().as_u64() + milliseconds * 1_000_000;
            let decide = |_| Ok::<_, ()>(((), Nanos::from(at)));
            self.measure_and_replace(&turn, decide).unwrap();
            turn.kept().is_some()
        }

        /// Bytes that the maps take: hash tables have a power of two of places, of which seven in eight may be taken, and a byte of
        /// control for each.
        fn bytes(&self) -> usize {
            let parts = self.parts.iter().map(|part| {
                let places = (lock(part).whole_at.capacity() * 8 / 7).next_power_of_two();
                size_of::<Mutex<Part>>() + places * (size_of::<(u64, u64)>() + 1) + 16
            });
            parts.sum()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_million_live_keys_take_less_than_64_mib() {
        let table = Table::new(1 << 20, Clock::new());
        let hasher = RandomState::new();
        let mut most = 0;
        for number in 0..1_000_000_u32 {
            assert!(table.keep(hasher.hash_one(number), 60_000), "{number}");
            if number % 50_000 == 0 {
                most = most.max(table.bytes());
            }
        }
        assert_eq!(table.len(), 1_000_000);
        most = most.max(table.bytes());
        assert!(most < 64 << 20, "{most} bytes");

        // When they are whole again, a few new ones make the memory free.
        advance(Duration::from_secs(61)).await;
        for number in 1_000_000..1_100_000_u32 {
            assert!(table.keep(hasher.hash_one(number), 60_000));
        }
        assert!(table.bytes() < 8 << 20, "{} bytes", table.bytes());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_are_whole_again_make_room_for_others() {
        let table = Table::new(100, Clock::new());
        for number in 0..100 {
            assert!(table.keep(number, if number < 50 { 1000 } else { 9000 }));
        }
        assert!(!table.keep(100, 1000));
        assert!(table.keep(7, 9000), "one that is there stays");
        advance(Duration::from_secs(2)).await;
        for number in 200..249 {
            assert!(table.keep(number, 1000), "{number}");
        }
        assert!(!table.keep(300, 1000));
        assert_eq!(table.len(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_part_is_not_swept_for_each_new_key() {
        let table = Table::new(1000, Clock::new());
        for number in 0..1000 {
            assert!(table.keep(number, if number < 10 { 50 } else { 9000 }));
        }
        assert!(!table.keep(2000, 50));
        advance(Duration::from_millis(60)).await;
        assert!(!table.keep(2000, 50), "it was swept a moment ago");
        advance(Duration::from_millis(60)).await;
        assert!(table.keep(2000, 50));
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_are_used_once_do_not_pile_up() {
        let table = Table::new(1 << 20, Clock::new());
        let hasher = RandomState::new();
        for number in 0..200_000_u32 {
            assert!(table.keep(hasher.hash_one(number), 10));
            if number % 100 == 99 {
                advance(Duration::from_millis(1)).await;
            }
        }
        // A thousand of them are live at a time; the parts are swept from 32 keys on.
        assert!(table.len() <= PARTS * 64, "{}", table.len());
    }

    #[test]
    fn a_table_is_never_larger_than_was_said() {
        for max_keys in [1, 2, 4095, 4096, 10_000, 1 << 20, 10_000_000] {
            let table = Table::new(max_keys, Clock::new());
            let most = table.parts.len() * table.keys_per_part;
            assert!(most <= max_keys && most + PARTS > max_keys, "{max_keys}");
            assert!(table.parts.len().is_power_of_two());
        }
    }
}
