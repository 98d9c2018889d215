//! How a server ends, step by step, and the [`Report`] of it.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wharf_http::{Service, Signal, Tasks};

use crate::erased::AnyService;
use crate::error::{Error, ErrorKind};
use crate::listener::OpenListener;
use crate::notice::Notice;
use crate::worker::Crew;

/// How long work that was cut may take to notice; what blocks its thread never does.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// How a server ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many of the connections that were open when the listeners closed have ended by themselves: at once, when
    /// they were idle, or with the answer to their last request.
    pub drained: usize,
    /// How many connections were cut, because time was up or somebody asked to skip the wait.
    pub cut: usize,
    /// How many pieces of work beside connections were cut: handlers that finish without their client, and what a
    /// handler protects.
    pub tasks_cut: usize,
    /// How long it took from the first word of the end to the last.
    pub duration: Duration,
}

/// What an outsider says to a running server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    /// Stop in order.
    pub(crate) begin: Signal,
    /// Do not wait any longer for requests.
    pub(crate) cut: Signal,
    /// Do not wait any longer for the service either.
    pub(crate) abandon: Signal,
    /// The sockets belong to a successor now.
    pub(crate) handed_over: Signal,
}

impl Control {
    /// Goes one step further: each signal that the process gets is less patient than the one before.
    pub(crate) fn advance(&self) {
        if !self.begin.is_fired() {
            self.begin.fire();
        } else if !self.cut.is_fired() {
            self.cut.fire();
        } else {
            self.abandon.fire();
        }
    }
}

/// How to end.
#[derive(Debug)]
pub(crate) struct Shutdown {
    /// Between not being ready any more and closing the listeners.
    pub(crate) lead: Duration,
    /// Fired when the server is not ready any more.
    pub(crate) unready: Signal,
    /// How long running requests may take.
    pub(crate) limit: Option<Duration>,
    /// Fired when the wait is over: connections end at once.
    pub(crate) cut: Signal,
    /// Work beside the connections that is waited for.
    pub(crate) tasks: Tasks,
    pub(crate) notice: Notice,
}

impl Shutdown {
    /// Ends in order.
    pub(crate) async fn run(
        self,
        service: &AnyService,
        crew: Crew,
        open: Vec<OpenListener>,
        control: &Control,
    ) -> Result<Report, Error> {
        let begun = Instant::now();
        self.unready.fire();
        // A successor answers already: nobody has to be sent elsewhere first.
        if !self.lead.is_zero() && !control.handed_over.is_fired() {
            let _over = until(sleep(self.lead), control.cut.fired()).await;
        }
        close(&crew, open, control).await;
        let open = crew.connections();
        crew.finish();

        let deadline = async {
            match self.limit {
                Some(limit) => {
                    let _over = until(sleep(limit), control.cut.fired()).await;
                }
                None => control.cut.fired().await,
            }
        };
        let finished = until(
            async {
                service.shutdown().await;
                self.wait(&crew).await;
            },
            deadline,
        )
        .await;
        let (cut, tasks_cut) = match finished {
            Some(()) => (0, 0),
            None => self.cut(&crew).await,
        };

        let stopped = until(service.stop(), control.abandon.fired()).await;
        // Only now: what the service closes may have its tasks on the workers.
        crew.dismiss().await;
        match stopped {
            Some(Ok(())) => Ok(Report {
                drained: open.saturating_sub(cut),
                cut,
                tasks_cut,
                duration: begun.elapsed(),
            }),
            Some(Err(cause)) => {
                Err(Error::new(ErrorKind::Stop, "the service did not stop properly").because(cause))
            }
            None => Err(Error::new(
                ErrorKind::Stop,
                "the service was told to stop, and interrupted before it had",
            )),
        }
    }

    /// Waits for all connections, then for all work beside them.
    async fn wait(&self, crew: &Crew) {
        // Idle connections end at once: whoever is there after them has something to do.
        let idle = until(crew.ended(), sleep(Duration::from_millis(100))).await;
        if idle.is_none() || self.tasks.running() > 0 {
            self.notice.info(format_args!(
                "waiting for {} connections and {} tasks{}; a second signal skips the wait",
                crew.connections(),
                self.tasks.running(),
                self.limit
                    .map_or(String::new(), |limit| format!(", up to {limit:?}")),
            ));
        }
        crew.ended().await;
        self.tasks.idle().await;
    }

    /// Cuts what is left, and returns how many connections and how many tasks that was.
    async fn cut(&self, crew: &Crew) -> (usize, usize) {
        let (cut, tasks_cut) = (crew.connections(), self.tasks.running());
        self.cut.fire();
        self.tasks.abort();
        let ended = async {
            crew.ended().await;
            self.tasks.idle().await;
        };
        if until(ended, sleep(LAST_GRACE)).await.is_none() {
            crew.abort();
            self.notice.warn(format_args!(
                "{} connections and {} tasks block their thread and could not be cut",
                crew.connections(),
                self.tasks.running()
            ));
        }
        (cut, tasks_cut)
    }
}

/// Stops listening; who waits in the queues already is served, here or by the successor.
async fn close(crew: &Crew, open: Vec<OpenListener>, control: &Control) {
    crew.close(None).await;
    for open in open {
        if control.handed_over.is_fired() {
            open.leave();
        } else {
            for accepted in open.close() {
                crew.serve(accepted);
            }
        }
    }
}

/// Waits for `future`, but no longer than until `stop` is ready; `future` comes first when both are.
pub(crate) async fn until<F: Future>(
    future: F,
    stop: impl Future<Output = ()>,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut stop = pin!(stop);
    std::future::poll_fn(|cx| {
        use std::task::Poll::{Pending, Ready};
        match future.as_mut().poll(cx) {
            Ready(output) => Ready(Some(output)),
            Pending => stop.as_mut().poll(cx).map(|()| None),
        }
    })
    .await
}
