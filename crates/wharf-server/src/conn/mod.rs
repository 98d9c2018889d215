//! One connection: [`serve_connection`], what it is configured with, and how it ends.
//!
//! ~~~text
//!  socket ◀──▶ Wire ◀──▶ hyper ──▶ Adapter ──▶ Service
//!                │         │          │
//!                └─────── Progress ───┘      what they tell each other
//!                          │
//!                        Driver              polls hyper, holds the clock, listens to the signals
//! ~~~
//!
//! `http1` and `http2` have one of each. What lies beside them is the same for both.

mod answering;
mod clock;
mod closing;
mod config;
mod flow;
mod forwarded;
mod head;
#[cfg(feature = "http1")]
mod http1;
#[cfg(feature = "http2")]
mod http2;
mod ledger;
mod patience;
mod reply;
mod socket;
mod trace;
mod upload;

pub use config::ConnectionConfig;
#[cfg(feature = "tls-core")]
pub(crate) use config::Settings;
pub use forwarded::ForwardedBy;
#[cfg(feature = "tls-core")]
pub(crate) use socket::CORK;

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
#[cfg(feature = "tls-core")]
use wharf_http::service::Rejected;
use wharf_http::{Connection, Service};

use self::flow::Flow;
use crate::stats::ConnectionStats;

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

/// Which protocol a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// Find out from the first bytes: HTTP/2 for clients that know that it is spoken here (RFC 9113 §3.3) and where
    /// [`Http2Config::prior_knowledge`](crate::Http2Config::prior_knowledge) allows it, else HTTP/1.
    #[default]
    Detect,
    /// HTTP/1.1 and HTTP/1.0.
    #[cfg(feature = "http1")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http1")))]
    Http1,
    /// HTTP/2, as agreed on by ALPN.
    #[cfg(feature = "http2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    Http2,
}

/// Serves one connection until it ends, with all limits of `config`.
///
/// The protocol is found out from the first bytes; [`serve_connection_as`] is told it.
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
/// # HTTP/2
///
/// A service sees what it sees with HTTP/1: path and query as the target, the authority in `Host`, cookies in one line. Each
/// request is a task of its own; a panic, a body that fails and a client that takes too little of an answer end that request
/// alone. Shutdown sends `GOAWAY` at once; the connection ends when the last stream has, and at most a second after it was
/// told to a client that does not answer. `Expect: 100-continue` is not answered with 100, which hyper cannot send here: a
/// client that waits for it goes on after a time of its own (RFC 9110 §10.1.1).
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
    serve_detected(io, connection, config).await
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
    // Who writes plain text is answered in it, where it is spoken.
    #[cfg(feature = "http1")]
    return http1::reject(Arrived::new(io, config), rejected, config).await;
    #[cfg(not(feature = "http1"))]
    {
        drop((io, rejected, config));
        ConnectionEnd::Finished
    }
}

/// Serves one connection like [`serve_connection`], with the protocol that both ends have agreed on, such as by the ALPN
/// extension of TLS.
///
/// # Panics
///
/// Panics when called outside a tokio runtime with timers.
///
/// # Cancel safety
///
/// Dropping the future cuts the connection. A request that was running is logged, its client gets no answer.
pub async fn serve_connection_as<S, IO>(
    io: IO,
    connection: Connection,
    config: ConnectionConfig<S>,
    protocol: Protocol,
) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match protocol {
        Protocol::Detect => serve_detected(io, connection, config).await,
        #[cfg(feature = "http1")]
        Protocol::Http1 => {
            let arrived = Arrived::new(io, &config);
            http1::serve(arrived, connection, config, false).await
        }
        #[cfg(feature = "http2")]
        Protocol::Http2 => {
            let arrived = Arrived::new(io, &config);
            Box::pin(http2::serve(arrived, connection, config)).await
        }
    }
}

/// Serves one connection like [`serve_connection`].
///
/// Sets it up at once and not when it is first polled: arguments that wait for that keep their place in memory for good.
pub(crate) fn serve_detected<S, IO>(
    io: IO,
    connection: Connection,
    config: ConnectionConfig<S>,
) -> impl Future<Output = ConnectionEnd> + Send + 'static
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let arrived = Arrived::new(io, &config);
    #[cfg(feature = "http1")]
    return http1::serve(arrived, connection, config, true);
    #[cfg(not(feature = "http1"))]
    http2::serve(arrived, connection, config)
}

/// A connection whose protocol is known.
struct Arrived<IO> {
    io: IO,
    /// What was read already.
    #[cfg_attr(
        not(feature = "http2"),
        expect(dead_code, reason = "nothing is read before HTTP/1")
    )]
    read: Bytes,
    opened: Instant,
    stats: Arc<ConnectionStats>,
}

impl<IO> Arrived<IO> {
    fn new<S: Service>(io: IO, config: &ConnectionConfig<S>) -> Self {
        Self {
            io,
            read: Bytes::new(),
            opened: Instant::now(),
            stats: Arc::new(config.settings().stats.connection()),
        }
    }

    fn flow(&self) -> Flow {
        Flow::new(self.opened)
    }
}

#[cfg(test)]
mod tests;
