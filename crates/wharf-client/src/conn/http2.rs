//! HTTP/2 through hyper.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::client::conn::http2;
use hyper_util::rt::TokioTimer;

use super::{Conn, Driver, Sender, prepare};
use crate::config::Http2Config;
use crate::connect::Stream;

impl Conn {
    /// Speaks HTTP/2 over a stream; tasks of the current runtime drive the connection.
    pub(crate) async fn http2(
        stream: Stream,
        config: &Http2Config,
        driver: &Driver,
    ) -> Result<Self, hyper::Error> {
        let (progress, about, io) = prepare(stream);
        let mut builder = http2::Builder::new(driver.clone());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(config.header_list)
            .keep_alive_interval(config.ping)
            .keep_alive_timeout(config.ping_timeout)
            .keep_alive_while_idle(false);
        if let Some(bytes) = config.stream_window {
            builder.initial_stream_window_size(bytes);
        }
        if let Some(bytes) = config.connection_window {
            builder.initial_connection_window_size(bytes);
        }
        let (sender, connection) = builder.handshake(io).await?;
        let known = Arc::clone(&about);
        let mut connection = Box::pin(connection);
        let _goes_on_by_itself = driver.spawn(poll_fn(move |cx| {
            let ended = connection.as_mut().poll(cx);
            let allowed = connection.current_max_send_streams();
            known.max_streams.store(allowed, Ordering::Relaxed);
            ended
        }));
        Ok(Self {
            sender: Sender::Http2(sender),
            progress,
            about,
        })
    }
}

/// What an error says of the request that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The peer has not begun with it: its stream is above the last one that the peer goes on with, and nothing follows on the
    /// connection (RFC 9113 §6.8).
    GoneAway,
    /// The peer has not begun with it (RFC 9113 §8.7).
    Refused,
    /// The peer has ended it; the connection goes on.
    Reset,
    /// The response breaks the rules; the connection goes on.
    Malformed,
}

/// Finds out what an error says of its request; `None` when the connection is at its end.
pub(super) fn verdict(error: &hyper::Error) -> Option<Verdict> {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let error = causes.find_map(|cause| cause.downcast_ref::<h2::Error>())?;
    match error.reason() {
        _ if error.is_go_away() && error.is_remote() => Some(Verdict::GoneAway),
        Some(h2::Reason::REFUSED_STREAM) if error.is_reset() => Some(Verdict::Refused),
        Some(_) if error.is_reset() && error.is_remote() => Some(Verdict::Reset),
        Some(_) if error.is_reset() => Some(Verdict::Malformed),
        _ => None,
    }
}
