use governor::nanos::Nanos;
use tokio::time::Instant;

/// The clock of tokio, which tests can pause: nanoseconds since it was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            epoch: Instant::now(),
        }
    }
}

impl governor::clock::Clock for Clock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let nanoseconds = self.epoch.elapsed().as_nanos();
        u64::try_from(nanoseconds).unwrap_or(u64::MAX).into()
    }
}
