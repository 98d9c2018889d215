//! A service that was started for a test, and the ways that lead to it.

mod hosted;
mod listening;

pub(crate) use hosted::Hosted;
pub(crate) use listening::{Listening, Place, Site};

use std::net::SocketAddr;
use std::sync::Arc;

use http::uri::Scheme;
use tokio::io::{AsyncRead, AsyncWrite};
use wharf_client::connect::Stream;
use wharf_http::connection::PeerCertificate;
use wharf_http::error::ErrorLog;
use wharf_http::{BoxError, BoxFuture, Request, Response, Serve};
use wharf_server::{AccessLog, Http1Config, Limits, Report, Timeouts};

use crate::journal::Journal;
use crate::mode::Mode;
use crate::observed::{Observed, Watch};

/// A stream of bytes in both directions.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A running service, whatever its type and wherever it is reached.
pub(crate) trait Host: Send + Sync {
    /// Opens a connection on which a test reads and writes; an error when the service was stopped.
    fn connect(&self) -> Result<Box<dyn Io>, BoxError>;

    /// Opens a connection for the client, which adds the TLS itself.
    fn open(&self) -> BoxFuture<'_, Result<Stream, BoxError>>;

    /// Has a request answered without a connection.
    fn call(self: Arc<Self>, request: Request) -> BoxFuture<'static, Result<Response, BoxError>>;

    /// Stops the service: lets requests finish, then cleans up. Stopping again does nothing.
    fn shutdown(self: Arc<Self>) -> BoxFuture<'static, Result<Report, BoxError>>;
}

/// How a service is run.
#[derive(Debug)]
pub(crate) struct HostConfig {
    pub(crate) mode: Mode,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) certificate: Option<PeerCertificate>,
    pub(crate) errors_to_stderr: bool,
    pub(crate) timeouts: Timeouts,
    pub(crate) limits: Limits,
    pub(crate) http1: Http1Config,
    #[cfg(feature = "http2")]
    pub(crate) http2: wharf_server::Http2Config,
    /// HTTP/2 is what the client speaks.
    pub(crate) only_http2: bool,
    pub(crate) access_log: AccessLog,
    /// Who signs the certificate of the server.
    #[cfg(feature = "tls")]
    pub(crate) authority: Option<crate::tls::Authority>,
    #[cfg(feature = "tracing")]
    pub(crate) events: bool,
}

impl HostConfig {
    pub(crate) fn new() -> Self {
        Self {
            mode: Mode::default(),
            peer: None,
            scheme: None,
            certificate: None,
            errors_to_stderr: true,
            timeouts: Timeouts::new(),
            limits: Limits::new(),
            http1: Http1Config::new(),
            #[cfg(feature = "http2")]
            http2: wharf_server::Http2Config::new(),
            only_http2: false,
            access_log: AccessLog::new(),
            #[cfg(feature = "tls")]
            authority: None,
            #[cfg(feature = "tracing")]
            events: false,
        }
    }

    /// Starts `app` where the mode has it.
    pub(crate) async fn start<S: Serve>(
        self,
        app: S,
        journal: &Journal,
    ) -> Result<Arc<dyn Host>, BoxError> {
        let sockets = !Mode::WITHOUT_SOCKETS.contains(&self.mode);
        let client = match (self.peer, &self.scheme) {
            (None, None) => None,
            (peer, scheme) => Some((
                peer.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
                scheme.clone().unwrap_or(self.mode.scheme()),
            )),
        };
        let watch = Watch {
            journal: journal.clone(),
            client: client.filter(|_| sockets),
            #[cfg(feature = "tracing")]
            events: self.events,
        };
        let app = Observed::new(app, watch);
        Ok(match sockets {
            true => Arc::new(Listening::start(app, self, journal).await?),
            false => Arc::new(Hosted::start(app, self, journal).await?),
        })
    }

    fn error_log(&self, journal: &Journal) -> ErrorLog {
        journal.errors(ErrorLog::new().stderr(self.errors_to_stderr))
    }
}

impl Mode {
    /// Returns the scheme of URLs that lead to the service.
    pub(crate) fn scheme(self) -> Scheme {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls => Scheme::HTTPS,
            _ => Scheme::HTTP,
        }
    }
}
