use std::sync::atomic::{AtomicU64, Ordering};

/// How many retries the requests of a client may make together, so that an outage is not answered with a flood.
///
/// Each retry takes out of a store what a number of successes put in; when it is empty, outcomes are returned as they
/// are. By default 50 retries may come in a row, and in the long run one for ten requests that went well.
#[derive(Clone, Debug)]
#[must_use]
pub struct RetryBudget {
    burst: u32,
    successes_per_retry: u32,
}

impl RetryBudget {
    /// Creates the default budget.
    pub fn new() -> Self {
        Self {
            burst: 50,
            successes_per_retry: 10,
        }
    }

    /// Sets how many retries may come in a row, when none were needed for long, as at the start. Zero allows none at all.
    ///
    /// Default: 50.
    pub fn burst(mut self, retries: u32) -> Self {
        self.burst = retries;
        self
    }

    /// Sets how many requests have to go well to make up for one retry: ten adds at most a tenth to the load in the long
    /// run. Zero is refused when the client is built.
    ///
    /// Default: 10.
    pub fn successes_per_retry(mut self, successes: u32) -> Self {
        self.successes_per_retry = successes;
        self
    }

    /// Tells whether a retry costs nothing.
    pub(super) fn is_free(&self) -> bool {
        self.successes_per_retry == 0
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// What is left of a budget, shared by the requests of a client.
#[derive(Debug)]
pub(crate) struct Budget {
    /// In successes.
    store: AtomicU64,
    capacity: u64,
    cost: u64,
}

impl Budget {
    /// Fills the store; without settings a retry costs nothing.
    pub(super) fn new(settings: Option<&RetryBudget>) -> Self {
        let (burst, cost) = settings.map_or((0, 0), |settings| {
            (settings.burst, settings.successes_per_retry)
        });
        let capacity = u64::from(burst) * u64::from(cost);
        Self {
            store: AtomicU64::new(capacity),
            capacity,
            cost: cost.into(),
        }
    }

    /// Takes out what a retry costs; tells whether it was there.
    pub(super) fn spend(&self) -> bool {
        // The store guards no other memory.
        let relaxed = Ordering::Relaxed;
        let take = |store: u64| store.checked_sub(self.cost);
        self.store.fetch_update(relaxed, relaxed, take).is_ok()
    }

    /// Puts in what a success brings.
    pub(super) fn refill(&self) {
        let relaxed = Ordering::Relaxed;
        let add = |store: u64| (store < self.capacity).then_some(store + 1);
        // A store that is full stays as it is.
        let _ = self.store.fetch_update(relaxed, relaxed, add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(budget: &Budget) -> usize {
        (0..1000).take_while(|_| budget.spend()).count()
    }

    #[test]
    fn retries_are_paid_by_successes_and_saved_up_to_the_burst() {
        let budget = Budget::new(Some(&RetryBudget::new()));
        assert_eq!(spent(&budget), 50);
        for (successes, retries) in [(9, 0), (1, 1), (25, 2), (5, 1), (10_000, 50)] {
            (0..successes).for_each(|_| budget.refill());
            assert_eq!(spent(&budget), retries, "{successes}");
        }
    }

    #[test]
    fn no_burst_allows_none_and_no_budget_any_number() {
        let none = Budget::new(Some(&RetryBudget::new().burst(0)));
        (0..100).for_each(|_| none.refill());
        assert_eq!(spent(&none), 0);
        assert_eq!(spent(&Budget::new(None)), 1000);
    }

    #[test]
    fn the_largest_settings_do_not_overflow() {
        let settings = RetryBudget::new()
            .burst(u32::MAX)
            .successes_per_retry(u32::MAX);
        let budget = Budget::new(Some(&settings));
        budget.refill();
        assert!(budget.spend());
    }
}
