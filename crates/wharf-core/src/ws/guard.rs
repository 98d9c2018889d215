//! [`Guard`]: the task of one WebSocket, from the upgrade to the last frame.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use wharf_http::ws::handshake::Negotiated;
use wharf_http::ws::{self, CloseCode, Closer, WebSocket, WebSocketConfig};
use wharf_http::{BoxError, Connection, Context, ErrorChain};

use super::SocketResult;
use crate::panic;

/// Runs what an app does with a WebSocket, closes that at shutdown, and reports what goes wrong.
pub(super) struct Guard {
    connection: Connection,
    route: String,
    config: WebSocketConfig,
    negotiated: Negotiated,
}

impl Guard {
    pub(super) fn new(context: &Context, config: WebSocketConfig, negotiated: Negotiated) -> Self {
        Self {
            connection: context.connection().clone(),
            route: context.route().as_deref().unwrap_or("?").to_owned(),
            config,
            negotiated,
        }
    }

    /// Waits for the connection in a task that the server waits for, and runs `serve` with it.
    pub(super) fn spawn<F, Fut>(self, upgrade: OnUpgrade, serve: F) -> JoinHandle<()>
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output: SocketResult> + Send + 'static,
    {
        let tasks = self.connection.tasks().clone();
        tasks.spawn(async move {
            // A client that left before it had the answer is no error.
            let Ok(upgraded) = upgrade.await else {
                return;
            };
            let Self {
                connection,
                route,
                config,
                negotiated,
            } = self;
            let mut socket = WebSocket::server(TokioIo::new(upgraded), &config, negotiated);
            if let Some(stats) = connection.websocket_stats() {
                socket = socket.counted(stats);
            }
            let kept = socket.keep();
            let closer = socket.closer();
            let result = run(&connection, &closer, move || serve(socket)).await;
            let (code, reason) = match result {
                Ok(Ok(())) => (CloseCode::NORMAL, ""),
                Ok(Err(error)) => {
                    report(&connection, &route, &error);
                    (CloseCode::INTERNAL, "an error of the server")
                }
                Err(panic) => {
                    let message = panic::message(panic.as_ref());
                    connection.report(format_args!("the WebSocket of {route} panicked: {message}"));
                    (CloseCode::INTERNAL, "an error of the server")
                }
            };
            // Whoever still has it, such as another task of the app, closes it.
            if let Some(mut socket) = kept.last() {
                let _the_peer_may_be_gone = socket.close(code, reason).await;
            }
        })
    }
}

/// Runs what an app does with a WebSocket, and has that closed when the server shuts down.
async fn run<Fut: Future<Output: SocketResult>>(
    connection: &Connection,
    closer: &Closer,
    serve: impl FnOnce() -> Fut,
) -> Result<Result<(), BoxError>, Box<dyn Any + Send>> {
    let mut serving = pin!(catch_unwind(AssertUnwindSafe(serve))?);
    let mut shutdown = pin!(connection.shutdown().fired());
    let mut is_told = false;
    poll_fn(|cx| {
        if !is_told && shutdown.as_mut().poll(cx).is_ready() {
            is_told = true;
            closer.close(CloseCode::AWAY, "the server is shutting down");
        }
        let serving: Pin<&mut Fut> = serving.as_mut();
        // It is not polled again after a panic, so that nobody sees it half way.
        match catch_unwind(AssertUnwindSafe(|| serving.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result.into_result())),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// Logs what went wrong, unless it lies with the peer or the line to it.
fn report(connection: &Connection, route: &str, error: &BoxError) {
    let error: &(dyn std::error::Error + 'static) = error.as_ref();
    let mut causes = std::iter::successors(Some(error), |&cause| cause.source());
    let chain = ErrorChain::new(error);
    if causes.any(|cause| cause.is::<ws::Error>()) {
        tracing::debug!(route, error = %chain, "a WebSocket has ended");
    } else {
        connection.report(format_args!("the WebSocket of {route} failed: {chain}"));
    }
}
