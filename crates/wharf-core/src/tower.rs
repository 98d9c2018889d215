//! Tower: an app as a tower service, and tower layers as middleware.
//!
//! [`layer`] makes a middleware of any tower layer whose service is `Clone`, whatever error it fails with and whatever
//! body it answers with; no errors have to be mapped. [`Running`] is a tower service itself, for any body of bytes, so
//! that an app can be served by whatever serves those.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use ::tower::ServiceBuilder;
//! use wharf_core::{App, get, tower};
//!
//! let limits = ServiceBuilder::new().load_shed().concurrency_limit(100).timeout(Duration::from_secs(5));
//! let app = App::new().routes([get("/", async || "hello")]).wrap(tower::layer(limits));
//! assert!(app.check().is_ok());
//! ```
//!
//! An app under another server:
//!
//! ```
//! use tower_service::Service as _;
//! use wharf_core::{App, Body, get};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mut service = App::new().routes([get("/", async || "hello")]).start().await?;
//! let response = service.call(http::Request::new(Body::empty())).await?;
//! assert_eq!(response.status(), 200);
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

use std::any::type_name;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{self, Poll};

use ::tower::load_shed::error::Overloaded;
use ::tower::timeout::error::Elapsed;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use tower_service::Service;
use wharf_http::{Body, BoxError, BoxFuture, Connection, Context, Middleware, Request, Response};

use crate::app::{AppFuture, Running};
use crate::error::{ErrorKind, HttpError};
use crate::middleware::{Layer, Next, Served};
use crate::response::IntoResponse;

/// Makes a middleware of a tower layer.
///
/// The layered service is built once, when the app starts, and cloned for each request: a limit holds for all routes
/// that the middleware is wrapped around together, and for clones of it. For a limit of its own, give each its own
/// `tower::layer(..)`.
///
/// Should the service fail, the error goes to the error hook: as 503 when time was up (`tower`'s and `tokio`'s
/// `Elapsed`), as 503 with `Retry-After: 1` when load was shed (`Overloaded`), as the status of a body that could not be
/// read when that was the cause, and else as 500, logged with its chain.
pub fn layer<L, S, B>(layer: L) -> Layer
where
    L: tower_layer::Layer<Rest, Service = S> + Send + Sync + 'static,
    S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let layered = Layered {
        inner: Arc::new(Inner {
            layer,
            service: OnceLock::new(),
        }),
    };
    let inner = Arc::clone(&layered.inner);
    Layer::named(type_name::<L>(), layered).at_start(move || {
        inner.service();
    })
}

/// A tower layer as a middleware.
struct Layered<L, S> {
    inner: Arc<Inner<L, S>>,
}

struct Inner<L, S> {
    layer: L,
    service: OnceLock<S>,
}

impl<L: tower_layer::Layer<Rest, Service = S>, S> Inner<L, S> {
    fn service(&self) -> &S {
        self.service.get_or_init(|| self.layer.layer(Rest))
    }
}

impl<L, S, B> Middleware<Served> for Layered<L, S>
where
    L: tower_layer::Layer<Rest, Service = S> + Send + Sync + 'static,
    S: Service<Request, Response = http::Response<B>, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        request.extensions_mut().insert(Carried(next));
        let mut service = self.inner.service().clone();
        let ready = poll_fn(|cx| service.poll_ready(cx).map_err(Into::into));
        if let Err(error) = ready.await {
            return failure(error).into_response();
        }
        match service.call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => failure(error.into()).into_response(),
        }
    }
}

/// Carries the rest of the chain through the layers.
#[derive(Clone)]
struct Carried(Next);

/// What a tower layer is put around: the later middleware, and the handler.
///
/// It takes whatever body a layer makes of that of the request, and cannot fail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rest;

impl<B> Service<http::Request<B>> for Rest
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RestFuture;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<B>) -> RestFuture {
        let future: BoxFuture<'static, Response> = match request.extensions_mut().remove() {
            Some(Carried(next)) => Box::pin(next.run(request.map(Body::new))),
            None => {
                Box::pin(async {
                    HttpError::internal("the app is misconfigured")
                    .because("a tower layer made a new request without the extensions of the old one")
                    .into_response()
                })
            }
        };
        RestFuture { future }
    }
}

/// The answer of later middleware and the handler, to come.
pub struct RestFuture {
    future: BoxFuture<'static, Response>,
}

impl Future for RestFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        self.future.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for RestFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestFuture").finish_non_exhaustive()
    }
}

/// Makes an answer of what a tower service failed with.
fn failure(error: BoxError) -> HttpError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error.as_ref());
    while let Some(level) = cause {
        if level.is::<Elapsed>() || level.is::<tokio::time::error::Elapsed>() {
            return HttpError::unavailable("the answer was not ready in time")
                .kind(ErrorKind::Timeout);
        }
        if level.is::<Overloaded>() {
            return HttpError::unavailable("there is too much to do right now")
                .header(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        cause = level.source();
    }
    HttpError::caused_by(error)
}

/// Answers like [`Running::handle`], under a server that is not wharf's.
///
/// The request's extensions may carry a [`Context`] or a [`Connection`] to tell what is known of the peer. What
/// `wharf-server` refuses before an app sees it, such as a request without `Host`, is for that server to refuse.
impl<B> Service<http::Request<B>> for Running
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RunningFuture;

    fn poll_ready(&mut self, _cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> RunningFuture {
        let known = request.extensions();
        let context = known.get::<Context>().cloned().unwrap_or_else(|| {
            let connection = known.get::<Connection>().cloned();
            Context::new(connection.unwrap_or_else(Connection::memory))
        });
        RunningFuture {
            answer: wharf_http::Service::call(self, request.map(Body::new), &context),
        }
    }
}

/// The answer of an app, to come.
#[derive(Debug)]
pub struct RunningFuture {
    answer: AppFuture,
}

impl Future for RunningFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer).poll(cx).map(Ok)
    }
}
