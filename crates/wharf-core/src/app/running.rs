//! An app that has been started: it answers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header;
use http::{Method, StatusCode};
use wharf_http::service::{Answer, AnyFuture, Refusal, Rejected};
use wharf_http::{
    BoxError, BoxFuture, Chain, Connection, Context, ErrorChain, Request, Response, Service, Signal,
};

use super::answer::AppFuture;
use super::{Place, RouteInfo};
use crate::error::{ErrorKind, HttpError};
use crate::extract::{Scope, Unrouted};
use crate::lifecycle::{Entered, StopError, join};
use crate::middleware::Served;
use crate::name::Urls;
use crate::routing::{Lookup, Mounts, Params, Router};

/// An app that has been started: it answers requests until it is stopped. Cheap to clone.
///
/// Made by [`App::start`](super::App::start); a server makes it from the [`App`](super::App) by itself.
#[derive(Clone)]
pub struct Running {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) router: Router<Leaf>,
    pub(super) mounts: Mounts<usize>,
    /// What answers where no route does, one for each app of the tree.
    pub(super) unrouted: Vec<(Arc<Place>, Arc<Chain<Served>>)>,
    pub(super) routes: Vec<Arc<RouteInfo>>,
    pub(super) shutdown: Signal,
    pub(super) entered: Mutex<Option<Entered>>,
}

/// What a route comes to.
pub(super) struct Leaf {
    /// Its place among the routes.
    pub(super) number: u32,
    pub(super) chain: Arc<Chain<Served>>,
    /// What answers a browser that asks whether a page may use the route; `None` where it has no middleware of its own.
    pub(super) preflight: Option<Arc<Chain<Served>>>,
    pub(super) info: Arc<RouteInfo>,
    pub(super) place: Arc<Place>,
    /// How long the whole of it may take, where that is not the business of the chain's end.
    pub(super) limit: Option<Duration>,
}

impl Running {
    /// Lists the routes in the order of writing, those of mounted apps included.
    pub fn routes(&self) -> impl Iterator<Item = &RouteInfo> {
        self.inner.routes.iter().map(AsRef::as_ref)
    }

    /// Returns the builder of URLs from route names.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        self.inner.unrouted[0].0.mounted.urls()
    }

    /// Answers one request that came by no server, such as one made in a test.
    pub fn handle(&self, request: Request) -> AppFuture {
        self.call(request, &Context::new(Connection::memory()))
    }

    /// Runs the shutdown hooks: no new connections come in, and requests may still be running.
    pub async fn shutdown(&self) {
        self.inner.shutdown.fire();
        let (hooks, errors) = match self.lock().as_mut() {
            Some(entered) => (entered.take_shutdown(), entered.errors()),
            None => return,
        };
        for (name, hook) in hooks {
            // In a task of its own, so that a panic is a failure like others.
            if let Err(error) = join(tokio::spawn(hook)).await {
                let error = ErrorChain::new(error.as_ref());
                errors.report(format_args!("shutdown hook `{name}` failed: {error}"));
            }
        }
    }

    /// Cancels background tasks, runs the clean-up hooks, and leaves the resources, each last first.
    ///
    /// Stopping again does nothing.
    ///
    /// # Errors
    ///
    /// All that could not be cleared away; the rest was.
    pub async fn stop(&self) -> Result<(), StopError> {
        self.inner.shutdown.fire();
        let entered = self.lock().take();
        match entered {
            Some(entered) => entered.leave().await,
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Entered>> {
        self.inner
            .entered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request for a WebSocket over HTTP/2, which is routed like one over HTTP/1 (RFC 8441 §5).
    #[cfg(feature = "ws")]
    async fn tunnel(self, mut request: Request, context: Context) -> Response {
        *request.method_mut() = Method::GET;
        let response = self.route(request, &context).await;
        if !response.status().is_success() || crate::ws::is_accepted(&response) {
            return response;
        }
        // A success hands over the stream, which a handler that knows of no WebSocket does not mean.
        let place = Arc::clone(&self.inner.unrouted[0].0);
        let request = Request::default();
        let scope = Scope::new(place, Params::default(), context, &request);
        let mut response = scope.render(&crate::ws::not_spoken());
        scope.prepare(&mut response);
        response
    }

    /// Finds the route of a request, or what answers where there is none.
    fn route(&self, request: Request, context: &Context) -> AppFuture {
        let error = match self
            .inner
            .router
            .find(request.method(), request.uri().path())
        {
            Lookup::Found(found) => {
                let leaf = found.value;
                context.set_route(leaf.info.label());
                context.set_route_number(leaf.number);
                if let Some(rate) = leaf.info.min_rate {
                    context.set_min_rate(rate);
                }
                let scope = Scope::new(
                    Arc::clone(&leaf.place),
                    found.params,
                    context.clone(),
                    &request,
                );
                return AppFuture::limited(&leaf.chain, request, scope, leaf.limit);
            }
            Lookup::Redirect(path) => {
                return self.unrouted(request, context, Unrouted::Redirect(path));
            }
            Lookup::Options { allow } => {
                if let Some((leaf, params)) = self.asked_about(&request)
                    && let Some(chain) = &leaf.preflight
                {
                    let place = Arc::clone(&leaf.place);
                    let scope = Scope::new(place, params, context.clone(), &request);
                    scope.set_unrouted(Unrouted::Options(allow));
                    return AppFuture::new(chain, request, scope);
                }
                return self.unrouted(request, context, Unrouted::Options(allow));
            }
            Lookup::MethodNotAllowed { allow } => HttpError::new(StatusCode::METHOD_NOT_ALLOWED)
                .header(header::ALLOW, allow)
                .kind(ErrorKind::NoMethod),
            Lookup::NotFound => {
                match *request.method() == Method::OPTIONS && request.uri() == "*" {
                    // About the server as a whole (RFC 9110 §9.3.7).
                    true => return self.unrouted(request, context, Unrouted::Server),
                    false => HttpError::new(StatusCode::NOT_FOUND).kind(ErrorKind::NoRoute),
                }
            }
            Lookup::Bad(error) => HttpError::bad_request(format!("the path is malformed: {error}"))
                .kind(ErrorKind::Refused),
        };
        self.unrouted(request, context, Unrouted::Error(error))
    }

    /// Finds the route that a preflight request is about (Fetch, "CORS-preflight request"), whose middleware is to answer it.
    fn asked_about(&self, request: &Request) -> Option<(&Leaf, Params)> {
        let headers = request.headers();
        let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        match self.inner.router.find(&method, request.uri().path()) {
            Lookup::Found(found) => Some((found.value, found.params)),
            _ => None,
        }
    }

    /// Sends a request that no route serves through the middleware of the app whose prefix it has.
    fn unrouted(&self, request: Request, context: &Context, outcome: Unrouted) -> AppFuture {
        let owner = self
            .inner
            .mounts
            .owner(request.uri().path())
            .copied()
            .unwrap_or(0);
        let (place, chain) = &self.inner.unrouted[owner];
        let params = Params::default();
        let scope = Scope::new(Arc::clone(place), params, context.clone(), &request);
        scope.set_unrouted(outcome);
        AppFuture::new(chain, request, scope)
    }
}

impl Service for Running {
    type Future = AppFuture;

    fn call(&self, request: Request, context: &Context) -> AppFuture {
        #[cfg(feature = "ws")]
        if crate::ws::is_tunnel(&request) {
            return AppFuture::unhooked(self.clone().tunnel(request, context.clone()));
        }
        self.route(request, context)
    }

    fn call_any(&self, request: Request, context: &Context) -> AnyFuture {
        self.call(request, context).into_any()
    }

    fn refuse(&self, request: Request, refusal: Refusal, context: &Context) -> Answer<AppFuture> {
        let error = HttpError::refused(&refusal);
        Answer::Later(self.unrouted(request, context, Unrouted::Error(error)))
    }

    fn route_count(&self) -> usize {
        self.inner.routes.len()
    }

    fn describe_route(&self, number: u32) -> Option<String> {
        let info = self.inner.routes.get(usize::try_from(number).ok()?)?;
        let (verb, pattern, handler) = (info.verb(), info.pattern(), info.handler());
        Some(format!("{verb} {pattern} (handler {handler})"))
    }

    fn is_debug(&self) -> bool {
        let mut apps = self.inner.unrouted.iter();
        apps.any(|(place, _)| place.mounted.is_debug())
    }

    fn reject(&self, rejected: &Rejected) -> Response {
        let error = HttpError::rejected(rejected);
        let context = Context::new(rejected.connection().clone());
        let place = Arc::clone(&self.inner.unrouted[0].0);
        let scope = Scope::new(place, Params::default(), context, &Request::default());
        let mut response = scope.render(&error);
        scope.prepare(&mut response);
        response
    }

    // In boxes, so that what they do is compiled here and not with each program.

    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        let shutdown: BoxFuture<'_, ()> = Box::pin(Self::shutdown(self));
        shutdown
    }

    fn stop(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        let stop: BoxFuture<'_, _> = Box::pin(async { Ok(Self::stop(self).await?) });
        stop
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("routes", &self.inner.routes)
            .finish_non_exhaustive()
    }
}
