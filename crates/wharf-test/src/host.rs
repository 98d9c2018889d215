//! A service in this process, and the connections that lead to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use wharf_http::{BoxError, BoxFuture, Connection, Serve, Service, Signal, Tasks};

/// How many bytes may be on their way in one direction, about as many as a socket holds.
const PIPE: usize = 64 * 1024;

/// How long running requests may take to finish when the service is stopped: the server's default.
const SHUTDOWN: Duration = Duration::from_secs(25);

/// A running service, whatever its type.
pub(crate) trait Host: Send + Sync {
    /// Opens a connection; an error when the service was stopped.
    fn connect(&self, connection: Connection) -> Result<DuplexStream, BoxError>;

    /// Stops the service: lets requests finish, then cleans up.
    fn close(&self) -> BoxFuture<'_, Result<(), BoxError>>;
}

/// A service that was started.
pub(crate) struct Hosted<S> {
    service: Arc<S>,
    /// The running connections; none can be added once they were taken out.
    connections: Mutex<Option<JoinSet<()>>>,
    shutdown: Signal,
    tasks: Tasks,
}

impl<S: Service> Hosted<S> {
    pub(crate) async fn start(mut app: impl Serve<Service = S>) -> Result<Self, BoxError> {
        app.check().await?;
        Ok(Self {
            service: Arc::new(app.start().await?),
            connections: Mutex::new(Some(JoinSet::new())),
            shutdown: Signal::new(),
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
    fn connect(&self, connection: Connection) -> Result<DuplexStream, BoxError> {
        let mut connections = self.connections();
        let Some(connections) = connections.as_mut() else {
            return Err("the application was stopped".into());
        };
        while connections.try_join_next().is_some() {}
        let (near, far) = duplex(PIPE);
        let connection = connection.with_server(self.shutdown.clone(), self.tasks.clone());
        connections.spawn(serve(far, Arc::clone(&self.service), connection));
        Ok(near)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(async {
            let Some(mut connections) = self.connections().take() else {
                return Ok(());
            };
            self.shutdown.fire();
            self.service.shutdown().await;
            let due = Instant::now() + SHUTDOWN;
            let finished = async {
                while connections.join_next().await.is_some() {}
                self.tasks.idle().await;
            };
            if timeout_at(due, finished).await.is_err() {
                // What the resources are used by has to end before they are left.
                connections.shutdown().await;
                self.tasks.abort();
                self.tasks.idle().await;
            }
            self.service.stop().await
        })
    }
}

/// Serves one connection until it ends, or the request that runs at shutdown.
async fn serve<S: Service>(stream: DuplexStream, service: Arc<S>, connection: Connection) {
    use hyper_util::rt::{TokioIo, TokioTimer};
    let shutdown = connection.shutdown().clone();
    let answer =
        hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let context = wharf_http::Context::new(connection.clone());
            let response = service.call(request.map(wharf_http::Body::new), &context);
            async move { Ok::<_, std::convert::Infallible>(response.await) }
        });
    let mut connection = std::pin::pin!(
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), answer)
    );
    let mut fired = std::pin::pin!(shutdown.fired());
    let mut stopping = false;
    std::future::poll_fn(|cx| {
        if !stopping && fired.as_mut().poll(cx).is_ready() {
            stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}
