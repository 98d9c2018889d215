//! One connection: [`serve_connection`], what it is configured with, and how it ends.
//!
//! ~~~text
//!  socket ◀──▶ Wire ◀──▶ hyper ──▶ Adapter ──▶ Service
//!                │         │          │
//!                └─────── Progress ───┘      what they tell each other
//!                          │
//!                        Driver              polls hyper, holds the clock, listens to the signals
//! ~~~

mod closing;
mod config;
mod driver;
mod exchange;
mod forwarded;
pub(crate) mod handover;
mod head;
pub(crate) mod progress;
mod reject;
mod reply;
mod upload;

pub use config::ConnectionConfig;
pub(crate) use config::Settings;
pub use forwarded::ForwardedBy;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
#[cfg(feature = "tls-core")]
use wharf_http::service::Rejected;
use wharf_http::{Connection, Service};

use self::closing::Closing;
use self::driver::{Driver, End, Parts};
use self::exchange::Adapter;
use self::progress::{Progress, Upload};
use crate::wire::Wire;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionEnd {
    /// No request was left without its whole answer.
    Finished,
    /// The client left in the middle of a request or an answer.
    ClientLeft,
    /// The client took an answer too slowly and was disconnected.
    TooSlow,
    /// The service panicked, or the body of an answer failed.
    Failed,
    /// The abort signal cut a request short.
    Cut,
}

/// Serves one connection until it ends: HTTP/1.1 and HTTP/1.0, with all limits of `config`.
///
/// `io` is a socket or anything like it, such as one end of `tokio::io::duplex`. `connection` describes it to the
/// service. Its [`shutdown`](Connection::shutdown) signal makes the connection end soon: after 50 milliseconds when no
/// request runs, since one may be on its way, else with the running one, whose answer then says `Connection: close`.
/// The [`abort`](ConnectionConfig::abort) signal cuts what is still running.
///
/// A request that asks for an upgrade carries `hyper::upgrade::OnUpgrade` in its extensions. When the service answers
/// 101, the connection is handed to whoever awaits that, no limit applies to it any more, and this future waits until
/// it is dropped. The abort signal makes reading and writing it fail.
///
/// A panic of the service ends this connection and is reported by [`Connection::report`].
///
/// # Panics
///
/// Panics when called outside a tokio runtime with timers.
///
/// # Cancel safety
///
/// Dropping the future cuts the connection. A request that was running is logged, its client gets no answer.
///
/// # Examples
///
/// ```
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use wharf_http::{Body, Connection, Context, Request, Response, service::service_fn};
/// use wharf_server::{ConnectionConfig, ConnectionEnd, serve_connection};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let service = service_fn(|_: Request, _: Context| async { Response::new(Body::from("hello")) });
/// let config = ConnectionConfig::new(service);
///
/// let (mut client, server) = tokio::io::duplex(1024);
/// let serving = tokio::spawn(serve_connection(server, Connection::memory(), config));
/// client.write_all(b"GET / HTTP/1.1\r\nHost: quay\r\nConnection: close\r\n\r\n").await?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer).await?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
/// assert!(answer.ends_with("\r\n\r\nhello"));
/// assert_eq!(serving.await?, ConnectionEnd::Finished);
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub async fn serve_connection<S, IO>(
    io: IO,
    connection: Connection,
    config: ConnectionConfig<S>,
) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = config.settings();
    let progress = Arc::new(Progress::new(Arc::clone(settings)));
    let mut driver = {
        let wire = Wire::new(io, Arc::clone(&progress));
        let service = Arc::clone(&config.service);
        let adapter = Adapter::new(service, connection.clone(), Arc::clone(&progress));
        let hyper = settings
            .hyper()
            .serve_connection(TokioIo::new(wire), adapter)
            .with_upgrades();
        Driver::new(hyper, &progress, &connection)
    };
    let end = {
        let mut timer = pin!(driver.timer());
        let mut shutdown = pin!(connection.shutdown().fired());
        let mut abort = pin!(settings.abort.fired());
        poll_fn(|cx| driver.poll(cx, timer.as_mut(), shutdown.as_mut(), abort.as_mut())).await
    };

    finish(end, driver, &connection, &config, &progress).await
}

/// Lets the service answer bytes that never became a request, and closes; hyper never sees the connection.
#[cfg(feature = "tls-core")]
pub(crate) async fn reject_connection<S, IO>(
    io: IO,
    rejected: &Rejected,
    config: &ConnectionConfig<S>,
) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = config.settings();
    let connection = rejected.connection();
    let progress = Arc::new(Progress::new(Arc::clone(settings)));
    let wire = Wire::new(io, Arc::clone(&progress));
    let service = Arc::clone(&config.service);
    let adapter = Adapter::new(service, connection.clone(), progress);
    let closing = Closing {
        wire,
        connection,
        settings,
    };
    closing.reject(adapter, rejected).await
}

/// Deals with what is left when hyper has stopped.
async fn finish<S, IO>(
    end: End,
    driver: Driver<S, IO>,
    connection: &Connection,
    config: &ConnectionConfig<S>,
    progress: &Progress,
) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = config.settings();
    let busy = progress.is_busy();
    let Parts {
        wire,
        read,
        adapter,
    } = match (driver.take_apart(end.outcome()), &end) {
        (Some(parts), _) => parts,
        (None, End::Done) => return upgraded(progress, settings).await,
        (None, _) => return ConnectionEnd::Failed,
    };
    let closing = Closing {
        wire,
        connection,
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
            let rejected = reject::timed_out(head, connection);
            closing.reject(adapter, &rejected).await
        }
        End::Broken(error) if error.is_parse() => {
            let rejected = reject::classify(&error, read, settings, connection);
            closing.reject(adapter, &rejected).await
        }
        End::Broken(error) if driver::is_fault_of_service(&error) => {
            driver::report(&error, connection);
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
