//! [`Hosted`]: a service that is reached over pipes in memory, or called.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};
use http::{Method, StatusCode, Version};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use wharf_client::connect::Stream;
use wharf_http::connection::Local;
use wharf_http::{
    Body, BoxError, BoxFuture, Connection, Context, Peer, Request, Response, Serve, Service,
    Signal, Tasks,
};
use wharf_server::{ConnectionConfig, Report, serve_connection};

use super::{Host, HostConfig, Io};
use crate::journal::Journal;

/// How many bytes may be on their way in one direction, about as many as a socket holds.
const PIPE: usize = 64 * 1024;

/// What is said of a service that no longer runs.
const STOPPED: &str = "the application was stopped";

/// A service that was started.
pub(crate) struct Hosted<S> {
    config: ConnectionConfig<S>,
    /// Makes the description of a connection.
    describe: Box<dyn Fn() -> Connection + Send + Sync>,
    /// The running connections; none can be added once they were taken out.
    connections: Mutex<Option<JoinSet<()>>>,
    /// The running calls without a connection.
    calls: Tasks,
    /// How many there were.
    sequence: AtomicU64,
    direct: Connection,
    version: Version,
    shutdown: Signal,
    abort: Signal,
    tasks: Tasks,
    limit: Option<Duration>,
}

impl<S: Service> Hosted<S> {
    pub(crate) async fn start(
        mut app: impl Serve<Service = S>,
        with: HostConfig,
        journal: &Journal,
    ) -> Result<Self, BoxError> {
        app.check().await?;
        let error_log = with.error_log(journal);
        app.log_errors(error_log.clone());
        let (shutdown, abort, tasks) = (Signal::new(), Signal::new(), Tasks::new());
        let limit = with.timeouts.shutdown_limit();
        let config = ConnectionConfig::new(app.start().await?)
            .timeouts(with.timeouts)
            .limits(with.limits)
            .http1(with.http1)
            .access_log(journal.requests(with.access_log))
            .abort(abort.clone());
        #[cfg(feature = "http2")]
        let config = config.http2(with.http2);
        let describe = {
            let (shutdown, tasks) = (shutdown.clone(), tasks.clone());
            let peer = with.peer.map_or(Peer::Memory, Peer::Tcp);
            move || {
                let mut connection = Connection::new(peer.clone(), Local::Memory)
                    .with_server(shutdown.clone(), tasks.clone())
                    .with_error_log(error_log.clone())
                    .with_peer_certificate(with.certificate.clone());
                if let Some(scheme) = &with.scheme {
                    connection = connection.with_scheme(scheme.clone());
                }
                connection
            }
        };
        Ok(Self {
            config,
            direct: describe(),
            describe: Box::new(describe),
            connections: Mutex::new(Some(JoinSet::new())),
            calls: Tasks::new(),
            sequence: AtomicU64::new(0),
            version: match with.only_http2 {
                true => Version::HTTP_2,
                false => Version::HTTP_11,
            },
            shutdown,
            abort,
            tasks,
            limit,
        })
    }

    fn connections(&self) -> MutexGuard<'_, Option<JoinSet<()>>> {
        let lock = self.connections.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    fn pipe(&self) -> Result<DuplexStream, BoxError> {
        let mut connections = self.connections();
        let connections = connections.as_mut().ok_or(STOPPED)?;
        while connections.try_join_next().is_some() {}
        let (near, far) = duplex(PIPE);
        let (connection, config) = ((self.describe)(), self.config.clone());
        connections.spawn(async move {
            let _end = serve_connection(far, connection, config).await;
        });
        Ok(near)
    }

    /// Lets requests finish within the time for that, cuts the others, and leaves the resources.
    async fn finish(&self) -> Result<Report, BoxError> {
        let Some(mut connections) = self.connections().take() else {
            return Ok(Report::default());
        };
        let begun = Instant::now();
        while connections.try_join_next().is_some() {}
        let open = connections.len() + self.calls.running();
        let service = self.config.service();
        let finish = async {
            self.shutdown.fire();
            service.shutdown().await;
            while connections.join_next().await.is_some() {}
            self.calls.idle().await;
            self.tasks.idle().await;
        };
        let finished = match self.limit {
            Some(limit) => timeout(limit, finish).await.is_ok(),
            None => {
                finish.await;
                true
            }
        };
        let mut report = Report::default();
        if !finished {
            while connections.try_join_next().is_some() {}
            report.cut = connections.len() + self.calls.running();
            report.tasks_cut = self.tasks.running();
            // What uses the resources has to end before they are left.
            self.abort.fire();
            self.tasks.abort();
            connections.shutdown().await;
            self.calls.idle().await;
            self.tasks.idle().await;
        }
        service.stop().await?;
        report.drained = open.saturating_sub(report.cut);
        report.duration = begun.elapsed();
        Ok(report)
    }

    /// Has the service answer a request; an error when it is cut.
    async fn answer(&self, mut request: Request) -> Result<Response, BoxError> {
        if self.connections().is_none() {
            return Err(STOPPED.into());
        }
        let _running = self.calls.enter();
        *request.version_mut() = self.version;
        let mut context = Context::new(self.direct.clone());
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        context.advance_to(sequence, Instant::now());
        let is_head = *request.method() == Method::HEAD;
        let mut leaving = Leaving(Some(context.client_left()));
        let mut answer = pin!(self.config.service().call(request, &context));
        let mut cut = pin!(self.abort.fired());
        let answered = poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(response) => Poll::Ready(Ok(response)),
            Poll::Pending => cut.as_mut().poll(cx).map(|()| Err("the request was cut")),
        });
        let mut response = answered.await?;
        leaving.0 = None;
        *response.version_mut() = self.version;
        finish_head(&mut response, is_head);
        Ok(response)
    }
}

/// Does to a response what the server does before it sends it (RFC 9110 §8.6, §9.3.2).
fn finish_head(response: &mut Response, is_head: bool) {
    let status = response.status();
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if let Some(length) = response.body().len().filter(|_| !bodiless) {
        let headers = response.headers_mut();
        if !headers.contains_key(TRANSFER_ENCODING) {
            let length = HeaderValue::from(length);
            headers.entry(CONTENT_LENGTH).or_insert(length);
        }
    }
    if is_head || bodiless {
        *response.body_mut() = Body::empty();
    }
}

/// Tells the handler that its client has left, unless it has answered.
struct Leaving(Option<Signal>);

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(left) = &self.0 {
            left.fire();
        }
    }
}

impl<S: Service> Host for Hosted<S> {
    fn connect(&self) -> Result<Box<dyn Io>, BoxError> {
        Ok(Box::new(self.pipe()?))
    }

    fn open(&self) -> BoxFuture<'_, Result<Stream, BoxError>> {
        Box::pin(async { Ok(Stream::new(self.pipe()?)) })
    }

    fn call(self: Arc<Self>, request: Request) -> BoxFuture<'static, Result<Response, BoxError>> {
        Box::pin(async move { self.answer(request).await })
    }

    fn shutdown(self: Arc<Self>) -> BoxFuture<'static, Result<Report, BoxError>> {
        Box::pin(async move { self.finish().await })
    }
}
