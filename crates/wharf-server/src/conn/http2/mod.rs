//! HTTP/2 through hyper (RFC 9113).
//!
//! ~~~text
//!  socket ◀──▶ Wire ◀──▶ hyper ──▶ Adapter ──▶ Service
//!                │         └──────▶ StreamTask            one for each request, watches its answer
//!              Table                   │                  which streams are open, and the windows
//!                └───────── Hub ───────┘
//!                            │
//!                          Driver
//! ~~~

mod driver;
mod exchange;
mod executor;
mod frames;
mod head;
mod hub;
mod open;
mod stream;
mod table;
mod wire;

#[cfg(feature = "http1")]
pub(super) use self::frames::PREFACE;

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use wharf_http::{Connection, Service};

use self::driver::{Driver, End};
use self::exchange::Adapter;
use self::executor::Executor;
use self::hub::Hub;
use self::wire::{Inner, Wire};
use super::closing::Closing;
use super::flow::Flow;
use super::{Arrived, ConnectionConfig, ConnectionEnd};

/// Serves a connection until it ends.
pub(super) async fn serve<S, IO>(
    arrived: Arrived<IO>,
    connection: Connection,
    config: ConnectionConfig<S>,
) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = config.settings();
    let flow = arrived.flow();
    let hub = Hub::new(Arc::clone(settings), connection, flow, arrived.stats);
    let hub = Arc::new(hub);
    let mut driver = {
        let wire = Wire::new(arrived.io, arrived.read, Arc::clone(&hub));
        let adapter = Adapter::new(Arc::clone(&config.service), Arc::clone(&hub));
        let hyper = settings
            .hyper2(Executor(Arc::clone(&hub)))
            .serve_connection(TokioIo::new(wire.handle()), adapter);
        Driver::new(hyper, wire, &hub)
    };
    let end = {
        let mut timer = pin!(driver.timer());
        let mut shutdown = pin!(hub.connection.shutdown().fired());
        let mut abort = pin!(settings.abort.fired());
        poll_fn(|cx| driver.poll(cx, timer.as_mut(), shutdown.as_mut(), abort.as_mut())).await
    };
    finish(end, driver, &hub).await
}

/// Deals with what is left when hyper has stopped.
async fn finish<S, IO>(end: End, driver: Driver<S, IO>, hub: &Hub) -> ConnectionEnd
where
    S: Service,
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let busy = hub.is_busy();
    let Some(mut inner) = driver.take_apart(end.outcome()).await else {
        return ConnectionEnd::Failed;
    };
    if matches!(end, End::Late | End::Leaving) {
        say_goodbye(&mut inner, &hub.flow);
    }
    // What the application speaks itself on a stream is no request any more, and cut short all the same.
    let answering = inner.table.is_answering();
    let closing = Closing {
        socket: inner.socket,
        flow: &hub.flow,
        connection: &hub.connection,
        settings: &hub.settings,
    };
    match end {
        End::Done if busy => ConnectionEnd::ClientLeft,
        End::Done => closing.close_politely(driver::FAREWELL).await,
        End::Leaving => closing.close(false).await,
        End::Late => {
            let closed = closing.close(false).await;
            if busy { ConnectionEnd::TooSlow } else { closed }
        }
        // It has been told what it did wrong, and is to have the time to read it.
        End::Broken(error) if is_fault_of_client(&error) => {
            let closed = closing.close(true).await;
            if busy {
                ConnectionEnd::ClientLeft
            } else {
                closed
            }
        }
        End::Broken(_) | End::Gone if busy => ConnectionEnd::ClientLeft,
        End::Broken(_) | End::Gone => ConnectionEnd::Finished,
        End::Panicked(message) => {
            hub.connection.report(format_args!(
                "the service panicked, the connection is cut: {message}"
            ));
            ConnectionEnd::Failed
        }
        End::Slow => ConnectionEnd::TooSlow,
        End::Cut if busy || answering => ConnectionEnd::Cut,
        End::Cut => ConnectionEnd::Finished,
    }
}

/// Tells the client which streams were dealt with, before the connection is closed (RFC 9113 §6.8).
fn say_goodbye<IO>(inner: &mut Inner<IO>, flow: &Flow)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let Some(last) = inner.table.last_stream() else {
        return;
    };
    let mut frame = [0; 17];
    (frame[2], frame[3]) = (8, frames::GOAWAY);
    frame[9..13].copy_from_slice(&last.to_be_bytes());
    inner.socket.append(&frame, flow);
}

/// Tells an error of the protocol from a connection that is gone.
fn is_fault_of_client(error: &hyper::Error) -> bool {
    let of_socket = std::error::Error::source(error).is_some_and(|source| source.is::<io::Error>());
    !of_socket && !error.is_timeout()
}

#[cfg(test)]
mod tests;
