//! HTTP/2 through hyper.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

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
        let (known, read) = (Arc::clone(&about), Arc::clone(&progress));
        let mut connection = Some(Box::pin(connection));
        let _goes_on_by_itself = driver.spawn(poll_fn(move |cx| {
            // hyper looks at what the peer allows, and whether it goes away, with the next request only.
            read.watch(cx.waker());
            let Some(open) = &mut connection else {
                return Poll::Ready(());
            };
            let ended = open.as_mut().poll(cx).map(drop);
            let allowed = open.current_max_send_streams();
            #[cfg(feature = "ws")]
            if ended.is_ready() || read.bytes_read() > 0 {
                // The settings are the first that comes (RFC 9113 §3.4), and what came was taken in.
                known
                    .switching
                    .learn(open.is_extended_connect_protocol_enabled());
            }
            let before = known.max_streams.swap(allowed, Ordering::Relaxed);
            if ended.is_ready() {
                // Closed before it is told, so that nobody is sent there.
                connection = None;
            }
            if (ended.is_ready() || allowed > before)
                && let Some(changed) = known.changed.get()
            {
                changed();
            }
            ended
        }));
        Ok(Self {
            sender: Sender::Http2(sender),
            progress,
            about,
            alarm: super::Alarm::default(),
        })
    }

    /// Has `changed` called when the peer allows more requests, or takes no more.
    pub(crate) fn on_change(&self, changed: impl Fn() + Send + Sync + 'static) {
        let _only_the_first = self.about.changed.set(Box::new(changed));
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

/// Tells whether it is this side that ended the stream or the connection, since the peer broke the rules.
pub(super) fn broken(error: &hyper::Error) -> bool {
    std::iter::successors(error.source(), |&cause| cause.source())
        .filter_map(|cause| cause.downcast_ref())
        .any(h2::Error::is_library)
}
