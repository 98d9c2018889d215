//! One connection, through hyper.

mod wire;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use wharf_http::{Body, Request};

use self::wire::{Progress, Upload, Watched};
use crate::connect::{Probe, Stream};
use crate::timeout::Phase;
use crate::{Error, ErrorKind};

/// A connection that takes one request after the other.
pub(crate) struct Conn {
    sender: SendRequest<Body>,
    progress: Arc<Progress>,
    probe: Option<Probe>,
}

/// A request that got no response.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The request itself, when nothing of it was written.
    pub(crate) unsent: Option<Request>,
    /// Whether the connection ended without a single byte of the response.
    pub(crate) silent: bool,
}

impl Conn {
    /// Makes a connection of a stream; a task of the current runtime drives it.
    pub(crate) async fn open(mut stream: Stream) -> Result<Self, hyper::Error> {
        let probe = stream.take_probe();
        let progress = Arc::new(Progress::new());
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&progress)));
        let (sender, connection) = handshake(io).await?;
        // Its error reaches whoever waits for a response or reads a body.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self {
            sender,
            progress,
            probe,
        })
    }

    /// Tells whether a request can be sent now, as far as is known on this side.
    pub(crate) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Tells whether the connection has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Waits until a request can be sent; `false` when the connection ended instead.
    pub(crate) async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Tells whether the connection can be used again: ready, and nothing came in that nobody asked for, such as the end.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_ready() && self.probe.as_ref().is_none_or(|is_quiet| is_quiet())
    }

    /// Sends a request and waits for the response head.
    pub(crate) async fn exchange(
        &mut self,
        mut request: Request,
        limit: Option<Duration>,
    ) -> Result<http::Response<Incoming>, Failure> {
        if request.body().as_bytes().is_none() {
            let progress = Arc::clone(&self.progress);
            request = request.map(|body| Body::new(Upload::new(body, progress)));
        }
        self.progress.start();
        let read_before = self.progress.bytes_read();
        let mut response = pin!(self.sender.try_send_request(request));
        let result = loop {
            // A limit too far away to be a point in time is none.
            let Some(due) = limit.and_then(|limit| self.progress.last().checked_add(limit)) else {
                break response.await;
            };
            if let Ok(result) = timeout_at(due, response.as_mut()).await {
                break result;
            }
            // Whatever was sent meanwhile has moved the time from which the limit counts.
            let moved = |limit| self.progress.last() + limit > Instant::now();
            if !limit.is_some_and(moved) {
                return Err(Failure {
                    error: Error::timeout(Phase::ResponseHead, limit),
                    unsent: None,
                    silent: false,
                });
            }
        };
        result.map_err(|mut failed| {
            let unsent = failed.take_message();
            let error = failed.into_error();
            let kind = if error.is_parse() {
                ErrorKind::Malformed
            } else if error.is_body_write_aborted() {
                ErrorKind::RequestBody
            } else if error.is_user() {
                user_error(&error)
            } else {
                ErrorKind::Disconnected
            };
            Failure {
                silent: kind == ErrorKind::Disconnected
                    && self.progress.bytes_read() == read_before,
                error: Error::new(kind).because(error),
                unsent,
            }
        })
    }
}

/// Tells what of the request is to blame when hyper blames the request.
fn user_error(error: &hyper::Error) -> ErrorKind {
    match std::error::Error::source(error) {
        Some(source) if source.is::<wharf_http::body::Error>() => ErrorKind::RequestBody,
        _ => ErrorKind::Request,
    }
}
