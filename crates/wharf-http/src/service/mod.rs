//! One request in, one response out; and what a server does before the first and after the last.

use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::task::{self, Poll};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};

use crate::error::ErrorLog;
use crate::{BoxError, Connection, Context, Request, Response};

mod future;

pub use future::{AnyFuture, Finish};

/// Answers requests. Called from many tasks at once.
///
/// A service cannot fail: a failure is a response.
pub trait Service: Send + Sync + 'static {
    /// The answer to come. Dropping it cancels the work on the request.
    type Future: Future<Output = Response> + Send + 'static;

    /// Answers one request.
    ///
    /// `context` is the same for everything that happens on behalf of the request; clone it to keep it.
    fn call(&self, request: Request, context: &Context) -> Self::Future;

    /// Answers one request as [`call`](Self::call) does, for a server that has forgotten the type of the service.
    ///
    /// The default puts the future into a box; a service that has it in one already hands that on.
    fn call_any(&self, request: Request, context: &Context) -> AnyFuture {
        AnyFuture::new(Box::pin(self.call(request, context)))
    }

    /// Answers a request that parsed but breaks a rule of HTTP, such as one without a `Host`.
    ///
    /// An application sends it through its middleware. The default answers with the status and one line of text.
    fn refuse(
        &self,
        request: Request,
        refusal: Refusal,
        context: &Context,
    ) -> Answer<Self::Future> {
        let _ = (request, context);
        Answer::Now(Some(refusal.into_response()))
    }

    /// Answers bytes that never became a request: a malformed or oversized head, or one that came too slowly.
    ///
    /// The server closes the connection after it. The default answers with the status and one line of text.
    fn reject(&self, rejected: &Rejected) -> Response {
        plain(rejected.status(), rejected.reason())
    }

    /// Returns how many routes there are. They are numbered from 0, as [`Context::route_number`] has it. Default: none.
    fn route_count(&self) -> usize {
        0
    }

    /// Says in a few words which route has this number, such as `GET /ships/{id} (handler ships::show)`, for counters and
    /// for the report of a worker that is held up. Default: `None`, it is not known.
    fn describe_route(&self, number: u32) -> Option<String> {
        let _ = number;
        None
    }

    /// Tells whether the service is being debugged: servers then report what blocks a worker much earlier. Default: false.
    fn is_debug(&self) -> bool {
        false
    }

    /// Runs when the server begins to shut down: no new connections come in, and requests may still be running.
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// Runs once when the last request has ended.
    ///
    /// # Errors
    ///
    /// What could not be closed properly; the server reports it and exits with a failure.
    fn stop(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(Ok(()))
    }
}

/// Something that becomes a [`Service`] when a server starts.
pub trait Serve: Send + 'static {
    /// What answers the requests.
    type Service: Service;

    /// Finds out whether this can be started, before anything listens.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, in one error.
    fn check(&mut self) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(Ok(()))
    }

    /// Tells where errors are to go that no caller will see, such as the failure of a background task.
    ///
    /// Called before [`start`](Self::start). The default does nothing.
    fn log_errors(&mut self, log: ErrorLog) {
        let _ = log;
    }

    /// Starts it; the server binds its sockets when this has succeeded.
    ///
    /// # Errors
    ///
    /// Why it could not start. What had been started is stopped again before the error is returned.
    fn start(self) -> impl Future<Output = Result<Self::Service, BoxError>> + Send;
}

/// Makes a service of a function from request and context to a future response.
///
/// # Examples
///
/// ```
/// use wharf_http::{Body, Context, Request, Response, service::service_fn};
///
/// let service = service_fn(|_request: Request, _context: Context| async { Response::new(Body::from("hello")) });
/// # let _ = service;
/// ```
pub fn service_fn<F, Fut>(function: F) -> ServiceFn<F>
where
    F: Fn(Request, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    ServiceFn { function }
}

/// A service made by [`service_fn`].
#[derive(Clone, Copy)]
pub struct ServiceFn<F> {
    function: F,
}

impl<F> fmt::Debug for ServiceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceFn").finish_non_exhaustive()
    }
}

impl<F, Fut> Service for ServiceFn<F>
where
    F: Fn(Request, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    type Future = Fut;

    fn call(&self, request: Request, context: &Context) -> Fut {
        (self.function)(request, context.clone())
    }
}

impl<F, Fut> Serve for ServiceFn<F>
where
    F: Fn(Request, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    type Service = Self;

    async fn start(self) -> Result<Self, BoxError> {
        Ok(self)
    }
}

/// An answer that is there already, or one to wait for.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer<F> {
    /// The response; taken out when the answer is polled.
    Now(Option<Response>),
    /// The response to come.
    Later(F),
}

impl<F: Future<Output = Response> + Unpin> Future for Answer<F> {
    type Output = Response;

    /// # Panics
    ///
    /// Panics when polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        match self.get_mut() {
            Self::Now(response) => Poll::Ready(
                response
                    .take()
                    .expect("an answer is polled until it is ready, not after"),
            ),
            Self::Later(future) => Pin::new(future).poll(cx),
        }
    }
}

/// A rule of HTTP that a request breaks although it parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    reason: String,
}

impl Refusal {
    /// Creates a refusal with the status to answer and the reason, one line without a full stop.
    #[must_use]
    pub fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
        }
    }

    /// Returns the status to answer with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the rule that the request breaks.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Makes the plain answer of a service that has no error page of its own.
    #[must_use]
    pub fn into_response(self) -> Response {
        plain(self.status, &self.reason)
    }
}

/// Bytes that never became a request.
#[derive(Clone, Debug)]
pub struct Rejected {
    kind: RejectedKind,
    reason: String,
    head: Bytes,
    connection: Connection,
}

/// Why bytes never became a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectedKind {
    /// The head breaks the grammar of HTTP/1.1 (RFC 9112 §2.2): 400.
    Malformed,
    /// The head did not end in time: 408 (RFC 9110 §15.5.9).
    Timeout,
    /// The request target is too long: 414 (RFC 9110 §15.5.15).
    UriTooLong,
    /// The head has too many bytes or too many fields: 431 (RFC 6585 §5).
    HeadTooLarge,
    /// A TLS handshake came to a port that speaks plain HTTP: 400.
    TlsOnPlainPort,
    /// Plain HTTP came to a port that speaks TLS: 400.
    PlainOnTlsPort,
    /// The client speaks HTTP/2 and the listener does not: 505 (RFC 9110 §15.6.6).
    Version,
}

impl Rejected {
    /// Creates the account of a rejected head; `head` is as much of it as is still there.
    #[must_use]
    pub fn new(
        kind: RejectedKind,
        reason: impl Into<String>,
        head: Bytes,
        connection: Connection,
    ) -> Self {
        Self {
            kind,
            reason: reason.into(),
            head,
            connection,
        }
    }

    /// Returns why the bytes were rejected.
    #[must_use]
    pub fn kind(&self) -> RejectedKind {
        self.kind
    }

    /// Returns the status to answer with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            RejectedKind::Malformed
            | RejectedKind::TlsOnPlainPort
            | RejectedKind::PlainOnTlsPort => StatusCode::BAD_REQUEST,
            RejectedKind::Timeout => StatusCode::REQUEST_TIMEOUT,
            RejectedKind::UriTooLong => StatusCode::URI_TOO_LONG,
            RejectedKind::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            RejectedKind::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        }
    }

    /// Returns what is wrong, one line without a full stop.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the connection that the bytes came by.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the first line of the head when it is complete and printable, without its line end.
    #[must_use]
    pub fn request_line(&self) -> Option<&str> {
        let end = self.head.iter().position(|&byte| byte == b'\n')?;
        let line = self.head[..end]
            .strip_suffix(b"\r")
            .unwrap_or(&self.head[..end]);
        let line = std::str::from_utf8(line).ok()?;
        (!line.is_empty() && !line.contains(|c: char| c.is_control())).then_some(line)
    }
}

/// One line of text with its status.
fn plain(status: StatusCode, reason: &str) -> Response {
    let mut response = Response::new(format!("{status}: {reason}\n").into());
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(head: &'static [u8]) -> Rejected {
        Rejected::new(
            RejectedKind::Malformed,
            "no colon",
            Bytes::from_static(head),
            Connection::memory(),
        )
    }

    #[test]
    fn the_request_line_is_known_when_it_is_whole_and_printable() {
        assert_eq!(
            rejected(b"GET / HTTP/1.1\r\nHost a\r\n\r\n").request_line(),
            Some("GET / HTTP/1.1")
        );
        assert_eq!(rejected(b"GET / HT").request_line(), None);
        assert_eq!(rejected(b"\x16\x03\x01\n").request_line(), None);
    }
}
