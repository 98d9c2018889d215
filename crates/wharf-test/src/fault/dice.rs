//! [`Dice`]: numbers by chance that are the same for the same seed.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Numbers by chance, the same for the same seed on every machine.
///
/// # Examples
///
/// ```
/// use wharf_test::fault::Dice;
///
/// let (mut one, mut other) = (Dice::new(7), Dice::new(7));
/// assert_eq!(one.number(1..=6), other.number(1..=6));
/// ```
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Creates the dice of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Creates the dice of one connection, which do not depend on what was thrown for others.
    pub(super) fn of(seed: u64, connection: u64) -> Self {
        let mut dice = Self::new(seed);
        Self::new(dice.next().wrapping_add(connection.wrapping_mul(STEP)))
    }

    /// Returns a number of `range`, each as likely as the others. An empty range gives its start.
    pub fn number(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (start, end) = range.into_inner();
        let drawn = self.next();
        match end.saturating_sub(start).checked_add(1) {
            // The bias of the remainder is below one in a billion for any range of use to a test.
            Some(count) => start + drawn % count,
            None => drawn,
        }
    }

    /// Tells whether something is to happen that happens once in `count` times. Never with zero.
    pub fn one_in(&mut self, count: u64) -> bool {
        count > 0 && self.number(1..=count) == 1
    }

    /// Returns a time up to `longest`, in whole milliseconds.
    pub fn time(&mut self, longest: Duration) -> Duration {
        let most = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.number(0..=most))
    }

    /// SplitMix64 by Steele, Lea and Flood: any seed will do, zero too.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The golden ratio in 64 bits.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        let mut dice = Dice::new(1_234_567);
        // The reference values of the algorithm.
        assert_eq!(dice.next(), 6_457_827_717_110_365_317);
        assert_eq!(dice.next(), 3_203_168_211_198_807_973);
        assert_eq!(dice.next(), 9_817_491_932_198_370_423);
    }

    #[test]
    fn numbers_stay_in_their_range_and_fill_it() {
        let mut dice = Dice::new(0);
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[usize::try_from(dice.number(0..=5)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
        assert_eq!(dice.number(4..=4), 4);
        assert!(dice.one_in(1) && !dice.one_in(0));
        dice.number(0..=u64::MAX);
    }

    #[test]
    fn connections_have_dice_of_their_own() {
        assert_eq!(Dice::of(1, 5).next(), Dice::of(1, 5).next());
        assert_ne!(Dice::of(1, 5).next(), Dice::of(1, 6).next());
        assert_ne!(Dice::of(1, 5).next(), Dice::of(2, 5).next());
    }
}
