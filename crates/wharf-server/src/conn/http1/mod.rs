//! HTTP/1.1 and HTTP/1.0 through hyper.

mod driver;
mod exchange;
mod handover;
mod parking;
mod progress;
mod reject;
mod wire;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
#[cfg(feature = "tls-core")]
use wharf_http::service::Rejected;
use wharf_http::{Connection, Service};

use self::driver::{Driver, End};
use self::exchange::Adapter;
use self::parking::{Parts, Talk};
use self::progress::{Progress, Upload};
use self::wire::Wire;
use super::closing::{self, Closing};
use super::config::Settings;
#[cfg(feature = "tls-core")]
use super::socket::Socket;
use super::{Arrived, ConnectionConfig, ConnectionEnd};

/// Serves a connection until it ends. One that begins with the preface of HTTP/2 speaks that, where it is to be `detect`ed.
///
/// No `async fn`: its arguments would lie in memory for as long as the connection is open, beside what is made of them.
pub(super) fn serve<S, IO>(
    arrived: Arrived<IO>,
    connection: Connection,
    config: ConnectionConfig<S>,
    detect: bool,
) -> impl Future<Output = ConnectionEnd> + Send + 'static
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = config.settings();
    let flow = arrived.flow();
    let progress = Progress::new(Arc::clone(settings), arrived.stats, flow);
    let progress = Arc::new(progress);
    let mut driver = {
        let wire = Wire::new(arrived.io, Arc::clone(&progress));
        let service = Arc::clone(&config.service);
        let adapter = Adapter::new(service, connection.clone(), Arc::clone(&progress));
        let talk = Talk::with_hyper(wire, adapter, &progress);
        Driver::new(talk, progress, connection.clone())
    };
    async move {
        let end = {
            let mut timer = pin!(driver.timer());
            let mut shutdown = pin!(connection.shutdown().fired());
            let mut abort = pin!(config.settings().abort.fired());
            let driver = &mut driver;
            // Moved in, or all three would be kept beside it as well.
            poll_fn(move |cx| driver.poll(cx, timer.as_mut(), shutdown.as_mut(), abort.as_mut()))
                .await
        };
        // On the heap, so that connections which have not ended do not grow by it.
        Box::pin(finish(end, driver, connection, config, detect)).await
    }
}

/// Lets the service answer bytes that never became a request, and closes.
#[cfg(feature = "tls-core")]
pub(super) async fn reject<S, IO>(
    arrived: Arrived<IO>,
    rejected: &Rejected,
    config: &ConnectionConfig<S>,
) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = config.settings();
    let flow = arrived.flow();
    let progress = Progress::new(Arc::clone(settings), arrived.stats, flow);
    let progress = Arc::new(progress);
    let connection = rejected.connection();
    let service = Arc::clone(&config.service);
    let adapter = Adapter::new(service, connection.clone(), Arc::clone(&progress));
    let closing = Closing {
        socket: Socket::new(arrived.io),
        flow: &progress.flow,
        connection,
        settings,
    };
    closing.reject(adapter, rejected).await
}

/// Deals with what is left when hyper has stopped, and goes on with HTTP/2 if that is what the client speaks.
async fn finish<S, IO>(
    end: End,
    driver: Driver<S, IO>,
    connection: Connection,
    config: ConnectionConfig<S>,
    detect: bool,
) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = config.settings();
    let progress = driver.progress();
    let busy = progress.is_busy();
    let Parts {
        wire,
        read,
        adapter,
    } = match (driver.take_apart(end.outcome()), &end) {
        (Some(parts), _) => parts,
        (None, End::Done) => return upgraded(&progress, settings).await,
        (None, _) => return ConnectionEnd::Failed,
    };
    #[cfg(feature = "http2")]
    if detect && settings.http2.prior_knowledge && is_preface(&end, &read, &progress) {
        let arrived = Arrived {
            io: wire.into_socket().into_io(),
            read,
            opened: progress.flow.opened(),
            stats: progress.stats(),
        };
        // What was read is counted when these go, and HTTP/2 may go on for long.
        drop((adapter, progress));
        return Box::pin(super::http2::serve(arrived, connection, config)).await;
    }
    #[cfg(not(feature = "http2"))]
    let _nothing_else_is_spoken = detect;
    let closing = Closing {
        socket: wire.into_socket(),
        flow: &progress.flow,
        connection: &connection,
        settings,
    };
    match end {
        End::Done => {
            // A request that was not read to its end, or more that came after the last one.
            let unread = progress.upload() != Upload::None || !read.is_empty();
            closing.close(unread).await
        }
        End::Leaving => closing.close(false).await,
        End::Quiet => {
            let begun = reject::skip_empty_lines(&read).len();
            if begun == 0 {
                return closing.close(false).await;
            }
            let head = read.slice(read.len() - begun..);
            let rejected = reject::timed_out(head, &connection);
            closing.reject(adapter, &rejected).await
        }
        End::Broken(error) if error.is_parse() => {
            let rejected = reject::classify(&error, read, settings, &connection);
            closing.reject(adapter, &rejected).await
        }
        End::Broken(error) if driver::is_fault_of_service(&error) => {
            driver::report(&error, &connection);
            ConnectionEnd::Failed
        }
        End::Broken(error) if busy || error.is_incomplete_message() => ConnectionEnd::ClientLeft,
        End::Broken(_) => ConnectionEnd::Finished,
        End::Panicked(message) => {
            connection.report(format_args!(
                "the service panicked, the connection is cut: {message}"
            ));
            ConnectionEnd::Failed
        }
        End::Slow => ConnectionEnd::TooSlow,
        End::Cut if busy => ConnectionEnd::Cut,
        End::Cut => ConnectionEnd::Finished,
    }
}

/// Tells whether the first thing on a connection is the preface of HTTP/2, or as much of it as hyper needed to see that it
/// is no HTTP/1 (RFC 9113 §3.4).
#[cfg(feature = "http2")]
fn is_preface(end: &End, read: &[u8], progress: &Progress) -> bool {
    let seen = read.len().min(super::http2::PREFACE.len());
    matches!(end, End::Broken(error) if error.is_parse())
        && progress.flow.read.get() == read.len() as u64
        && seen > 0
        && read[..seen] == super::http2::PREFACE[..seen]
}

/// Waits until the application has dropped a connection that no longer speaks HTTP.
async fn upgraded(progress: &Progress, settings: &Settings) -> ConnectionEnd {
    let Some(handover) = progress.handover.get() else {
        return ConnectionEnd::Finished;
    };
    if closing::unless(&settings.abort, handover.gone.fired())
        .await
        .is_some()
    {
        return ConnectionEnd::Finished;
    }
    handover.cut();
    ConnectionEnd::Cut
}

#[cfg(test)]
mod tests;
