//! How a server ends, step by step, and the [`Report`] of it.

use std::pin::pin;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use wharf_http::{Service, Signal, Tasks};

use crate::accept::Acceptor;
use crate::error::{Error, ErrorKind};
use crate::listener::Accepted;
use crate::notice::Notice;

/// How long work that was cut may take to notice; what blocks its thread never does.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// How a server ended.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Fired when the listeners are closed: idle connections end, handlers are told.
    pub(crate) signal: Signal,
    /// Fired when the wait is over: connections end at once.
    pub(crate) cut: Signal,
    /// Work beside the connections that is waited for.
    pub(crate) tasks: Tasks,
    pub(crate) notice: Notice,
}

/// Accepts until it is told to end, then ends in order.
pub(crate) async fn serve<S, F, Fut>(
    service: &S,
    mut acceptor: Acceptor<F>,
    shutdown: Shutdown,
    control: Control,
) -> Result<Report, Error>
where
    S: Service,
    F: Fn(Accepted) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    acceptor.accept_until(control.begin.fired()).await;

    let begun = Instant::now();
    shutdown.unready.fire();
    if !shutdown.lead.is_zero() {
        let lead = until(sleep(shutdown.lead), control.cut.fired());
        acceptor
            .accept_until(async {
                let _over = lead.await;
            })
            .await;
    }
    let mut connections = acceptor.close();
    let open = connections.len();
    shutdown.signal.fire();

    let deadline = async {
        match shutdown.limit {
            Some(limit) => {
                let _over = until(sleep(limit), control.cut.fired()).await;
            }
            None => control.cut.fired().await,
        }
    };
    let finished = until(
        async {
            service.shutdown().await;
            wait(&mut connections, &shutdown).await;
        },
        deadline,
    )
    .await;

    let (cut, tasks_cut) = match finished {
        Some(()) => (0, 0),
        None => cut(&mut connections, &shutdown).await,
    };

    match until(service.stop(), control.abandon.fired()).await {
        Some(Ok(())) => Ok(Report {
            drained: open - cut,
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

/// Cuts what is left, and returns how many connections and how many tasks that was.
async fn cut(connections: &mut JoinSet<()>, shutdown: &Shutdown) -> (usize, usize) {
    while connections.try_join_next().is_some() {}
    let (cut, tasks_cut) = (connections.len(), shutdown.tasks.running());
    shutdown.cut.fire();
    shutdown.tasks.abort();
    let ended = async {
        all(connections).await;
        shutdown.tasks.idle().await;
    };
    if until(ended, sleep(LAST_GRACE)).await.is_none() {
        connections.abort_all();
        while connections.try_join_next().is_some() {}
        shutdown.notice.warn(format_args!(
            "{} connections and {} tasks block their thread and could not be cut",
            connections.len(),
            shutdown.tasks.running()
        ));
    }
    (cut, tasks_cut)
}

/// Waits for all connections, then for all work beside them.
async fn wait(connections: &mut JoinSet<()>, shutdown: &Shutdown) {
    // Idle connections end at once: whoever is there after them has something to do.
    let idle = until(all(connections), sleep(Duration::from_millis(100))).await;
    if idle.is_none() || shutdown.tasks.running() > 0 {
        shutdown.notice.info(format_args!(
            "waiting for {} connections and {} tasks{}; a second signal skips the wait",
            connections.len(),
            shutdown.tasks.running(),
            shutdown
                .limit
                .map_or(String::new(), |limit| format!(", up to {limit:?}")),
        ));
    }
    all(connections).await;
    shutdown.tasks.idle().await;
}

async fn all(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
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
