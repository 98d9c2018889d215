//! One connection, through hyper.

mod alarm;
mod driver;
#[cfg(feature = "http2")]
mod http2;
mod progress;
#[cfg(all(feature = "http2", feature = "ws"))]
mod switching;
mod upload;
mod watched;

pub(crate) use alarm::Alarm;
pub(crate) use driver::Driver;
pub(crate) use progress::UploadReport;
pub(crate) use upload::{Continue, Upload};

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
#[cfg(feature = "http2")]
use std::sync::atomic::Ordering;
use std::task::{Poll, ready};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1};
use hyper_util::rt::TokioIo;
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use wharf_http::{Body, BoxFuture, Request};

#[cfg(feature = "http2")]
use self::http2::Verdict;
use self::progress::Progress;
use self::watched::Watched;
use crate::config::Http1Config;
use crate::connect::{Probe, Stream};
use crate::timeout::Phase;
use crate::{Error, ErrorKind};

/// A connection: to one request after the other, or with HTTP/2, to several at once.
pub(crate) struct Conn {
    sender: Sender,
    progress: Arc<Progress>,
    about: Arc<About>,
    alarm: Alarm,
}

enum Sender {
    Http1(http1::SendRequest<Body>, AbortHandle),
    #[cfg(feature = "http2")]
    Http2(hyper::client::conn::http2::SendRequest<Body>),
}

/// What stays the same as long as a connection lives.
struct About {
    probe: Option<Probe>,
    peer: Option<SocketAddr>,
    opened: Instant,
    #[cfg(feature = "tls-core")]
    tls: std::sync::OnceLock<crate::tls::TlsInfo>,
    /// How many requests the peer lets share it.
    #[cfg(feature = "http2")]
    max_streams: std::sync::atomic::AtomicUsize,
    /// Who is told that this has grown, or that the connection takes no more requests.
    #[cfg(feature = "http2")]
    changed: std::sync::OnceLock<Box<dyn Fn() + Send + Sync>>,
    /// What is known of whether the peer goes on in other protocols on its streams.
    #[cfg(all(feature = "http2", feature = "ws"))]
    switching: switching::Switching,
    /// The runtime that drives it. Another one cannot rely on it: it may stand still.
    runtime: Id,
}

/// Waits for the head of a response.
pub(crate) type Responding<'a> = BoxFuture<'a, Result<http::Response<Incoming>, Box<Failure>>>;

/// A request that got no response.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The request itself, when nothing of it was written.
    pub(crate) unsent: Option<Request>,
    /// Whether the connection has ended, or takes no more requests.
    pub(crate) ended: bool,
    /// Whether it did so without a single byte of the response.
    pub(crate) silent: bool,
    /// Whether no byte of the request was written.
    pub(crate) untouched: bool,
    /// Whether the peer says itself that it has not begun with the request.
    pub(crate) refused: bool,
    /// Whether nothing at all came in while the time ran out, so that the connection itself is in doubt.
    pub(crate) dead: bool,
}

impl Failure {
    /// A request that was not even handed to the connection.
    pub(crate) fn of(error: Error) -> Self {
        Self {
            error,
            unsent: None,
            ended: false,
            silent: false,
            untouched: false,
            refused: false,
            dead: false,
        }
    }
}

impl Conn {
    /// Speaks HTTP/1 over a stream; a task of the current runtime drives the connection.
    pub(crate) async fn http1(
        stream: Stream,
        config: &Http1Config,
        driver: &Driver,
    ) -> Result<Self, hyper::Error> {
        let (progress, about, io) = prepare(stream);
        let mut builder = http1::Builder::new();
        builder
            .allow_spaces_after_header_name_in_responses(!config.strict)
            .allow_obsolete_multiline_headers_in_responses(!config.strict)
            .ignore_invalid_headers_in_responses(!config.strict)
            .title_case_headers(config.title_case)
            .max_buf_size(config.max_head);
        if let Some(count) = config.max_headers {
            builder.max_headers(count);
        }
        let (sender, connection) = builder.handshake(io).await?;
        // Its error reaches whoever waits for a response or reads a body.
        let task = driver.spawn(connection.with_upgrades());
        Ok(Self {
            sender: Sender::Http1(sender, task),
            progress,
            about,
            alarm: Alarm::default(),
        })
    }

    /// Tells whether it is shared by the requests of one host.
    pub(crate) fn is_shared(&self) -> bool {
        match &self.sender {
            Sender::Http1(..) => false,
            #[cfg(feature = "http2")]
            Sender::Http2(_) => true,
        }
    }

    /// Makes another handle of a shared connection; `None` when it serves one request at a time.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(..) => None,
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                progress: Arc::clone(&self.progress),
                about: Arc::clone(&self.about),
                alarm: Alarm::default(),
            }),
        }
    }

    /// Returns how many requests the peer lets share the connection.
    pub(crate) fn max_streams(&self) -> usize {
        match &self.sender {
            Sender::Http1(..) => 1,
            #[cfg(feature = "http2")]
            Sender::Http2(_) => self.about.max_streams.load(Ordering::Relaxed),
        }
    }

    /// Tells whether a request can be sent now, as far as is known on this side.
    pub(crate) fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender, _) => sender.is_ready(),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    /// Tells whether the connection has ended, or takes no more requests.
    pub(crate) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender, _) => sender.is_closed(),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Waits until a request can be sent; `false` when the connection ended instead.
    pub(crate) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender, _) => sender.ready().await.is_ok(),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Tells whether the connection can be used again: ready, and nothing came in that nobody asked for, such as the end.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_ready() && self.about.probe.as_ref().is_none_or(|is_quiet| is_quiet())
    }

    /// Tells whether the runtime that this is called on drives the connection.
    pub(crate) fn is_driven_here(&self, runtime: Option<Id>) -> bool {
        runtime == Some(self.about.runtime)
    }

    /// Tells whether the last request body still waits to be asked for, so that nothing else can follow.
    pub(crate) fn is_held_back(&self) -> bool {
        self.progress.is_held_back()
    }

    /// Closes the connection at once, unless others share it. Dropping it lets hyper first send what is left of the request.
    pub(crate) fn abort(self) {
        match &self.sender {
            Sender::Http1(_, task) => task.abort(),
            #[cfg(feature = "http2")]
            Sender::Http2(_) => {}
        }
    }

    pub(crate) fn peer_addr(&self) -> Option<SocketAddr> {
        self.about.peer
    }

    /// Notes what TLS has come to.
    #[cfg(feature = "tls-core")]
    pub(crate) fn secured(self, info: crate::tls::TlsInfo) -> Self {
        let _first = self.about.tls.set(info);
        self
    }

    /// Returns what TLS has come to, where it is spoken.
    #[cfg(feature = "tls-core")]
    pub(crate) fn tls(&self) -> Option<&crate::tls::TlsInfo> {
        self.about.tls.get()
    }

    pub(crate) fn opened(&self) -> Instant {
        self.about.opened
    }

    /// Returns the timer for whoever uses the connection.
    pub(crate) fn alarm(&mut self) -> &mut Alarm {
        &mut self.alarm
    }

    /// Sends a request and waits for the response head. Its body is to be an [`Upload`] where anybody looks on.
    pub(crate) fn exchange(
        &mut self,
        request: Request,
        upload: Option<Upload>,
        limit: Option<Duration>,
    ) -> Responding<'_> {
        // Requests that share a connection move each on their own.
        let progress = match self.is_shared() {
            true => Arc::new(Progress::new()),
            false => Arc::clone(&self.progress),
        };
        progress.hold_back(false);
        progress.start(upload.as_ref().and_then(Upload::report));
        let shared = self.is_shared();
        let request = match upload {
            None if request.body().as_bytes().is_some() => request,
            upload => {
                let upload = upload.unwrap_or_default();
                request.map(|body| Body::new(upload.of(body, &progress, shared)))
            }
        };
        self.transmit(request, progress, limit)
    }

    fn transmit(
        &mut self,
        request: Request,
        progress: Arc<Progress>,
        limit: Option<Duration>,
    ) -> Responding<'_> {
        // A block, since a function would have a second place for the request; and a box of its own, which is cheaper than one large
        // box around it and what it is part of.
        Box::pin(async move {
            let read_before = self.progress.bytes_read();
            let written_before = self.progress.bytes_written();
            let alarm = &mut self.alarm;
            let result = match &mut self.sender {
                Sender::Http1(sender, _) => {
                    let response = pin!(sender.try_send_request(request));
                    in_time(response, alarm, &progress, limit).await
                }
                #[cfg(feature = "http2")]
                Sender::Http2(sender) => {
                    let response = pin!(sender.try_send_request(request));
                    in_time(response, alarm, &progress, limit).await
                }
            };
            let nothing_read = self.progress.bytes_read() == read_before;
            match result {
                Some(Ok(response)) => Ok(response),
                None => Err(Box::new(Failure {
                    dead: nothing_read,
                    ..Failure::of(Error::timeout(Phase::ResponseHead, limit))
                })),
                Some(Err(mut failed)) => {
                    let unsent = failed.take_message();
                    let error = failed.into_error();
                    let nothing_written = self.progress.bytes_written() == written_before;
                    let mut failure = judged(error, nothing_read || self.is_shared());
                    failure.untouched = failure.ended && (nothing_written || unsent.is_some());
                    failure.unsent = unsent;
                    Err(Box::new(failure))
                }
            }
        })
    }
}

/// Finds out what an error says of the request; `silent` when nothing of a response has come.
fn judged(error: hyper::Error, silent: bool) -> Failure {
    let kind = kind_of(&error);
    let lost = kind == ErrorKind::Disconnected;
    #[cfg(feature = "http2")]
    if let Some(verdict) = http2::verdict(&error) {
        let kind = match verdict {
            Verdict::Malformed => ErrorKind::Malformed,
            _ => kind,
        };
        return Failure {
            ended: verdict == Verdict::GoneAway,
            refused: matches!(verdict, Verdict::GoneAway | Verdict::Refused),
            ..Failure::of(named(kind, error))
        };
    }
    Failure {
        ended: lost,
        silent: lost && silent,
        ..Failure::of(named(kind, error))
    }
}

fn prepare(mut stream: Stream) -> (Arc<Progress>, Arc<About>, TokioIo<Watched>) {
    let progress = Arc::new(Progress::new());
    let about = About {
        probe: stream.take_probe(),
        peer: stream.peer_addr(),
        opened: Instant::now(),
        #[cfg(feature = "tls-core")]
        tls: std::sync::OnceLock::new(),
        #[cfg(feature = "http2")]
        max_streams: usize::MAX.into(),
        #[cfg(feature = "http2")]
        changed: std::sync::OnceLock::new(),
        #[cfg(all(feature = "http2", feature = "ws"))]
        switching: switching::Switching::default(),
        runtime: Handle::current().id(),
    };
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&progress)));
    (progress, Arc::new(about), io)
}

type Sent = Result<http::Response<Incoming>, TrySendError<Request>>;

/// Waits for a response head; `None` when the peer had its turn for too long.
async fn in_time(
    mut response: Pin<&mut impl Future<Output = Sent>>,
    alarm: &mut Alarm,
    progress: &Progress,
    limit: Option<Duration>,
) -> Option<Sent> {
    let mut due = None;
    poll_fn(|cx| {
        if let Poll::Ready(result) = response.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        // A limit too far away to be a point in time is none.
        let moved = || limit.and_then(|limit| progress.last().checked_add(limit));
        while let Some(at) = due.or_else(moved) {
            due = Some(at);
            ready!(alarm.poll(at, cx));
            // Whatever was sent meanwhile has moved the time from which the limit counts.
            if moved().is_some_and(|at| at <= Instant::now()) {
                return Poll::Ready(None);
            }
            due = None;
        }
        Poll::Pending
    })
    .await
}

fn named(kind: ErrorKind, error: hyper::Error) -> Error {
    #[cfg(feature = "tls-core")]
    if let Some(refusal) = crate::tls::refusal(&error) {
        return refusal;
    }
    Error::new(kind).because(error)
}

fn kind_of(error: &hyper::Error) -> ErrorKind {
    if error.is_parse() || broken(error) {
        ErrorKind::Malformed
    } else if error.is_body_write_aborted() {
        ErrorKind::RequestBody
    } else if error.is_user() {
        // Tells what of the request is to blame when hyper blames the request.
        match std::error::Error::source(error) {
            Some(source) if source.is::<wharf_http::body::Error>() => ErrorKind::RequestBody,
            _ => ErrorKind::Request,
        }
    } else {
        ErrorKind::Disconnected
    }
}

/// Tells whether the peer broke the rules of HTTP/2.
fn broken(error: &hyper::Error) -> bool {
    #[cfg(feature = "http2")]
    return http2::broken(error);
    #[cfg(not(feature = "http2"))]
    {
        let _no_rule_can_be = error;
        false
    }
}
