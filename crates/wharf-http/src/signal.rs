//! A one-way switch that many tasks can await, and a count of work that a shutdown waits for.

use std::collections::HashMap;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::task::{AbortHandle, JoinHandle};

/// A switch that is thrown once and never taken back.
///
/// Clones share the switch. It tells handlers that the server is shutting down, or that their client has left.
///
/// # Examples
///
/// ```
/// use wharf_http::Signal;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let signal = Signal::new();
/// let waiting = signal.clone();
/// signal.fire();
/// waiting.fired().await;
/// assert!(waiting.is_fired());
/// # });
/// ```
#[derive(Clone, Default)]
pub struct Signal {
    inner: Arc<SignalInner>,
}

#[derive(Default)]
struct SignalInner {
    fired: AtomicBool,
    notify: Notify,
}

impl Signal {
    /// Creates a signal that has not been fired.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fires the signal; every present and future waiter goes on. Firing it again does nothing.
    pub fn fire(&self) {
        self.inner.fired.store(true, Ordering::Release);
        self.inner.notify.notify_waiters();
    }

    /// Tells whether the signal was fired.
    #[must_use]
    pub fn is_fired(&self) -> bool {
        self.inner.fired.load(Ordering::Acquire)
    }

    /// Waits until the signal is fired; returns at once when it already was.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future loses nothing.
    pub fn fired(&self) -> impl Future<Output = ()> {
        Fired {
            signal: self,
            notified: self.inner.notify.notified(),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("fired", &self.is_fired())
            .finish()
    }
}

pin_project! {
    /// Waits for a signal. By hand, since each connection of a server has two: an `async fn` takes a third more.
    struct Fired<'a> {
        signal: &'a Signal,
        #[pin]
        notified: Notified<'a>,
    }
}

impl Future for Fired<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        // Registered before the flag is read, so that a signal fired in between is not missed.
        let notified = this.notified.poll(cx);
        if this.signal.is_fired() {
            Poll::Ready(())
        } else {
            notified
        }
    }
}

/// A count of work in progress that somebody can wait for.
///
/// Clones share the count. A server keeps one for the work that must finish before it stops: see [`Context::protect`].
///
/// [`Context::protect`]: crate::Context::protect
#[derive(Clone, Default)]
pub struct Tasks {
    inner: Arc<TasksInner>,
}

#[derive(Default)]
struct TasksInner {
    running: AtomicUsize,
    idle: Notify,
    spawned: Mutex<Spawned>,
}

/// The tasks that can be aborted, by a number of their own.
#[derive(Default)]
struct Spawned {
    next: u64,
    tasks: HashMap<u64, Option<AbortHandle>>,
    aborted: bool,
}

impl Tasks {
    /// Creates a count that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one piece of work in until the guard is dropped.
    #[must_use = "the work counts only while the guard lives"]
    pub fn enter(&self) -> TaskGuard {
        self.inner.running.fetch_add(1, Ordering::AcqRel);
        TaskGuard {
            tasks: self.clone(),
        }
    }

    /// Spawns `future` on the current tokio runtime and counts it until it ends.
    ///
    /// # Panics
    ///
    /// Panics when called outside a tokio runtime.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let guard = SpawnGuard {
            key: self.spawned().list(),
            task: self.enter(),
        };
        let key = guard.key;
        // Not under the lock: a runtime that is going away drops the task, and the guard in it, at once.
        let task = tokio::spawn(Counted {
            future,
            _guard: guard,
        });
        if !self.spawned().keep(key, task.abort_handle()) {
            task.abort();
        }
        task
    }

    /// Aborts all work that was or will be spawned here; work that was only counted in goes on.
    ///
    /// A server does it when the time for its shutdown is up.
    pub fn abort(&self) {
        let mut spawned = self.spawned();
        spawned.aborted = true;
        // Copied, since a task that is dropped at once takes itself off the list.
        let handles: Vec<_> = spawned.tasks.values().flatten().cloned().collect();
        drop(spawned);
        for handle in handles {
            handle.abort();
        }
    }

    fn spawned(&self) -> MutexGuard<'_, Spawned> {
        self.inner
            .spawned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells how many pieces of work are running.
    #[must_use]
    pub fn running(&self) -> usize {
        self.inner.running.load(Ordering::Acquire)
    }

    /// Waits until no work is running.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future loses nothing.
    pub async fn idle(&self) {
        loop {
            let mut notified = pin!(self.inner.idle.notified());
            notified.as_mut().enable();
            if self.running() == 0 {
                return;
            }
            notified.await;
        }
    }
}

pin_project! {
    /// Work with its guard, which goes after it. By hand, since an `async` block has room for the work twice.
    struct Counted<F> {
        #[pin]
        future: F,
        _guard: SpawnGuard,
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl Spawned {
    /// Makes a place on the list.
    fn list(&mut self) -> u64 {
        let key = self.next;
        self.next += 1;
        self.tasks.insert(key, None);
        key
    }

    /// Keeps the handle of a task that has not ended yet; tells whether the task may go on.
    fn keep(&mut self, key: u64, handle: AbortHandle) -> bool {
        if let Some(place) = self.tasks.get_mut(&key) {
            *place = Some(handle);
        }
        !self.aborted
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("running", &self.running())
            .finish()
    }
}

/// One piece of work in a [`Tasks`] count; dropping it counts the work out.
#[derive(Debug)]
pub struct TaskGuard {
    tasks: Tasks,
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if self.tasks.inner.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.tasks.inner.idle.notify_waiters();
        }
    }
}

/// A spawned piece of work; dropping it takes the work off the list and counts it out.
struct SpawnGuard {
    key: u64,
    task: TaskGuard,
}

impl Drop for SpawnGuard {
    fn drop(&mut self) {
        self.task.tasks.spawned().tasks.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_waiter_that_came_first_is_woken() {
        let signal = Signal::new();
        let waiter = tokio::spawn({
            let signal = signal.clone();
            async move { signal.fired().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        signal.fire();
        waiter.await.unwrap();
    }

    #[tokio::test]
    async fn a_waiter_that_looks_only_later_goes_on_as_well() {
        let signal = Signal::new();
        let waiting = signal.fired();
        signal.fire();
        waiting.await;
        signal.fired().await;
    }

    #[tokio::test]
    async fn idle_waits_for_the_last_task() {
        let tasks = Tasks::new();
        let gate = Signal::new();
        let task = tasks.spawn({
            let gate = gate.clone();
            async move { gate.fired().await }
        });
        let idle = tokio::spawn({
            let tasks = tasks.clone();
            async move { tasks.idle().await }
        });
        tokio::task::yield_now().await;
        assert!(!idle.is_finished());
        gate.fire();
        task.await.unwrap();
        idle.await.unwrap();
        assert_eq!(tasks.running(), 0);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_counted_out() {
        let tasks = Tasks::new();
        let task = tasks.spawn(async { panic!("on purpose") });
        assert!(task.await.is_err());
        assert_eq!(tasks.running(), 0);
    }

    #[tokio::test]
    async fn spawned_work_can_be_aborted_as_a_whole() {
        let tasks = Tasks::new();
        let entered = tasks.enter();
        let stuck = tasks.spawn(std::future::pending::<()>());
        let done = tasks.spawn(async {});
        done.await.unwrap();
        assert_eq!(tasks.running(), 2);
        tasks.abort();
        assert!(stuck.await.unwrap_err().is_cancelled());
        assert_eq!(tasks.running(), 1);
        drop(entered);
        tasks.idle().await;
        let late = tasks.spawn(std::future::pending::<()>());
        assert!(late.await.unwrap_err().is_cancelled());
        assert!(tasks.spawned().tasks.is_empty());
    }
}
