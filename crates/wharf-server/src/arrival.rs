//! [`Arrival`], what happens to a connection between `accept` and the end of its last request.

use wharf_http::{Connection, Service, Signal, Tasks};

use crate::conn::{ConnectionConfig, serve_connection};
use crate::listener::Accepted;
use crate::notice::Notice;

/// What all connections of a server are given.
pub(crate) struct Arrival<S> {
    config: ConnectionConfig<S>,
    /// Fires when the server begins to shut down.
    shutdown: Signal,
    /// Work beside the connections that a shutdown waits for.
    tasks: Tasks,
    notice: Notice,
}

impl<S: Service> Arrival<S> {
    pub(crate) fn new(
        config: ConnectionConfig<S>,
        shutdown: Signal,
        tasks: Tasks,
        notice: Notice,
    ) -> Self {
        Self {
            config,
            shutdown,
            tasks,
            notice,
        }
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
            site,
        } = accepted;
        let connection = Connection::new(peer, local)
            .with_server(self.shutdown.clone(), self.tasks.clone())
            .with_errors_to_stderr(self.notice.to_stderr());
        let config = self.config.clone();
        async move {
            let (stream, connection) = match &site.tls {
                None => (stream, connection),
                // In a box of its own: it is large, and soon over.
                Some(tls) => match Box::pin(tls.secure(stream, connection, &config)).await {
                    Some(secured) => secured,
                    None => return,
                },
            };
            let _end = serve_connection(stream, connection, config).await;
        }
    }
}
