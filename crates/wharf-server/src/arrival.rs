//! [`Arrival`], what happens to a connection between `accept` and the end of its last request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{sleep, timeout};
use wharf_http::connection::{Local, Peer};
use wharf_http::{BoxFuture, Connection, Signal, Tasks};

use crate::conn::{ConnectionConfig, ConnectionEnd, Protocol, serve_connection_as, serve_detected};
use crate::erased::AnyService;
use crate::listener::proxy_protocol::Refused;
use crate::listener::{Accepted, ProxyProtocol, Stream};
use crate::shutdown::until;
use crate::tls;
use crate::watchdog::Pulse;

/// How long a header that is on its way is still waited for when the server shuts down.
const RACE: Duration = Duration::from_millis(50);

/// What all connections of a server are given.
pub(crate) struct Arrival {
    config: ConnectionConfig<AnyService>,
    /// The same for listeners that have nothing but the health of the process.
    health: ConnectionConfig<AnyService>,
    /// Fires when the worker begins to end, and with it its connections.
    shutdown: Signal,
    /// Work beside the connections that a shutdown waits for.
    tasks: Tasks,
}

impl Arrival {
    pub(crate) fn new(config: ConnectionConfig<AnyService>, tasks: Tasks) -> Self {
        Self {
            health: config.clone().health_alone(),
            config,
            shutdown: Signal::new(),
            tasks,
        }
    }

    /// Returns what the connections of one worker are given: counters of its own, and a signal that fires when it begins
    /// to end. The signal that is returned fires after so many requests.
    pub(crate) fn of_worker(
        &self,
        index: usize,
        shutdown: Signal,
        requests: Option<u64>,
        pulse: Option<Arc<Pulse>>,
    ) -> (Self, Signal) {
        let (stats, worn) = self.config.counters().of_worker(index, requests, pulse);
        let config = self.config.clone().stats(stats);
        let arrival = Self {
            health: config.clone().health_alone(),
            config,
            shutdown,
            tasks: self.tasks.clone(),
        };
        (arrival, worn)
    }

    /// Serves a connection until it ends, and drops its place then.
    ///
    /// The future is to be spawned as it is: within another it would take its place in memory twice.
    pub(crate) fn serve<P: Send + 'static>(
        &self,
        accepted: Accepted,
        place: P,
    ) -> impl Future<Output = ()> + Send + 'static + use<P> {
        let config = if accepted.site.health_alone {
            self.health.clone()
        } else {
            self.config.clone()
        };
        let (shutdown, tasks) = (self.shutdown.clone(), self.tasks.clone());
        let error_log = self.config.settings().error_log.clone();
        let websockets = self.config.counters().websockets().clone();
        let describe = move |connection: Connection| {
            connection
                .with_server(shutdown, tasks)
                .with_error_log(error_log)
                .with_websocket_stats(websockets)
        };
        if accepted.site.proxy_protocol.is_some() || accepted.site.tls.is_some() {
            let shutdown = self.shutdown.clone();
            return Serving::Prepared {
                future: Box::pin(async move {
                    let _place = place;
                    prepare(accepted, config, &shutdown, describe).await;
                }),
            };
        }
        let connection = describe(Connection::new(accepted.peer, accepted.local));
        Serving::Plain {
            future: serve_detected(accepted.stream, connection, config),
            _place: place,
        }
    }
}

pin_project! {
    /// A connection that is being served.
    ///
    /// No `async` block: what such a block awaits lies in memory twice when it was made outside.
    #[project = Project]
    enum Serving<F, P> {
        // It begins with a request.
        Plain { #[pin] future: F, _place: P },
        // Something comes before. On the heap, so that the others do not grow by it.
        Prepared { future: BoxFuture<'static, ()> },
    }
}

impl<F: Future<Output = ConnectionEnd>, P> Future for Serving<F, P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project() {
            Project::Plain { future, .. } => future.poll(cx).map(|_end| ()),
            Project::Prepared { future } => future.as_mut().poll(cx),
        }
    }
}

/// Serves a connection on which something comes before the first request: whose it is, or how it is encrypted.
async fn prepare(
    accepted: Accepted,
    config: ConnectionConfig<AnyService>,
    shutdown: &Signal,
    describe: impl FnOnce(Connection) -> Connection,
) {
    let Accepted {
        mut stream,
        peer,
        local,
        site,
    } = accepted;
    let mut connection = match &site.proxy_protocol {
        None => Connection::new(peer, local),
        Some(protocol) => {
            // In a box of its own: it is large, and soon over.
            let introduced = introduce(protocol, stream, peer, local, &config, shutdown);
            let Some((behind, connection)) = Box::pin(introduced).await else {
                return;
            };
            stream = behind;
            connection
        }
    };
    connection = describe(connection);
    let mut protocol = Protocol::Detect;
    if let Some(tls) = &site.tls {
        // In one too.
        let secured = Box::pin(tls.secure(stream, connection, &config)).await;
        let Some((behind, secured)) = secured else {
            return;
        };
        (stream, connection) = (behind, secured);
        protocol = tls::agreed(&connection);
    }
    let _end = serve_connection_as(stream, connection, config, protocol).await;
}

/// Lets a proxy say whose connection it is; `None` when it did not, and the connection is to be closed.
async fn introduce(
    protocol: &ProxyProtocol,
    stream: Stream,
    peer: Peer,
    local: Local,
    config: &ConnectionConfig<AnyService>,
    shutdown: &Signal,
) -> Option<(Stream, Connection)> {
    let settings = config.settings();
    let receiving = protocol.receive(stream, peer.clone(), local);
    let limited = async {
        match settings.timeouts.proxy_header {
            Some(limit) => timeout(limit, receiving)
                .await
                .unwrap_or(Err(Refused::TooSlow)),
            None => receiving.await,
        }
    };
    let stop = async {
        shutdown.fired().await;
        sleep(RACE).await;
    };
    match until(limited, stop).await? {
        Ok((stream, connection)) => Some((stream.into(), connection)),
        Err(refused) => {
            // Anybody who reaches the listener can bring this about, as often as he likes: it must not fill the log.
            tracing::debug!(target: "wharf::server", %peer, "a connection was closed: {refused}");
            settings.stats.connection_refused();
            None
        }
    }
}

#[cfg(all(test, feature = "http1"))]
mod tests {
    use wharf_http::service::service_fn;
    use wharf_http::{Context, Request, Response};

    use super::*;

    /// The size of what a function returns.
    fn size_of_result<A, F>(_function: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_an_idle_connection_is_small() {
        let nothing = service_fn(|_: Request, _: Context| async { Response::default() });
        let config = ConnectionConfig::new(AnyService::new(nothing));
        let arrival = Arrival::new(config, Tasks::new());
        let size = size_of_result(|accepted| arrival.serve(accepted, ()));
        assert!(
            size <= 416,
            "{size} bytes: something is awaited that could be on the heap, or lies in memory twice"
        );
    }
}
