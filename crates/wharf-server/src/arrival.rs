//! [`Arrival`], what happens to a connection between `accept` and the end of its last request.

use wharf_http::{Connection, Service, Signal, Tasks};

use crate::conn::{ConnectionConfig, serve_connection};
use crate::listener::Accepted;
use crate::notice::Notice;

/// What all connections of a server are given.
pub(crate) struct Arrival<S> {
    config: ConnectionConfig<S>,
    /// Fires when the worker begins to end, and with it its connections.
    shutdown: Signal,
    /// Work beside the connections that a shutdown waits for.
    tasks: Tasks,
    notice: Notice,
}

impl<S: Service> Arrival<S> {
    pub(crate) fn new(config: ConnectionConfig<S>, tasks: Tasks, notice: Notice) -> Self {
        Self {
            config,
            shutdown: Signal::new(),
            tasks,
            notice,
        }
    }

    /// Returns what the connections of one worker are given: counters of its own, and a signal that fires when it begins
    /// to end. The signal that is returned fires after so many requests.
    pub(crate) fn of_worker(
        &self,
        index: usize,
        shutdown: Signal,
        requests: Option<u64>,
    ) -> (Self, Signal) {
        let (stats, worn) = self.config.counters().of_worker(index, requests);
        let arrival = Self {
            config: self.config.clone().stats(stats),
            shutdown,
            tasks: self.tasks.clone(),
            notice: self.notice,
        };
        (arrival, worn)
    }

    /// Serves a connection until it ends.
    pub(crate) fn serve(
        &self,
        accepted: Accepted,
    ) -> impl Future<Output = ()> + Send + 'static + use<S> {
        let Accepted {
            stream,
            peer,
            local,
            site: _,
        } = accepted;
        let connection = Connection::new(peer, local)
            .with_server(self.shutdown.clone(), self.tasks.clone())
            .with_errors_to_stderr(self.notice.to_stderr());
        let serving = serve_connection(stream, connection, self.config.clone());
        async move {
            let _end = serving.await;
        }
    }
}
