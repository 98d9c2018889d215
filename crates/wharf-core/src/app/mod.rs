//! The application: routes, state, middleware, resources, and apps mounted in it.

mod answer;
mod check;
#[cfg(feature = "files")]
mod files;
mod limited;
mod mounted;
mod overrides;
mod place;
mod running;
mod start;
#[cfg(feature = "templates")]
mod templates;
#[cfg(test)]
mod tests;
mod unrouted;

pub use answer::AppFuture;
pub(crate) use mounted::Mounted;
pub use mounted::RouteInfo;
pub(crate) use place::Place;
pub use running::Running;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use wharf_http::error::ErrorLog;
use wharf_http::middleware::Endpoint;
use wharf_http::{BoxError, Response, Serve};

use self::mounted::{ErrorHook, ResponseHook};
use self::overrides::Overrides;
use crate::check::{CheckError, Problem};
use crate::error::HttpError;
use crate::extract::{Scope, TypeKey};
use crate::handler::{Handler, HandlerArgs};
use crate::lifecycle::{CleanupResult, Hook, IntoResource, Setup, StartError, Steps};
use crate::middleware::{HeadArgs, IntoMiddleware, Layer, Served};
use crate::name::Urls;
use crate::response::IntoResponse;
use crate::route::{OnDisconnect, Route};
use crate::routing::{TrailingSlash, Verb};
use crate::state::StateMap;

/// How many bytes of body a whole read takes unless an app or a route says otherwise: 1 MiB.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// An application: what it answers, what it shares, what it sets up, and what is mounted in it.
///
/// It is data until it is served: nothing happens before [`check`](Self::check) found it right. The order of the calls
/// does not matter but where it is said: middleware (the first is the outermost), resources (entered in order), and
/// routes that differ only in constraints (tried in order).
///
/// # Examples
///
/// ```
/// use wharf_core::{App, HttpError, State, get};
///
/// struct Greeting(&'static str);
///
/// async fn greet(greeting: State<Greeting>) -> Result<String, HttpError> {
///     Ok(format!("{}, wharf!", greeting.0))
/// }
///
/// let app = App::new().provide(Greeting("Hello")).routes([get("/", greet)]);
/// assert!(app.check().is_ok());
/// ```
#[must_use = "an app does nothing until it is served"]
pub struct App {
    /// The app itself, then all that are mounted in it, at whatever depth.
    mounts: Vec<Mount>,
    routes: Vec<(usize, Route)>,
    /// What is looked at by the check, besides what is written in the app.
    beside: Vec<Beside>,
    errors: ErrorLog,
}

/// Finds what is wrong with something that was added somewhere, such as a folder of static files.
struct Beside {
    problems: Box<dyn Fn() -> Vec<Problem> + Send + Sync>,
}

#[cfg(any(feature = "files", feature = "templates"))]
impl Beside {
    fn new(problems: impl Fn() -> Vec<Problem> + Send + Sync + 'static) -> Self {
        Self {
            problems: Box::new(problems),
        }
    }
}

/// One app of the tree.
struct Mount {
    parent: Option<usize>,
    prefix: String,
    name: Option<String>,
    location: &'static Location<'static>,
    state: StateMap,
    twice: Vec<(TypeKey, &'static Location<'static>)>,
    middleware: Vec<Layer>,
    steps: Steps,
    overrides: Overrides,
    on_error: Option<ErrorHook>,
    on_response: Vec<ResponseHook>,
    fallback: Option<Arc<dyn Endpoint<Served>>>,
    method_not_allowed: Option<Arc<dyn Endpoint<Served>>>,
    fallback_routes: Vec<Route>,
    body_limit: Option<Option<usize>>,
    timeout: Option<Option<Duration>>,
    min_rate: Option<Option<u32>>,
    on_disconnect: Option<OnDisconnect>,
    trailing_slash: Option<TrailingSlash>,
    debug: Option<bool>,
}

impl Default for App {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl App {
    /// Creates an app without routes; it answers every request with 404.
    #[track_caller]
    pub fn new() -> Self {
        let mount = Mount {
            parent: None,
            prefix: String::new(),
            name: None,
            location: Location::caller(),
            state: StateMap::default(),
            twice: Vec::new(),
            middleware: Vec::new(),
            steps: Steps::default(),
            overrides: Overrides::default(),
            on_error: None,
            on_response: Vec::new(),
            fallback: None,
            method_not_allowed: None,
            fallback_routes: Vec::new(),
            body_limit: None,
            timeout: None,
            min_rate: None,
            on_disconnect: None,
            trailing_slash: None,
            debug: None,
        };
        Self {
            mounts: vec![mount],
            routes: Vec::new(),
            beside: Vec::new(),
            errors: ErrorLog::new(),
        }
    }

    fn own(&mut self) -> &mut Mount {
        &mut self.mounts[0]
    }

    /// Names the app: once it is mounted, the names of its routes start with this and a dot.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.own().name = Some(name.into());
        self
    }

    /// Adds routes, in the order in which they are given.
    pub fn routes(mut self, routes: impl IntoIterator<Item = Route>) -> Self {
        self.routes
            .extend(routes.into_iter().map(|route| (0, route)));
        self
    }

    /// Adds one route.
    pub fn route(self, route: Route) -> Self {
        self.routes([route])
    }

    /// Mounts another app under a prefix, which may have parameters.
    ///
    /// It keeps its own routes, middleware, resources and state, sees the state of this app, and its resources are
    /// entered after those of this app and left before them.
    #[track_caller]
    pub fn mount(mut self, prefix: impl Into<String>, app: Self) -> Self {
        let offset = self.mounts.len();
        let location = Location::caller();
        for (number, mut mount) in app.mounts.into_iter().enumerate() {
            if number == 0 {
                mount.parent = Some(0);
                mount.location = location;
            } else {
                mount.parent = mount.parent.map(|parent| parent + offset);
            }
            self.mounts.push(mount);
        }
        self.mounts[offset].prefix = prefix.into();
        self.beside.extend(app.beside);
        self.routes.extend(
            app.routes
                .into_iter()
                .map(|(mount, route)| (mount + offset, route)),
        );
        self
    }

    /// Provides `value` to all handlers, extractors and middleware as [`State<T>`](crate::State), and to the apps
    /// mounted in this one.
    #[track_caller]
    pub fn provide<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        let location = Location::caller();
        let own = self.own();
        if own.state.insert(value) {
            own.twice.push((TypeKey::of::<T>(), location));
        }
        self
    }

    /// Adds a resource: an async function that sets something up and returns how to clear it away.
    ///
    /// Resources are entered in order before anything is bound, and left in reverse after the last request.
    pub fn resource<M>(mut self, resource: impl IntoResource<M>) -> Self {
        self.own().steps.resources.push(resource.into_resource());
        self
    }

    /// Runs `hook` once all resources were entered, before anything is bound. An error keeps the app from starting.
    pub fn on_startup<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce(Setup) -> Fut + Send + 'static,
        Fut: Future<Output: CleanupResult> + Send + 'static,
    {
        self.own().steps.startup.push(Hook::new(None, hook));
        self
    }

    /// Runs `hook` when the server begins to shut down, while requests are still running.
    pub fn on_shutdown<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce(Setup) -> Fut + Send + 'static,
        Fut: Future<Output: CleanupResult> + Send + 'static,
    {
        self.own().steps.shutdown.push(Hook::new(None, hook));
        self
    }

    /// Runs `hook` after the last request, before resources are left; the last written runs first.
    pub fn on_cleanup<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce(Setup) -> Fut + Send + 'static,
        Fut: Future<Output: CleanupResult> + Send + 'static,
    {
        self.own().steps.cleanup.push(Hook::new(None, hook));
        self
    }

    /// Runs `task` in the background: started after the resources, cancelled and awaited before they are left.
    ///
    /// A failure or a panic of it is logged under its name; the app goes on.
    pub fn task<F, Fut>(mut self, name: impl Into<String>, task: F) -> Self
    where
        F: FnOnce(Setup) -> Fut + Send + 'static,
        Fut: Future<Output: CleanupResult> + Send + 'static,
    {
        self.own()
            .steps
            .tasks
            .push(Hook::new(Some(name.into()), task));
        self
    }

    /// Wraps a middleware around all routes, written before or after it, and around the answers that no route gives.
    ///
    /// The first written is the outermost. That of an app is outside that of the apps mounted in it.
    /// One that is wanted only sometimes is wrapped as an `Option`: `wrap(condition.then_some(middleware))`.
    pub fn wrap<M, T>(mut self, middleware: T) -> Self
    where
        T: IntoMiddleware<M, Output: IntoResponse, Future: Send, Arguments: HeadArgs>,
    {
        self.own().middleware.push(middleware.into_layer());
        self
    }

    /// Decides what every error looks like that handlers return, or that is made for them: 404, 405, 413, a panic, a
    /// head that does not parse.
    ///
    /// Where the hook leaves the status at 200, that of the error is set; header fields of the error, such as `Allow`,
    /// are added where the hook has not set them; cookies add up. Should the hook panic, or answer with another error,
    /// the default is used. Default: that of the parent, or plain text, problem details or a page, by what the client
    /// accepts; see [`problem`](crate::response::problem).
    ///
    /// # Examples
    ///
    /// One format for a whole API:
    ///
    /// ```
    /// use wharf_core::{App, response::problem};
    ///
    /// let app = App::new().on_error(problem::json);
    /// ```
    pub fn on_error<F, R>(mut self, hook: F) -> Self
    where
        F: Fn(&HttpError, &Scope) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.own().on_error = Some(Arc::new(move |error, scope| {
            hook(error, scope).into_response()
        }));
        self
    }

    /// Sees every response before it goes out, whoever made it: handlers, middleware, fallbacks and the error hook, for
    /// streams too, and for requests that were refused or never parsed.
    ///
    /// It runs once for each response, after all middleware; hooks run in the order of writing, those of an app before
    /// those of the apps mounted in it. The server adds afterwards what is not set, such as `Date`. A panic in a hook
    /// makes the answer a 500, which the other hooks do not see.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::HeaderValue;
    /// use wharf_core::extract::Scope;
    /// use wharf_core::{App, Response};
    ///
    /// let app = App::new().on_response(|response: &mut Response, _: &Scope| {
    ///     response.headers_mut().insert("x-frame-options", HeaderValue::from_static("DENY"));
    /// });
    /// ```
    pub fn on_response(
        mut self,
        hook: impl Fn(&mut Response, &Scope) + Send + Sync + 'static,
    ) -> Self {
        self.own().on_response.push(Arc::new(hook));
        self
    }

    /// Answers requests whose path no route has. A mounted app without its own inherits that of its parent.
    ///
    /// Default: 404 through the error hook.
    #[track_caller]
    pub fn fallback<H, A, M>(mut self, handler: H) -> Self
    where
        H: Handler<A, Output: IntoResponse, Future: Send>,
        A: HandlerArgs<M>,
        M: 'static,
    {
        let mut route = Route::new(Verb::Any, "", handler);
        let end = std::mem::replace(&mut route.end, Box::new(unrouted::NoEndpoint));
        let own = self.own();
        own.fallback = Some(end.into());
        own.fallback_routes.push(route);
        self
    }

    /// Answers requests whose path has routes, but none for the method. `Allow` is added to its answer.
    ///
    /// Default: 405 through the error hook.
    #[track_caller]
    pub fn method_not_allowed<H, A, M>(mut self, handler: H) -> Self
    where
        H: Handler<A, Output: IntoResponse, Future: Send>,
        A: HandlerArgs<M>,
        M: 'static,
    {
        let mut route = Route::new(Verb::Any, "", handler);
        let end = std::mem::replace(&mut route.end, Box::new(unrouted::NoEndpoint));
        let own = self.own();
        own.method_not_allowed = Some(end.into());
        own.fallback_routes.push(route);
        self
    }

    /// Sets how many bytes of body a whole read may take; `None` is no limit. Streams are not limited.
    ///
    /// Default: that of the parent, or 1 MiB.
    pub fn body_limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.own().body_limit = Some(bytes.into());
        self
    }

    /// Sets how long a handler may take until its response head; then the answer is 503. `None` is no limit.
    ///
    /// Default: that of the parent, or none.
    pub fn timeout(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.own().timeout = Some(after.into());
        self
    }

    /// Sets the least average rate of request and response bodies in bytes per second, after the server's period of grace.
    /// `None` and 0 allow any rate.
    ///
    /// Default: that of the parent, or of the server.
    pub fn min_rate(mut self, bytes_per_second: impl Into<Option<u32>>) -> Self {
        self.own().min_rate = Some(bytes_per_second.into());
        self
    }

    /// Sets what happens to handlers whose client leaves.
    ///
    /// Default: that of the parent, or [`OnDisconnect::Cancel`].
    pub fn on_disconnect(mut self, policy: OnDisconnect) -> Self {
        self.own().on_disconnect = Some(policy);
        self
    }

    /// Sets what a slash more or less at the end of a path means.
    ///
    /// Default: that of the parent, or [`TrailingSlash::Strict`].
    pub fn trailing_slash(mut self, mode: TrailingSlash) -> Self {
        self.own().trailing_slash = Some(mode);
        self
    }

    /// Sets whether errors show their causes to the client. For development: causes name files, hosts and queries.
    ///
    /// Default: that of the parent, or off. No environment variable switches it on.
    pub fn debug(mut self, on: bool) -> Self {
        self.own().debug = Some(on);
        self
    }

    /// Finds everything that is wrong with the app: state that is needed and not provided, conflicting routes,
    /// duplicate names, path parameters without a segment.
    ///
    /// What resources provide is known only where they promise it; the rest is checked after they were entered.
    ///
    /// # Errors
    ///
    /// All of it at once.
    pub fn check(&self) -> Result<(), CheckError> {
        check::check(self).map(|_| ())
    }

    /// Lists the routes in the order of writing, those of mounted apps included.
    ///
    /// # Errors
    ///
    /// What [`check`](Self::check) finds wrong with paths and names.
    pub fn route_table(&self) -> Result<Vec<RouteInfo>, CheckError> {
        Ok(check::check(self)?.routes)
    }

    /// Returns the builder of URLs from route names.
    ///
    /// # Errors
    ///
    /// What [`check`](Self::check) finds wrong with paths and names.
    pub fn urls(&self) -> Result<Urls, CheckError> {
        Ok(check::check(self)?.urls)
    }

    /// Checks the app, enters its resources, and starts its tasks.
    ///
    /// For those who bring a server of their own; `wharf-server` does it by itself.
    ///
    /// # Errors
    ///
    /// What is wrong with the app, or which resource or hook failed. What had been entered was left again.
    ///
    /// # Panics
    ///
    /// Panics when called outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Not safe: resources stay entered when the future is dropped half way.
    pub async fn start(self) -> Result<Running, StartError> {
        start::start(self).await
    }
}

impl Serve for App {
    type Service = Running;

    async fn check(&mut self) -> Result<(), BoxError> {
        Ok(Self::check(self)?)
    }

    fn log_errors(&mut self, log: ErrorLog) {
        self.errors = log;
    }

    async fn start(self) -> Result<Running, BoxError> {
        Ok(start::start(self).await?)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes: Vec<&Route> = self.routes.iter().map(|(_, route)| route).collect();
        f.debug_struct("App")
            .field("mounts", &self.mounts.len())
            .field("routes", &routes)
            .finish_non_exhaustive()
    }
}

/// Makes an app when the server starts, from an async function.
///
/// # Examples
///
/// ```
/// use wharf_core::{App, factory, get};
///
/// let served = factory(async || {
///     let greeting = std::env::var("GREETING").unwrap_or_else(|_| "hello".into());
///     Ok::<_, std::io::Error>(App::new().provide(greeting).routes([get("/", async || "hi")]))
/// });
/// # let _ = served;
/// ```
pub fn factory<F, Fut, E>(make: F) -> AppFactory<F>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<App, E>> + Send,
    E: Into<BoxError>,
{
    AppFactory {
        make: Some(make),
        app: None,
        errors: ErrorLog::new(),
    }
}

/// An app that is made when it is checked or started. Made by [`factory`].
pub struct AppFactory<F> {
    make: Option<F>,
    app: Option<App>,
    errors: ErrorLog,
}

impl<F, Fut, E> AppFactory<F>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<App, E>> + Send,
    E: Into<BoxError>,
{
    async fn make(&mut self) -> Result<(), BoxError> {
        if let Some(make) = self.make.take() {
            self.app = Some(make().await.map_err(Into::into)?);
        }
        Ok(())
    }
}

impl<F, Fut, E> Serve for AppFactory<F>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<App, E>> + Send,
    E: Into<BoxError>,
{
    type Service = Running;

    async fn check(&mut self) -> Result<(), BoxError> {
        self.make().await?;
        match &self.app {
            Some(app) => Ok(app.check()?),
            None => Err("the app could not be made".into()),
        }
    }

    fn log_errors(&mut self, log: ErrorLog) {
        self.errors = log;
    }

    async fn start(mut self) -> Result<Running, BoxError> {
        self.make().await?;
        match self.app {
            Some(mut app) => {
                app.errors = self.errors;
                Ok(app.start().await?)
            }
            None => Err("the app could not be made".into()),
        }
    }
}

impl<F> fmt::Debug for AppFactory<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppFactory")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}
