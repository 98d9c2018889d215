//! [`Alarm`]: the timer of a connection, for one wait after the other.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of a connection, for one wait after the other.
///
/// Waits are short and their limits long, so the timer is left as it is from one wait to the next, and moved on when it goes off
/// too early. A request costs no change to the timers of the runtime then.
#[derive(Default)]
pub(crate) struct Alarm {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Waits until `due`.
    pub(crate) fn poll(&mut self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.is_elapsed() || timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    async fn wait(alarm: &mut Alarm, time: Duration) {
        let due = Instant::now() + time;
        poll_fn(|cx| alarm.poll(due, cx)).await;
        assert_eq!(Instant::now(), due);
    }

    #[tokio::test(start_paused = true)]
    async fn each_wait_takes_its_own_time() {
        let mut alarm = Alarm::default();
        for seconds in [30, 5, 60, 1] {
            wait(&mut alarm, Duration::from_secs(seconds)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_was_given_up_does_not_shorten_or_lengthen_the_next() {
        let mut alarm = Alarm::default();
        for (given_up, next) in [(30, 60), (60, 30), (10, 200), (200, 10)] {
            let due = Instant::now() + Duration::from_secs(given_up);
            poll_fn(|cx| {
                assert!(alarm.poll(due, cx).is_pending());
                Poll::Ready(())
            })
            .await;
            advance(Duration::from_secs(5)).await;
            wait(&mut alarm, Duration::from_secs(next)).await;
        }
    }
}
