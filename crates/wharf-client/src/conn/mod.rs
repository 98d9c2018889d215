//! One connection, through hyper.

mod alarm;
mod driver;
mod failure;
#[cfg(feature = "http2")]
mod http2;
mod progress;
mod responding;
#[cfg(all(feature = "http2", feature = "ws"))]
mod switching;
mod upload;
mod watched;

pub(crate) use alarm::Alarm;
pub(crate) use driver::Driver;
pub(crate) use failure::Failure;
pub(crate) use progress::UploadReport;
pub(crate) use responding::Responding;
pub(crate) use upload::{Continue, Upload};

use std::net::SocketAddr;
use std::sync::Arc;
#[cfg(feature = "http2")]
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use wharf_http::{Body, BoxFuture, Request};

use self::progress::Progress;
use self::responding::{Sent, Traffic};
use self::watched::Watched;
use crate::config::Http1Config;
use crate::connect::{Probe, Stream};

/// How many bytes are read or written at once, at most; no less than what a head may have.
const BUFFER: usize = 512 << 10;

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
            .max_header_size(config.max_head)
            .max_buf_size(config.max_head.max(BUFFER));
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

    /// Tells whether nothing came in that nobody asked for, such as the end.
    pub(crate) fn is_quiet(&self) -> bool {
        let probe = self.about.probe.as_ref();
        probe.is_none_or(|is_quiet| is_quiet())
    }

    /// Returns the runtime that drives the connection.
    pub(crate) fn runtime(&self) -> Id {
        self.about.runtime
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

    /// Gives the connection a timer that is there already.
    pub(crate) fn with_alarm(mut self, alarm: Alarm) -> Self {
        self.alarm = alarm;
        self
    }

    /// Returns the timer for whoever uses the connection.
    pub(crate) fn alarm(&mut self) -> &mut Alarm {
        &mut self.alarm
    }

    /// Sends a request, at `now`, and waits for the response head. Its body is to be an [`Upload`] where anybody looks on.
    pub(crate) fn exchange(
        &mut self,
        request: Request,
        upload: Option<Upload>,
        limit: Option<Duration>,
        now: Instant,
    ) -> Responding<'_> {
        let shared = self.is_shared();
        // Requests that share a connection move each on their own.
        let progress = match shared {
            true => Arc::new(Progress::new()),
            false => Arc::clone(&self.progress),
        };
        progress.hold_back(false);
        progress.start(now, upload.as_ref().and_then(Upload::report));
        let request = match upload {
            None if request.body().as_bytes().is_some() => request,
            upload => {
                let upload = upload.unwrap_or_default();
                request.map(|body| Body::new(upload.of(body, &progress, shared)))
            }
        };
        let traffic = Traffic::of(&self.progress);
        // A box of its own, which is cheaper than a place in what it is part of.
        let sent: BoxFuture<'static, Sent> = match &mut self.sender {
            Sender::Http1(sender, _) => Box::pin(sender.try_send_request(request)),
            #[cfg(feature = "http2")]
            Sender::Http2(sender) => Box::pin(sender.try_send_request(request)),
        };
        Responding {
            sent,
            alarm: &mut self.alarm,
            traffic,
            connection: &self.progress,
            request: progress,
            shared,
            limit,
            // A limit too far away to be a point in time is none.
            due: limit.and_then(|limit| now.checked_add(limit)),
        }
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
