//! Why a request could not be completed.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use url::Url;
use wharf_http::{BoxError, ErrorChain, body};

use crate::connect::Target;
use crate::timeout::{Phase, Reached};

/// Why a request could not be completed.
///
/// `{}` prints one line: what went wrong, with which host and port, and the root cause. `{:#}` prints the causes between
/// too. Neither contains a path, a query, a header or a body. As the line names the cause already,
/// [`source`](StdError::source) is `None`, so that no log prints it twice; [`cause`](Self::cause) gives it to code.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    peer: Option<Target>,
    limit: Option<Duration>,
    reused: bool,
    status: Option<StatusCode>,
    excerpt: Option<Bytes>,
    cause: Option<BoxError>,
}

/// What went wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting of the client has a value that makes no sense.
    Config,
    /// The URL is malformed, relative without a base, or of a scheme that the client does not speak.
    Url,
    /// The request cannot be sent as it is: a bad header, a value that cannot be encoded, a method out of place.
    Request,
    /// The name of the host could not be looked up, or has no address.
    Dns,
    /// The address of the host is one that the client may not connect to.
    AddressRefused,
    /// No connection could be opened.
    Connect,
    /// The proxy could not be used, or did not let the connection through; [`Error::status`] is what it answered.
    Proxy,
    /// TLS could not be agreed on.
    Tls,
    /// The certificate of the peer is not valid for the host, or not trusted.
    Certificate,
    /// A time limit was reached.
    Timeout(Phase),
    /// The request body failed while it was being sent.
    RequestBody,
    /// The connection ended before the response head was there.
    Disconnected,
    /// What came back is not HTTP, or breaks its rules.
    Malformed,
    /// The response body broke off, or breaks the rules of its framing.
    ResponseBody,
    /// The response body is larger than the reader allows.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The response body is not of the type that was asked for.
    Decode,
    /// A file that a response body was to be saved to could not be written.
    File,
    /// Redirects are too many, or one cannot be followed.
    Redirect,
    /// The request that this one was made [within](crate::RequestBuilder::within) has ended.
    Cancelled,
    /// The server did not go on in the protocol that it was asked for, such as WebSocket; [`Error::status`] is what it answered,
    /// and [`Error::body_excerpt`] how the body of that begins.
    Upgrade,
    /// The client was closed.
    Closed,
    /// A blocking client could not make the call: it has no thread for it, or code that it ran there has panicked.
    Blocking,
    /// The status is 400 or above, and [`Response::ok`](crate::Response::ok) was asked.
    Status(StatusCode),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                peer: None,
                limit: None,
                reused: false,
                status: None,
                excerpt: None,
                cause: None,
            }),
        }
    }

    /// A time limit that was reached.
    pub(crate) fn timeout(phase: Phase, limit: Option<Duration>) -> Self {
        let mut error = Self::new(ErrorKind::Timeout(phase));
        error.inner.limit = limit;
        error
    }

    /// What went wrong while a response body was read.
    pub(crate) fn body(error: body::Error) -> Self {
        let reached = StdError::source(&error).and_then(|cause| cause.downcast_ref::<Reached>());
        if let Some(&reached) = reached {
            return reached.into();
        }
        // One of these already, such as from a body that a blocking client reads.
        let own = StdError::source(&error).and_then(|cause| cause.downcast_ref::<Self>());
        if let Some(own) = own {
            let why = own.cause().map(|cause| ErrorChain::new(cause).to_string());
            let again = Self::new(own.kind());
            return why.into_iter().fold(again, Self::because);
        }
        match error.kind() {
            body::ErrorKind::TooLarge { limit } => Self::new(ErrorKind::TooLarge { limit }),
            _ => Self::new(ErrorKind::ResponseBody).because(error),
        }
    }

    pub(crate) fn at(mut self, peer: &Target) -> Self {
        self.inner.peer = Some(peer.clone());
        self
    }

    /// Names the host of a URL, where it has one.
    pub(crate) fn at_url(mut self, url: &Url) -> Self {
        let port = url.port_or_known_default();
        self.inner.peer = url
            .host_str()
            .zip(port)
            .map(|(host, port)| Target::new(host, port));
        self
    }

    pub(crate) fn because(mut self, cause: impl Into<BoxError>) -> Self {
        self.inner.cause = Some(cause.into());
        self
    }

    /// What a proxy answered in place of the origin server.
    #[cfg(any(test, feature = "proxy", feature = "sse", feature = "ws"))]
    pub(crate) fn answered(mut self, status: StatusCode) -> Self {
        self.inner.status = Some(status);
        self
    }

    pub(crate) fn reused(mut self, reused: bool) -> Self {
        self.inner.reused = reused;
        self
    }

    pub(crate) fn excerpt(mut self, excerpt: Bytes) -> Self {
        self.inner.excerpt = Some(excerpt);
        self
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Tells whether a time limit was reached.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.phase().is_some()
    }

    /// Returns the part of the request whose time limit was reached.
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        match self.inner.kind {
            ErrorKind::Timeout(phase) => Some(phase),
            _ => None,
        }
    }

    /// Tells whether no connection came about, so that the request was certainly not seen by the server.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(
            self.inner.kind,
            ErrorKind::Dns
                | ErrorKind::AddressRefused
                | ErrorKind::Connect
                | ErrorKind::Proxy
                | ErrorKind::Tls
                | ErrorKind::Certificate
                | ErrorKind::Timeout(Phase::PoolWait | Phase::Connect)
        )
    }

    /// Returns what brought the error about: the next of the chain whose last is the root cause.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.cause.as_ref().map(|cause| cause.as_ref() as _)
    }

    /// Returns the first cause of a type, such as the `std::io::Error` of a failed connect.
    #[must_use]
    pub fn find_cause<T: StdError + 'static>(&self) -> Option<&T> {
        std::iter::successors(self.cause(), |&cause| cause.source())
            .find_map(|cause| cause.downcast_ref())
    }

    /// Tells whether a kept connection was closed by the peer while the request was on its way (RFC 9112 §9.5).
    ///
    /// The peer may or may not have acted on the request; the client repeats it by itself where that is safe.
    #[must_use]
    pub fn is_reused_connection_closed(&self) -> bool {
        self.inner.reused && self.inner.kind == ErrorKind::Disconnected
    }

    /// Returns the status that [`Response::ok`](crate::Response::ok) did not accept, or that a proxy answered with.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self.inner.kind {
            ErrorKind::Status(status) => Some(status),
            _ => self.inner.status,
        }
    }

    /// Returns the start of the body that came with a status that was not accepted, at most 1 KiB.
    #[must_use]
    pub fn body_excerpt(&self) -> Option<&Bytes> {
        self.inner.excerpt.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inner.kind {
            ErrorKind::Config => f.write_str("invalid client setting")?,
            ErrorKind::Url => f.write_str("invalid URL")?,
            ErrorKind::Request => f.write_str("invalid request")?,
            ErrorKind::Dns => f.write_str("could not look up the host")?,
            ErrorKind::AddressRefused => f.write_str("the address is not allowed")?,
            ErrorKind::Connect => f.write_str("could not connect")?,
            ErrorKind::Proxy => match self.inner.status {
                Some(status) => write!(f, "the proxy answered with status {status}")?,
                None => f.write_str("could not connect through the proxy")?,
            },
            ErrorKind::Tls => f.write_str("could not agree on TLS")?,
            ErrorKind::Certificate => f.write_str("the certificate is not valid")?,
            ErrorKind::Timeout(phase) => match self.inner.limit {
                Some(limit) => write!(f, "timed out after {limit:?} while {phase}")?,
                None => write!(f, "timed out while {phase}")?,
            },
            ErrorKind::RequestBody => f.write_str("could not send the request body")?,
            ErrorKind::Disconnected => f.write_str("the connection ended before the response")?,
            ErrorKind::Malformed => f.write_str("the response is malformed")?,
            ErrorKind::ResponseBody => f.write_str("could not read the response body")?,
            ErrorKind::TooLarge { limit } => {
                write!(
                    f,
                    "the response body is larger than the limit of {limit} bytes"
                )?;
            }
            ErrorKind::Decode => f.write_str("could not decode the response body")?,
            ErrorKind::File => f.write_str("could not write the file")?,
            ErrorKind::Redirect => f.write_str("could not follow the redirect")?,
            ErrorKind::Cancelled => {
                f.write_str("the request that this one belongs to has ended")?;
            }
            ErrorKind::Upgrade => match self.inner.status {
                Some(status) => write!(f, "the server refused the WebSocket with status {status}")?,
                None => f.write_str("the WebSocket could not be opened")?,
            },
            ErrorKind::Closed => f.write_str("the client is closed")?,
            ErrorKind::Blocking => f.write_str("the blocking client could not make the call")?,
            ErrorKind::Status(status) => write!(f, "the response has status {status}")?,
        }
        if let Some(peer) = &self.inner.peer {
            write!(f, " ({peer})")?;
        }
        match self.cause() {
            None => Ok(()),
            Some(cause) if f.alternate() => write!(f, ": {}", ErrorChain::new(cause)),
            Some(cause) => {
                let causes = std::iter::successors(Some(cause), |&cause| cause.source());
                write!(f, ": {}", causes.last().unwrap_or(cause))
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("peer", &self.inner.peer)
            .field("cause", &self.inner.cause)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {}
