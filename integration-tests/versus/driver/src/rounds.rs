//! [`Rounds`], what was measured, round by round.

use std::collections::HashMap;

/// A value for each row and column in each round, where there is one.
#[derive(Default)]
pub struct Rounds {
    values: HashMap<(String, String), Vec<Option<f64>>>,
    others: Vec<f64>,
    dropped: usize,
}

impl Rounds {
    /// Adds the value of the next round; `None` when it was dropped.
    pub fn add(&mut self, row: &str, column: &str, value: Option<f64>) {
        self.values
            .entry((row.to_owned(), column.to_owned()))
            .or_default()
            .push(value);
    }

    /// Keeps how many cores others took during a measurement, and whether it was dropped for it.
    pub fn disturbed(&mut self, others: f64, dropped: bool) {
        self.others.push(others);
        self.dropped += usize::from(dropped);
    }

    /// Returns the median over the rounds.
    pub fn median(&self, row: &str, column: &str) -> Option<f64> {
        median(self.of(row, column).iter().copied().flatten())
    }

    /// Returns the median of the ratios to another row, each within a round.
    pub fn ratio(&self, row: &str, column: &str, base: &str) -> Option<f64> {
        let pairs = self.of(row, column).iter().zip(self.of(base, column));
        median(pairs.filter_map(|(own, base)| Some((*own)? / (*base)?)))
    }

    /// Says how much others disturbed.
    pub fn disturbance(&self) -> String {
        let (all, dropped) = (self.others.len(), self.dropped);
        let middle = median(self.others.iter().copied()).unwrap_or_default();
        let most = self.others.iter().copied().fold(0.0, f64::max);
        format!(
            "Other processes took {middle:.2} cores in the median and {most:.2} at most; {dropped} of {all} measurements were dropped for it."
        )
    }

    fn of(&self, row: &str, column: &str) -> &[Option<f64>] {
        self.values
            .get(&(row.to_owned(), column.to_owned()))
            .map_or(&[], Vec::as_slice)
    }
}

/// Returns the value in the middle.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round_and_leave_out_what_was_dropped() {
        let mut rounds = Rounds::default();
        for (own, base) in [
            (Some(2.0), Some(1.0)),
            (Some(40.0), Some(20.0)),
            (Some(9.0), None),
            (None, Some(1.0)),
            (Some(6.0), Some(2.0)),
        ] {
            rounds.add("own", "json", own);
            rounds.add("base", "json", base);
        }
        assert_eq!(rounds.ratio("own", "json", "base"), Some(2.0));
        assert_eq!(rounds.median("own", "json"), Some(9.0));
        assert_eq!(rounds.ratio("own", "echo", "base"), None);
    }
}
