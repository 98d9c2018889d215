//! Middleware of a client: `async fn(Request, Next) -> Result<Response, Error>`, around each request that is sent.
//!
//! It runs once per hop of a redirect and once per attempt of a retry, so it sees every request that goes out, and may change
//! its URI, header fields and body. [`Next`] is `Clone`: running a copy first and the rest afterwards sends twice. Responses
//! are as they came: their coding is undone, and redirects are followed, outside of all middleware.

use std::fmt;

use wharf_http::{Body, Middleware, Request, Side};

use crate::Error;
pub use crate::send::Scope;

/// The client's side of a connection: a call gives a response, or an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum Sending {}

impl Side for Sending {
    type Output = Result<wharf_http::Response, Error>;
    type Scope = Scope;
}

/// The rest of the middleware, and the sending itself.
pub type Next = wharf_http::Next<Sending>;

/// A function as a middleware; made by [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F> {
    function: F,
}

/// Makes a middleware of an `async fn(Request, Next) -> Result<Response, Error>`.
///
/// # Examples
///
/// ```
/// use http::header::{HeaderName, HeaderValue};
/// use wharf_client::middleware::{Next, from_fn};
/// use wharf_client::{Client, Error};
/// use wharf_http::{Request, Response};
///
/// async fn marked(mut request: Request, next: Next) -> Result<Response, Error> {
///     let name = HeaderName::from_static("x-from");
///     request.headers_mut().insert(name, HeaderValue::from_static("harbour"));
///     next.run(request).await
/// }
///
/// let client = Client::builder().wrap(from_fn(marked)).build()?;
/// # Ok::<(), Error>(())
/// ```
pub fn from_fn<F, Fut>(function: F) -> FromFn<F>
where
    F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<wharf_http::Response, Error>> + Send,
{
    FromFn { function }
}

impl<F, Fut> Middleware<Sending> for FromFn<F>
where
    F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<wharf_http::Response, Error>> + Send,
{
    async fn handle(&self, request: Request, next: Next) -> Result<wharf_http::Response, Error> {
        (self.function)(request, next).await
    }
}

/// Copies a request, for middleware that may have to send it again; `None` when its body can be sent only once.
///
/// # Examples
///
/// ```
/// use http::StatusCode;
/// use wharf_client::Error;
/// use wharf_client::middleware::{Next, try_clone};
/// use wharf_http::{Request, Response};
///
/// /// Asks once more where a server says that it has lost its memory.
/// async fn twice(request: Request, next: Next) -> Result<Response, Error> {
///     let spare = try_clone(&request);
///     let response = next.clone().run(request).await?;
///     match spare {
///         Some(spare) if response.status() == StatusCode::CONFLICT => next.run(spare).await,
///         _ => Ok(response),
///     }
/// }
/// # let _ = wharf_client::middleware::from_fn(twice);
/// ```
#[must_use]
pub fn try_clone(request: &Request) -> Option<Request> {
    Some(with_body(request, request.body().try_clone()?))
}

/// Copies the head of a request.
pub(crate) fn with_body(head: &Request, body: Body) -> Request {
    let mut copy = Request::new(body);
    *copy.method_mut() = head.method().clone();
    *copy.uri_mut() = head.uri().clone();
    *copy.headers_mut() = head.headers().clone();
    *copy.version_mut() = head.version();
    *copy.extensions_mut() = head.extensions().clone();
    copy
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}
