//! [`Watchdog`], which finds out that a worker's loop does not turn, and what holds it.
//!
//! It is a thread of its own, since what is held up cannot look after itself. It looks at each worker a few times in the
//! time after which it barks; a worker whose runtime waits is well, one that is busy is asked for a turn.

mod pulse;

pub(crate) use pulse::{Pulse, Turn};

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::notice::Notice;
use crate::worker::{Event, Load};

/// What happens when a worker's loop does not turn, such as when a handler computes for long, or blocks.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_server::Watchdog;
///
/// let watchdog = Watchdog::new()
///     .warn_after(Duration::from_millis(250))
///     .exit_after(Duration::from_secs(60));
/// # let _ = watchdog;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchdog {
    pub(crate) warn_after: Option<Duration>,
    pub(crate) exit_after: Option<Duration>,
}

impl Default for Watchdog {
    fn default() -> Self {
        Self::new()
    }
}

/// The status of a process that its watchdog ended: `EX_SOFTWARE` of `sysexits.h`.
const EXIT_STATUS: i32 = 70;

impl Watchdog {
    /// Creates the defaults: a warning after a second, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self {
            warn_after: Some(Duration::from_secs(1)),
            exit_after: None,
        }
    }

    /// Sets after how long a worker that is held up is reported, with the route and the handler that hold it.
    ///
    /// It is said while it lasts, and said again when it is over. Meanwhile the worker is given no new connections, and
    /// those that wait in its queue are served by others.
    ///
    /// Default: 1 second. `None` reports nothing.
    #[must_use]
    pub fn warn_after(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.warn_after = limit.into();
        self
    }

    /// Sets after how long the process exits with status 70, so that whoever supervises it starts it again.
    ///
    /// Nothing is finished or cleared away then: what holds the worker may hold that up as well.
    ///
    /// Default: `None`, never.
    #[must_use]
    pub fn exit_after(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.exit_after = limit.into();
        self
    }

    /// Returns how often a worker is looked at; `None` when there is nothing to look for.
    fn interval(&self) -> Option<Duration> {
        let shortest = [self.warn_after, self.exit_after]
            .into_iter()
            .flatten()
            .min()?;
        Some((shortest / 4).clamp(Duration::from_millis(5), Duration::from_millis(250)))
    }
}

/// Says in a few words which route has a number.
pub(crate) type Describe = Arc<dyn Fn(u32) -> Option<String> + Send + Sync>;

/// The workers that are watched. The thread ends when nobody holds this any more.
#[derive(Debug, Default)]
pub(crate) struct Kennel {
    watched: Mutex<Vec<Watched>>,
}

#[derive(Debug)]
struct Watched {
    index: usize,
    pulse: Weak<Pulse>,
    load: Arc<Load>,
    /// How many turns there were, and since when.
    last: Option<(u64, Instant)>,
    /// Whether it was reported.
    is_held_up: bool,
}

/// What the thread needs.
pub(crate) struct Watch {
    pub(crate) watchdog: Watchdog,
    /// Says which route has a number.
    pub(crate) describe: Describe,
    pub(crate) notice: Notice,
    pub(crate) events: UnboundedSender<Event>,
}

impl Kennel {
    /// Returns how many workers are held up.
    pub(crate) fn held_up(&self) -> usize {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.iter().filter(|watched| watched.is_held_up).count()
    }

    /// Starts to watch a worker; it ends with the pulse.
    pub(crate) fn add(&self, index: usize, pulse: &Arc<Pulse>, load: &Arc<Load>) {
        let watched = Watched {
            index,
            pulse: Arc::downgrade(pulse),
            load: Arc::clone(load),
            last: None,
            is_held_up: false,
        };
        self.watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(watched);
    }
}

impl Watch {
    /// Starts the thread, unless there is nothing to look for.
    pub(crate) fn start(self) -> Arc<Kennel> {
        let kennel = Arc::new(Kennel::default());
        let Some(interval) = self.watchdog.interval() else {
            return kennel;
        };
        let watched = Arc::downgrade(&kennel);
        let notice = self.notice;
        let thread = thread::Builder::new()
            .name("wharf-watchdog".into())
            .spawn(move || {
                loop {
                    thread::sleep(interval);
                    let Some(kennel) = watched.upgrade() else {
                        return;
                    };
                    let mut watched = kennel
                        .watched
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner);
                    watched.retain_mut(|watched| self.look(watched, Instant::now()));
                }
            });
        if let Err(cause) = thread {
            notice.warn(format_args!(
                "there is no watchdog: its thread could not be started: {cause}"
            ));
        }
        kennel
    }

    /// Looks at a worker; false when there is none any more.
    fn look(&self, watched: &mut Watched, now: Instant) -> bool {
        let Some(pulse) = watched.pulse.upgrade() else {
            return false;
        };
        let turns = pulse.look();
        let since = match (turns, watched.last) {
            (Some(turns), Some((last, since))) if turns == last => since,
            _ => {
                if watched.is_held_up {
                    let since = watched.last.map_or(now, |(_, since)| since);
                    self.over(watched, now - since);
                }
                watched.last = turns.map(|turns| (turns, now));
                return true;
            }
        };
        let held = now - since;
        if self.watchdog.warn_after.is_some_and(|limit| held >= limit) && !watched.is_held_up {
            watched.is_held_up = true;
            watched.load.set_stuck(true);
            self.notice.warn(format_args!(
                "worker {} has been held up for {held:.1?} by {}",
                watched.index,
                self.holder(&pulse)
            ));
            // Nobody is left to do anything about it when the supervisor is gone.
            let _gone = self.events.send(Event::HeldUp(watched.index));
        }
        if self.watchdog.exit_after.is_some_and(|limit| held >= limit) {
            self.notice.warn(format_args!(
                "worker {} has been held up for {held:.1?} by {}: the process exits",
                watched.index,
                self.holder(&pulse)
            ));
            exit();
        }
        true
    }

    fn over(&self, watched: &mut Watched, held: Duration) {
        watched.is_held_up = false;
        watched.load.set_stuck(false);
        self.notice.warn(format_args!(
            "worker {} goes on after it was held up for {held:.1?}",
            watched.index
        ));
    }

    /// Says what a worker is busy with.
    fn holder(&self, pulse: &Pulse) -> String {
        let Some(route) = pulse.busy_with() else {
            return "a task that is no request; what blocks belongs into `spawn_blocking`".into();
        };
        let number = route.0.checked_sub(1);
        number
            .and_then(|number| (self.describe)(number))
            .unwrap_or_else(|| "a request without a route".into())
    }
}

#[expect(
    clippy::exit,
    reason = "the operator asked for it; a worker that is held up cannot be ended in order"
)]
fn exit() -> ! {
    std::process::exit(EXIT_STATUS)
}
