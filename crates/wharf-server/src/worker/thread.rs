//! One worker as a thread with a runtime of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use wharf_http::Signal;

use super::Event;
use crate::accept::Acceptor;
use crate::error::{Error, ErrorKind};
use crate::notice::Notice;
use crate::runtime::{drive, spawn};
use crate::shutdown::until;
use crate::watchdog::Pulse;

/// How often a worker that has nothing left to serve looks whether its last task has ended.
const LAST_TASKS: Duration = Duration::from_millis(250);

/// For how long blocking work that nobody waits for any more is waited for.
const LEFT_OVER: Duration = Duration::from_millis(100);

/// What a thread is given.
pub(super) struct Thread {
    pub(super) index: usize,
    pub(super) acceptor: Acceptor,
    pub(super) pulse: Arc<Pulse>,
    /// Fires when the server has ended: nothing that still runs here is wanted any more.
    pub(super) end: Signal,
    /// Fired here when the last connection has ended.
    pub(super) ended: Signal,
    /// Fired here when the thread has ended.
    pub(super) gone: Signal,
    pub(super) events: UnboundedSender<Event>,
    pub(super) affinity: bool,
    pub(super) notice: Notice,
}

impl Thread {
    /// Starts the thread, and returns when its runtime is there.
    pub(super) fn spawn(self) -> Result<(), Error> {
        let (parking, unparking) = (Arc::clone(&self.pulse), Arc::clone(&self.pulse));
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || parking.park())
            .on_thread_unpark(move || unparking.unpark())
            .build()
            .map_err(|cause| {
                Error::new(
                    ErrorKind::Runtime,
                    "could not build the runtime of a worker",
                )
                .because(cause)
            })?;
        let name = format!("wharf-worker-{}", self.index);
        let run = Box::new(move || {
            let gone = Gone {
                index: self.index,
                gone: self.gone.clone(),
                end: self.end.clone(),
                ended: self.ended.clone(),
                events: self.events.clone(),
            };
            if self.affinity {
                pin_to_core(self.index, self.notice);
            }
            drive(&runtime, Box::pin(self.work()));
            runtime.shutdown_timeout(LEFT_OVER);
            drop(gone);
        });
        start(name, run)
    }

    async fn work(mut self) {
        let beat = spawn_beat(Arc::clone(&self.pulse));
        self.acceptor.run().await;
        drop(self.acceptor);
        self.ended.fire();
        // Others may have left tasks here: a pool its connections, a handler what it has spawned. One is the beat.
        let runtime = Handle::current();
        while runtime.metrics().num_alive_tasks() > 1 && !beat.is_finished() {
            if until(self.end.fired(), sleep(LAST_TASKS)).await.is_some() {
                return;
            }
        }
    }
}

fn start(name: String, run: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
    let started = std::thread::Builder::new().name(name).spawn(run);
    started.map(drop).map_err(|cause| {
        Error::new(ErrorKind::Runtime, "could not start the thread of a worker").because(cause)
    })
}

fn spawn_beat(pulse: Arc<Pulse>) -> JoinHandle<()> {
    spawn(Box::pin(pulse.beat()))
}

/// Tells of the end of a thread, however it comes.
struct Gone {
    index: usize,
    gone: Signal,
    end: Signal,
    ended: Signal,
    events: UnboundedSender<Event>,
}

impl Drop for Gone {
    fn drop(&mut self) {
        if !self.ended.is_fired() && !self.end.is_fired() {
            // Nobody is left to replace it when the supervisor is gone.
            let _gone = self.events.send(Event::Gone(self.index));
        }
        self.ended.fire();
        self.gone.fire();
    }
}

/// Binds the calling thread to the core of that number among those that the process may use.
#[cfg(target_os = "linux")]
fn pin_to_core(index: usize, notice: Notice) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let pinned = sched_getaffinity(None).and_then(|allowed| {
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
            .filter(|&core| allowed.is_set(core))
            .collect();
        let mut one = CpuSet::new();
        if let Some(&core) = cores.get(index % cores.len().max(1)) {
            one.set(core);
        }
        sched_setaffinity(None, &one)
    });
    if let Err(cause) = pinned {
        notice.warn(format_args!(
            "could not bind worker {index} to a core: {cause}"
        ));
    }
}

#[cfg(not(target_os = "linux"))]
fn pin_to_core(_index: usize, notice: Notice) {
    notice.warn(format_args!(
        "workers cannot be bound to cores on this system"
    ));
}
