//! An app that has been started: it answers.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Poll};
use std::time::Duration;

use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use tokio::time::Instant;
use wharf_http::middleware::{Endpoint, SharedMiddleware};
use wharf_http::service::{Answer, Refusal, Rejected};
use wharf_http::{
    BoxError, BoxFuture, Chain, Connection, Context, ErrorChain, Request, Response, Service,
    Signal, Tasks,
};

use super::check::{self, Plan};
use super::{App, Mounted, RouteInfo};
use crate::check::CheckError;
use crate::error::{ErrorKind, HttpError};
use crate::extract::{Scope, Unrouted};
use crate::lifecycle::{Entered, Setup, StartError, StopError, join};
use crate::middleware::{Layer, Served};
use crate::name::Urls;
use crate::panic::Guarded;
use crate::response::problem;
use crate::route::OnDisconnect;
use crate::routing::{Lookup, Mounts, Params, Router, RouterBuilder};

pub(super) type SharedEndpoint = Arc<dyn Endpoint<Served>>;

/// An app that has been started: it answers requests until it is stopped. Cheap to clone.
///
/// Made by [`App::start`]; a server makes it from the [`App`] by itself.
#[derive(Clone)]
pub struct Running {
    inner: Arc<Inner>,
}

struct Inner {
    router: Router<Leaf>,
    mounts: Mounts<usize>,
    /// What answers where no route does, one for each app of the tree.
    unrouted: Vec<(Arc<Mounted>, Arc<Chain<Served>>)>,
    routes: Vec<Arc<RouteInfo>>,
    shutdown: Signal,
    entered: Mutex<Option<Entered>>,
}

/// What a route comes to.
struct Leaf {
    /// Its place among the routes.
    number: u32,
    chain: Arc<Chain<Served>>,
    /// What answers a browser that asks whether a page may use the route; `None` where it has no middleware of its own.
    preflight: Option<Arc<Chain<Served>>>,
    info: Arc<RouteInfo>,
    mounted: Arc<Mounted>,
}

/// Checks, enters, builds.
pub(super) async fn start(mut app: App) -> Result<Running, StartError> {
    let plan = check::check(&app)?;
    app.replace_resources();
    let shutdown = Signal::new();
    let mut setups: Vec<Setup> = Vec::new();
    for number in 0..app.mounts.len() {
        let overrides = app.overrides_of(number);
        let mount = &mut app.mounts[number];
        let parent = mount.parent.map(|parent| setups[parent].clone());
        let state = std::mem::take(&mut mount.state);
        setups.push(Setup::new(state, overrides, parent, shutdown.clone()));
    }
    let mut entered = Entered::new(app.errors.clone());
    let errors = app.errors.clone();
    match enter(&mut app, &setups, &mut entered).await {
        Ok(()) => Ok(build(app, plan, &setups, entered, shutdown)),
        Err(error) => {
            if let Err(error) = entered.leave().await {
                errors.report(error);
            }
            Err(error)
        }
    }
}

/// Enters resources, then runs start-up hooks, from the outermost app inwards; then makes sure that no state is missing.
async fn enter(app: &mut App, setups: &[Setup], entered: &mut Entered) -> Result<(), StartError> {
    for (mount, setup) in app.mounts.iter_mut().zip(setups) {
        for resource in std::mem::take(&mut mount.steps.resources) {
            entered.enter(resource, setup).await?;
        }
    }
    for (mount, setup) in app.mounts.iter_mut().zip(setups) {
        entered
            .start(std::mem::take(&mut mount.steps.startup), setup)
            .await?;
    }
    let mut problems = check::missing_state(app, |number, key| setups[number].sees(key));
    app.check_overrides(|number, key| setups[number].has(key), &mut problems);
    CheckError::from_problems(problems)?;
    // Only now: a start that fails leaves what was entered, and runs no plain hooks.
    for (mount, setup) in app.mounts.iter_mut().zip(setups) {
        entered.at_shutdown(std::mem::take(&mut mount.steps.shutdown), setup);
        entered.at_cleanup(std::mem::take(&mut mount.steps.cleanup), setup);
        entered.spawn(std::mem::take(&mut mount.steps.tasks), setup);
    }
    Ok(())
}

fn build(app: App, plan: Plan, setups: &[Setup], entered: Entered, shutdown: Signal) -> Running {
    let mounted: Vec<Arc<Mounted>> = setups
        .iter()
        .enumerate()
        .map(|(number, setup)| {
            Arc::new(Mounted {
                state: setup.snapshot(),
                urls: plan.urls.clone(),
                on_error: app.on_error_of(number),
                on_response: app.on_response_of(number),
                body_limit: app.body_limit_of(number),
                debug: app.debug_of(number),
            })
        })
        .collect();
    let of_apps = app.mounts.iter().flat_map(|mount| &mount.middleware);
    let of_routes = app.routes.iter().flat_map(|(_, route)| &route.middleware);
    of_apps.chain(of_routes).for_each(Layer::begin);
    let layers: Vec<Vec<SharedMiddleware<Served>>> = (0..app.mounts.len())
        .map(|number| app.layers(number).filter_map(Layer::middleware).collect())
        .collect();
    let unrouted = mounted
        .iter()
        .zip(&layers)
        .enumerate()
        .map(|(number, (mounted, layers))| {
            let end = UnroutedEndpoint {
                fallback: app.fallback_of(number),
                method_not_allowed: app.method_not_allowed_of(number),
            };
            (
                Arc::clone(mounted),
                Arc::new(Chain::new(layers.clone(), Box::new(end))),
            )
        })
        .collect();
    let mut builder = RouterBuilder::new();
    let mut routes = Vec::new();
    for (((mount, route), info), (pattern, options)) in
        app.routes.into_iter().zip(plan.routes).zip(&plan.patterns)
    {
        let mut middleware = layers[mount].clone();
        middleware.extend(route.middleware.iter().filter_map(Layer::middleware));
        let preflight = (middleware.len() > layers[mount].len()).then(|| {
            // OPTIONS has been matched already, and is no method that the path lacks.
            let end = UnroutedEndpoint {
                fallback: None,
                method_not_allowed: None,
            };
            Arc::new(Chain::new(middleware.clone(), Box::new(end)))
        });
        let finish = info.on_disconnect == OnDisconnect::Finish;
        let end = match (info.timeout, finish) {
            (None, false) => route.end,
            (timeout, finish) => Box::new(LimitedEndpoint {
                end: route.end,
                timeout,
                finish,
            }),
        };
        let info = Arc::new(info);
        routes.push(Arc::clone(&info));
        let leaf = Leaf {
            number: u32::try_from(routes.len() - 1).unwrap_or(u32::MAX),
            chain: Arc::new(Chain::new(middleware, end)),
            preflight,
            mounted: Arc::clone(&mounted[mount]),
            info: Arc::clone(&info),
        };
        builder.insert(pattern, info.verb.clone(), *options, leaf);
    }
    let router = builder
        .build()
        .unwrap_or_else(|_| unreachable!("the check found no conflicts"));
    Running {
        inner: Arc::new(Inner {
            router,
            mounts: Mounts::new(plan.prefixes),
            unrouted,
            routes,
            shutdown,
            entered: Mutex::new(Some(entered)),
        }),
    }
}

impl Running {
    /// Lists the routes in the order of writing, those of mounted apps included.
    pub fn routes(&self) -> impl Iterator<Item = &RouteInfo> {
        self.inner.routes.iter().map(AsRef::as_ref)
    }

    /// Returns the builder of URLs from route names.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        self.inner.unrouted[0].0.urls()
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
        let mounted = Arc::clone(&self.inner.unrouted[0].0);
        let request = Request::default();
        let scope = Scope::new(mounted, None, Params::default(), context, &request);
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
                    Arc::clone(&leaf.mounted),
                    Some(Arc::clone(&leaf.info)),
                    found.params,
                    context.clone(),
                    &request,
                );
                return AppFuture::new(&leaf.chain, request, scope);
            }
            Lookup::Redirect(path) => {
                return self.unrouted(request, context, Unrouted::Redirect(path));
            }
            Lookup::Options { allow } => {
                if let Some((leaf, params)) = self.asked_about(&request)
                    && let Some(chain) = &leaf.preflight
                {
                    let (mounted, info) = (Arc::clone(&leaf.mounted), Arc::clone(&leaf.info));
                    let scope = Scope::new(mounted, Some(info), params, context.clone(), &request);
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
        let (mounted, chain) = &self.inner.unrouted[owner];
        let scope = Scope::new(
            Arc::clone(mounted),
            None,
            Params::default(),
            context.clone(),
            &request,
        );
        scope.set_unrouted(outcome);
        AppFuture::new(chain, request, scope)
    }
}

impl Service for Running {
    type Future = AppFuture;

    fn call(&self, request: Request, context: &Context) -> AppFuture {
        #[cfg(feature = "ws")]
        if crate::ws::is_tunnel(&request) {
            return AppFuture {
                future: Box::pin(self.clone().tunnel(request, context.clone())),
                hooked: None,
            };
        }
        self.route(request, context)
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
        apps.any(|(mounted, _)| mounted.is_debug())
    }

    fn reject(&self, rejected: &Rejected) -> Response {
        let error = HttpError::rejected(rejected);
        let context = Context::new(rejected.connection().clone());
        let mounted = Arc::clone(&self.inner.unrouted[0].0);
        let scope = Scope::new(
            mounted,
            None,
            Params::default(),
            context,
            &Request::default(),
        );
        let mut response = scope.render(&error);
        scope.prepare(&mut response);
        response
    }

    async fn shutdown(&self) {
        Self::shutdown(self).await;
    }

    async fn stop(&self) -> Result<(), BoxError> {
        Ok(Self::stop(self).await?)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("routes", &self.inner.routes)
            .finish_non_exhaustive()
    }
}

/// The answer to one request, to come.
pub struct AppFuture {
    future: BoxFuture<'static, Response>,
    /// Present where hooks see the response. Handlers and middleware are guarded each by itself, so that their panics
    /// and errors are answers already.
    hooked: Option<Arc<Scope>>,
}

impl AppFuture {
    #[inline]
    fn new(chain: &Arc<Chain<Served>>, request: Request, scope: Arc<Scope>) -> Self {
        Self {
            hooked: scope.has_hooks().then(|| Arc::clone(&scope)),
            future: chain.run(request, scope),
        }
    }
}

impl Future for AppFuture {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        let Self { future, hooked } = &mut *self;
        // Handed on where it lies: a response is large to move.
        let mut polled = future.as_mut().poll(cx);
        if let Poll::Ready(response) = &mut polled
            && let Some(scope) = hooked
        {
            scope.prepare(response);
        }
        polled
    }
}

impl fmt::Debug for AppFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppFuture")
            .field("hooked", &self.hooked)
            .finish_non_exhaustive()
    }
}

/// Stands where an endpoint was taken out.
pub(super) struct NoEndpoint;

impl Endpoint<Served> for NoEndpoint {
    fn call(&self, _request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        Box::pin(async move { scope.render(&HttpError::new(StatusCode::NOT_FOUND)) })
    }
}

/// Answers where no route does.
struct UnroutedEndpoint {
    fallback: Option<SharedEndpoint>,
    method_not_allowed: Option<SharedEndpoint>,
}

impl Endpoint<Served> for UnroutedEndpoint {
    fn call(&self, request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        let error = match scope.take_unrouted() {
            Some(Unrouted::Error(error)) => error,
            Some(Unrouted::Options(allow)) => return ready(no_content(Some(allow))),
            Some(Unrouted::Server) => return ready(no_content(None)),
            Some(Unrouted::Redirect(path)) => return ready(permanent_redirect(path, &request)),
            None => HttpError::new(StatusCode::NOT_FOUND).kind(ErrorKind::NoRoute),
        };
        let own = match error.origin() {
            ErrorKind::NoRoute => &self.fallback,
            ErrorKind::NoMethod => &self.method_not_allowed,
            _ => &None,
        };
        match own {
            Some(end) => {
                let answer = end.call(request, scope);
                Box::pin(async move {
                    let mut response = answer.await;
                    if error.origin() == ErrorKind::NoMethod {
                        problem::complete(&mut response, &error);
                    }
                    response
                })
            }
            None => ready(scope.render(&error)),
        }
    }
}

fn ready(response: Response) -> BoxFuture<'static, Response> {
    Box::pin(std::future::ready(response))
}

/// Answers OPTIONS (RFC 9110 §9.3.7).
fn no_content(allow: Option<HeaderValue>) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Sends the client to another path, with the same method and the same query (RFC 9110 §15.4.9).
fn permanent_redirect(mut path: String, request: &Request) -> Response {
    if let Some(query) = request.uri().query() {
        path.push('?');
        path.push_str(query);
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(location) = HeaderValue::try_from(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A handler with a time limit, or one that is finished although its client has left.
struct LimitedEndpoint {
    end: Box<dyn Endpoint<Served>>,
    timeout: Option<Duration>,
    finish: bool,
}

impl Endpoint<Served> for LimitedEndpoint {
    fn call(&self, request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        if let Some(after) = self.timeout {
            scope.context().shorten_deadline(Instant::now() + after);
        }
        let tasks = scope.context().connection().tasks().clone();
        let answer = self.end.call(request, Arc::clone(&scope));
        let answer = match self.timeout {
            Some(after) => Box::pin(Guarded::new(Arc::clone(&scope), async move {
                match tokio::time::timeout(after, answer).await {
                    Ok(response) => response,
                    Err(_elapsed) => scope.render(
                        &HttpError::unavailable("the answer was not ready in time")
                            .kind(ErrorKind::Timeout),
                    ),
                }
            })),
            None => answer,
        };
        if self.finish {
            Box::pin(Finish {
                answer: Some(answer),
                tasks,
            })
        } else {
            answer
        }
    }
}

/// Moves an unfinished answer into a task of its own when it is dropped, so that it runs to its end.
struct Finish {
    answer: Option<BoxFuture<'static, Response>>,
    tasks: Tasks,
}

impl Future for Finish {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        let Some(answer) = &mut self.answer else {
            return Poll::Pending;
        };
        let polled = answer.as_mut().poll(cx);
        if polled.is_ready() {
            self.answer = None;
        }
        polled
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        // Outside a runtime there is nobody left to finish it.
        if let Some(answer) = self.answer.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let _runtime = runtime.enter();
            drop(self.tasks.spawn(answer));
        }
    }
}
