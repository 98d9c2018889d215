//! Routes as plain data: method, path, handler, and what is set for this one route.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Method;
use pin_project_lite::pin_project;
use wharf_http::middleware::Endpoint;
use wharf_http::{BoxFuture, Request, Response};

use crate::extract::{Needs, Scope};
use crate::handler::{Handler, HandlerArgs};
use crate::middleware::{HeadArgs, IntoMiddleware, Layer, Served};
use crate::panic::Guarded;
use crate::response::IntoResponse;
use crate::routing::{TrailingSlash, Verb};

/// A route: for one method (or any) and one path, a handler.
///
/// Made by [`get`], [`post`] and their like, and given to `App::routes`. Being plain data, routes can be kept in an
/// array, made by a function, or changed before they are added.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_core::{App, get, post};
///
/// async fn show() -> &'static str {
///     "a document"
/// }
///
/// let app = App::new().routes([
///     get(r"/documents/{id:\d+}", show).name("document"),
///     post("/documents", async |text: String| text).body_limit(64 * 1024).timeout(Duration::from_secs(5)),
/// ]);
/// assert!(app.check().is_ok());
/// ```
#[must_use = "a route does nothing until it is added to an app"]
pub struct Route {
    pub(crate) verb: Verb,
    pub(crate) path: String,
    pub(crate) location: &'static Location<'static>,
    pub(crate) name: Option<String>,
    pub(crate) handler: &'static str,
    pub(crate) needs: Needs,
    pub(crate) middleware: Vec<Layer>,
    pub(crate) end: Box<dyn Endpoint<Served>>,
    pub(crate) body_limit: Option<Option<usize>>,
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) min_rate: Option<Option<u32>>,
    pub(crate) on_disconnect: Option<OnDisconnect>,
    pub(crate) trailing_slash: Option<TrailingSlash>,
    pub(crate) head: bool,
}

/// What happens to a handler whose client leaves before it has the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnDisconnect {
    /// The handler is dropped where it waits. The default.
    #[default]
    Cancel,
    /// The handler runs to its end, and a shutdown waits for it.
    Finish,
}

impl Route {
    /// Makes a route for one method, or for [`Verb::Any`].
    #[track_caller]
    pub fn new<H, A, M>(verb: impl Into<Verb>, path: impl Into<String>, handler: H) -> Self
    where
        H: Handler<A, Output: IntoResponse, Future: Send>,
        A: HandlerArgs<M>,
        M: 'static,
    {
        let mut needs = Needs::default();
        A::needs(&mut needs);
        Self {
            verb: verb.into(),
            path: path.into(),
            location: Location::caller(),
            name: None,
            handler: type_name::<H>(),
            needs,
            middleware: Vec::new(),
            end: Box::new(HandlerEndpoint {
                handler,
                arguments: PhantomData,
            }),
            body_limit: None,
            timeout: None,
            min_rate: None,
            on_disconnect: None,
            trailing_slash: None,
            head: true,
        }
    }

    /// Names the route, so that URLs of it can be built. Names are identifiers joined by `.`, `:` or `-`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Wraps a middleware around this route alone; the first written is the outermost.
    ///
    /// It sees the preflight requests that ask for the method of this route, too, unless a route for OPTIONS answers them.
    /// One that is wanted only sometimes is wrapped as an `Option`: `wrap(condition.then_some(middleware))`.
    pub fn wrap<M, T>(mut self, middleware: T) -> Self
    where
        T: IntoMiddleware<M, Output: IntoResponse, Future: Send, Arguments: HeadArgs>,
    {
        self.middleware.push(middleware.into_layer());
        self
    }

    /// Sets how many bytes a whole-body read may take; `None` is no limit. Streams are not limited.
    ///
    /// Default: that of the app, 1 MiB unless set.
    pub fn body_limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.body_limit = Some(bytes.into());
        self
    }

    /// Sets how long the handler may take until its response head; then the answer is 503. `None` is no limit.
    ///
    /// Default: that of the app, none unless set. The deadline of the request's context is shortened to it.
    pub fn timeout(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(after.into());
        self
    }

    /// Sets the least average rate of request and response body in bytes per second, after the server's period of grace.
    /// `None` and 0 allow any rate.
    ///
    /// Default: that of the app, or of the server. For uploads over bad lines, or streams that say little.
    pub fn min_rate(mut self, bytes_per_second: impl Into<Option<u32>>) -> Self {
        self.min_rate = Some(bytes_per_second.into());
        self
    }

    /// Sets what happens to the handler when its client leaves.
    ///
    /// Default: that of the app, [`OnDisconnect::Cancel`] unless set.
    pub fn on_disconnect(mut self, policy: OnDisconnect) -> Self {
        self.on_disconnect = Some(policy);
        self
    }

    /// Sets what a slash more or less at the end of the path means for this route.
    ///
    /// Default: that of the app, [`TrailingSlash::Strict`] unless set.
    pub fn trailing_slash(mut self, mode: TrailingSlash) -> Self {
        self.trailing_slash = Some(mode);
        self
    }

    /// Sets whether a GET route answers HEAD too. Default: yes.
    pub fn head(mut self, head: bool) -> Self {
        self.head = head;
        self
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("verb", &self.verb)
            .field("path", &self.path)
            .field("name", &self.name)
            .field("handler", &self.handler)
            .field("location", &format_args!("{}", self.location))
            .finish_non_exhaustive()
    }
}

/// A handler as the end of a chain.
struct HandlerEndpoint<H, A, M> {
    handler: H,
    arguments: PhantomData<fn(A, M)>,
}

impl<H, A, M> Endpoint<Served> for HandlerEndpoint<H, A, M>
where
    H: Handler<A, Output: IntoResponse, Future: Send>,
    A: HandlerArgs<M>,
    M: 'static,
{
    fn call(&self, request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        let waiting = Handled {
            stage: Stage::Waiting,
            handler: self.handler.clone(),
        };
        let mut called = Box::pin(Guarded::new(scope, waiting));
        // Put in its place when that is there, since what holds a request is large to move.
        let (scope, handled) = called.as_mut().parts();
        let (head, body) = request.into_parts();
        let arguments = A::extract(head, body, scope);
        handled.project().stage.set(Stage::Extracting { arguments });
        called
    }
}

pin_project! {
    /// A handler being called. Written out, so that what extraction holds and what the handler holds share their place.
    struct Handled<H, E, F> {
        #[pin]
        stage: Stage<E, F>,
        handler: H,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<E, F> {
        Waiting,
        Extracting { #[pin] arguments: E },
        Handling { #[pin] answer: F },
    }
}

impl<H, A, E> Future for Handled<H, E, H::Future>
where
    H: Handler<A, Output: IntoResponse>,
    E: Future<Output = Result<A, Box<Response>>>,
{
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let mut this = self.project();
        loop {
            let arguments = match this.stage.as_mut().project() {
                StageProjection::Waiting => return Poll::Pending,
                StageProjection::Extracting { arguments } => ready!(arguments.poll(cx)),
                StageProjection::Handling { answer } => {
                    return answer.poll(cx).map(IntoResponse::into_response);
                }
            };
            match arguments {
                Ok(arguments) => {
                    let answer = this.handler.call(arguments);
                    this.stage.set(Stage::Handling { answer });
                }
                Err(rejection) => return Poll::Ready(*rejection),
            }
        }
    }
}

macro_rules! methods {
    ($($name:ident $method:ident;)*) => {
        $(
            #[doc = concat!("Makes a route for ", stringify!($method), ".")]
            #[track_caller]
            pub fn $name<H, A, M>(path: impl Into<String>, handler: H) -> Route
            where
                H: Handler<A, Output: IntoResponse, Future: Send>,
                A: HandlerArgs<M>,
                M: 'static,
            {
                Route::new(Method::$method, path, handler)
            }
        )*
    };
}

methods! {
    get GET;
    post POST;
    put PUT;
    patch PATCH;
    delete DELETE;
    head HEAD;
    options OPTIONS;
}

/// Makes a route for any method; one for a method of its own at the same path is a conflict.
#[track_caller]
pub fn any<H, A, M>(path: impl Into<String>, handler: H) -> Route
where
    H: Handler<A, Output: IntoResponse, Future: Send>,
    A: HandlerArgs<M>,
    M: 'static,
{
    Route::new(Verb::Any, path, handler)
}

/// Makes a route for a method that has no function of its own, such as `PROPFIND`.
#[track_caller]
pub fn method<H, A, M>(method: Method, path: impl Into<String>, handler: H) -> Route
where
    H: Handler<A, Output: IntoResponse, Future: Send>,
    A: HandlerArgs<M>,
    M: 'static,
{
    Route::new(method, path, handler)
}

/// Starts the routes of one path: a handler for each method, as a class with a method per verb has in other frameworks.
///
/// # Examples
///
/// ```
/// use wharf_core::{App, at};
///
/// async fn show() -> &'static str {
///     "a document"
/// }
/// async fn store() {}
///
/// let app = App::new().routes(at("/documents/{id}").get(show).put(store));
/// assert!(app.check().is_ok());
/// ```
pub fn at(path: impl Into<String>) -> PathRoutes {
    PathRoutes {
        path: path.into(),
        routes: Vec::new(),
    }
}

/// The routes of one path, one for each method. Made by [`at`].
#[derive(Debug)]
#[must_use = "routes do nothing until they are added to an app"]
pub struct PathRoutes {
    path: String,
    routes: Vec<Route>,
}

macro_rules! path_methods {
    ($($name:ident $method:ident;)*) => {
        impl PathRoutes {
            $(
                #[doc = concat!("Adds a route for ", stringify!($method), ".")]
                #[track_caller]
                pub fn $name<H, A, M>(self, handler: H) -> Self
                where
                    H: Handler<A, Output: IntoResponse, Future: Send>,
                    A: HandlerArgs<M>,
                    M: 'static,
                {
                    self.method(Method::$method, handler)
                }
            )*
        }
    };
}

path_methods! {
    get GET;
    post POST;
    put PUT;
    patch PATCH;
    delete DELETE;
    head HEAD;
    options OPTIONS;
}

impl PathRoutes {
    /// Adds a route for a method, or for [`Verb::Any`].
    #[track_caller]
    pub fn method<H, A, M>(mut self, verb: impl Into<Verb>, handler: H) -> Self
    where
        H: Handler<A, Output: IntoResponse, Future: Send>,
        A: HandlerArgs<M>,
        M: 'static,
    {
        self.routes
            .push(Route::new(verb, self.path.clone(), handler));
        self
    }

    /// Changes each of the routes added so far: names them, wraps a middleware around them, sets a limit.
    pub fn each(mut self, change: impl FnMut(Route) -> Route) -> Self {
        self.routes = self.routes.into_iter().map(change).collect();
        self
    }
}

impl IntoIterator for PathRoutes {
    type Item = Route;
    type IntoIter = std::vec::IntoIter<Route>;

    fn into_iter(self) -> Self::IntoIter {
        self.routes.into_iter()
    }
}
