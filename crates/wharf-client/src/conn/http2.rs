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
        driver.spawn(poll_fn(move |cx| {
            let ended = connection.as_mut().poll(cx);
            let allowed = connection.current_max_send_streams();
            known.max_streams.store(allowed, Ordering::Relaxed);
            ended
        }));
        Ok(Self {
            sender: Sender::Http2(sender),
            progress,
            about,
            alarm: super::Alarm::default(),
        })
    }
}

/// Tells whether the peer says that it has not begun with the request: the stream was refused, or is above the last one that
/// it goes on with (RFC 9113 §8.7, §6.8).
pub(super) fn refused(error: &hyper::Error) -> bool {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<h2::Error>())
        .any(|error| {
            error.is_go_away() && error.is_remote()
                || error.reason() == Some(h2::Reason::REFUSED_STREAM)
        })
}
