//! A service in this process, and the connections that lead to it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinSet;
use tokio::time::timeout;
use wharf_http::connection::Local;
use wharf_http::{BoxError, BoxFuture, Connection, Peer, Serve, Service, Signal, Tasks};
use wharf_server::{AccessLog, ConnectionConfig, Limits, Timeouts, serve_connection};

/// How many bytes may be on their way in one direction, about as many as a socket holds.
const PIPE: usize = 64 * 1024;

/// How long running requests may take to finish when the service is stopped: the server's default.
const SHUTDOWN: Duration = Duration::from_secs(25);

/// A running service, whatever its type.
pub(crate) trait Host: Send + Sync {
    /// Opens a connection; an error when the service was stopped.
    fn connect(&self) -> Result<DuplexStream, BoxError>;

    /// Stops the service: lets requests finish, then cleans up.
    fn close(&self) -> BoxFuture<'_, Result<(), BoxError>>;
}

/// How connections are served.
#[derive(Debug)]
pub(crate) struct HostConfig {
    pub(crate) peer: Peer,
    pub(crate) errors_to_stderr: bool,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
    pub(crate) access_log: AccessLog,
}

impl HostConfig {
    pub(crate) fn new() -> Self {
        Self {
            peer: Peer::Memory,
            errors_to_stderr: true,
            timeouts: Timeouts::new(),
            limits: Limits::new(),
            access_log: AccessLog::new(),
        }
    }
}

/// A service that was started.
pub(crate) struct Hosted<S> {
    config: ConnectionConfig<S>,
    peer: Peer,
    errors_to_stderr: bool,
    /// The running connections; none can be added once they were taken out.
    connections: Mutex<Option<JoinSet<()>>>,
    shutdown: Signal,
    abort: Signal,
    tasks: Tasks,
}

impl<S: Service> Hosted<S> {
    pub(crate) async fn start(
        mut app: impl Serve<Service = S>,
        with: HostConfig,
    ) -> Result<Self, BoxError> {
        app.check().await?;
        let abort = Signal::new();
        let config = ConnectionConfig::new(app.start().await?)
            .timeouts(with.timeouts)
            .limits(with.limits)
            .access_log(with.access_log)
            .abort(abort.clone());
        Ok(Self {
            config,
            peer: with.peer,
            errors_to_stderr: with.errors_to_stderr,
            connections: Mutex::new(Some(JoinSet::new())),
            shutdown: Signal::new(),
            abort,
            tasks: Tasks::new(),
        })
    }

    fn connections(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Service> Host for Hosted<S> {
    fn connect(&self) -> Result<DuplexStream, BoxError> {
        let mut connections = self.connections();
        let Some(connections) = connections.as_mut() else {
            return Err("the application was stopped".into());
        };
        while connections.try_join_next().is_some() {}
        let (near, far) = duplex(PIPE);
        let connection = Connection::new(self.peer.clone(), Local::Memory)
            .with_server(self.shutdown.clone(), self.tasks.clone())
            .with_errors_to_stderr(self.errors_to_stderr);
        let config = self.config.clone();
        connections.spawn(async move {
            let _end = serve_connection(far, connection, config).await;
        });
        Ok(near)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async {
            let Some(mut connections) = self.connections().take() else {
                return Ok(());
            };
            let service = self.config.service();
            let finish = async {
                self.shutdown.fire();
                service.shutdown().await;
                while connections.join_next().await.is_some() {}
                self.tasks.idle().await;
            };
            if timeout(SHUTDOWN, finish).await.is_err() {
                // What uses the resources has to end before they are left.
                self.abort.fire();
                self.tasks.abort();
                connections.shutdown().await;
                self.tasks.idle().await;
            }
            service.stop().await
        })
    }
}
