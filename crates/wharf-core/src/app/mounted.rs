//! What is known of a running app, or of one mounted in it, while it answers.

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use wharf_http::Response;

use crate::error::{HttpError, Unrendered};
use crate::extract::Scope;
use crate::name::Urls;
use crate::panic::panicked;
use crate::response::problem;
use crate::route::OnDisconnect;
use crate::routing::Verb;
use crate::state::StateMap;

/// Gives an error its looks.
pub(crate) type ErrorHook = Arc<dyn Fn(&HttpError, &Scope) -> Response + Send + Sync>;

/// Sees each response before it goes out.
pub(crate) type ResponseHook = Arc<dyn Fn(&mut Response, &Scope) + Send + Sync>;

/// One app of the tree, as its routes see it.
pub(crate) struct Mounted {
    pub(super) state: StateMap,
    pub(super) urls: Urls,
    pub(super) on_error: Option<ErrorHook>,
    pub(super) on_response: Box<[ResponseHook]>,
    pub(super) body_limit: Option<usize>,
    pub(super) debug: bool,
}

impl Mounted {
    pub(crate) fn state(&self) -> &StateMap {
        &self.state
    }

    pub(crate) fn urls(&self) -> &Urls {
        &self.urls
    }

    pub(crate) fn body_limit(&self) -> Option<usize> {
        self.body_limit
    }

    pub(crate) fn is_debug(&self) -> bool {
        self.debug
    }
}

impl fmt::Debug for Mounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mounted")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Scope {
    /// Gives a response its looks if it is an error that has none yet.
    #[inline]
    pub(crate) fn settle(&self, response: &mut Response) {
        if !response.extensions().is_empty() {
            self.settle_marked(response);
        }
    }

    fn settle_marked(&self, response: &mut Response) {
        let Some(Unrendered(mut error)) = response.extensions_mut().remove() else {
            return;
        };
        // Whoever made a response of the error may have changed its status since, or added fields to it.
        let (head, _nothing) = std::mem::take(response).into_parts();
        if let Some(error) = Arc::get_mut(&mut error) {
            error.amend(head.status, head.headers);
        }
        *response = self.render(&error);
        response.extensions_mut().extend(head.extensions);
    }

    /// Logs the cause of an error and makes the response that is sent.
    pub(crate) fn render(&self, error: &HttpError) -> Response {
        self.log(error);
        let mut response = self.looks(error);
        problem::complete(&mut response, error);
        problem::challenge(&mut response);
        response
    }

    fn looks(&self, error: &HttpError) -> Response {
        // A redirect or an unmet condition, left with through `?`, is no error that a hook would give looks.
        if !error.status().is_client_error() && !error.status().is_server_error() {
            let mut response = Response::default();
            *response.status_mut() = error.status();
            return response;
        }
        let Some(hook) = &self.mounted().on_error else {
            return problem::negotiated(error, self);
        };
        match catch_unwind(AssertUnwindSafe(|| hook(error, self))) {
            Ok(mut response) => match response.extensions_mut().remove() {
                None => response,
                // A hook that answers with another error leaves the looks of that to the default, or it would go on
                // for ever.
                Some(Unrendered(other)) => {
                    self.log(&other);
                    let mut response = problem::negotiated(&other, self);
                    problem::complete(&mut response, &other);
                    response
                }
            },
            Err(panic) => {
                self.log(&panicked(panic.as_ref()));
                problem::negotiated(error, self)
            }
        }
    }

    /// Tells whether there are hooks that see each response before it goes out.
    pub(crate) fn has_hooks(&self) -> bool {
        !self.mounted().on_response.is_empty()
    }

    /// Runs these hooks.
    pub(crate) fn prepare(&self, response: &mut Response) {
        let run = catch_unwind(AssertUnwindSafe(|| {
            for hook in &self.mounted().on_response {
                hook(response, self);
            }
        }));
        if let Err(panic) = run {
            *response = self.render(&panicked(panic.as_ref()));
        }
    }

    fn log(&self, error: &HttpError) {
        if error.status().is_server_error() && error.source().is_some() {
            let route = self.context().route();
            let route = route.as_deref().unwrap_or("no route");
            let id = self.context().request_id();
            let method = self.method();
            self.context().connection().report(format_args!(
                "{method} {route} failed (request {id}): {error:#}"
            ));
        }
    }
}

/// What is known of one route; listed by [`App::routes_table`](super::App) and printed in messages.
#[derive(Clone)]
pub struct RouteInfo {
    pub(super) verb: Verb,
    pub(super) pattern: Arc<str>,
    pub(super) parameters: Arc<[Box<str>]>,
    pub(super) name: Option<String>,
    pub(super) handler: &'static str,
    pub(super) location: &'static Location<'static>,
    pub(super) body_limit: Option<usize>,
    pub(super) timeout: Option<Duration>,
    pub(super) min_rate: Option<Option<u32>>,
    pub(super) on_disconnect: OnDisconnect,
}

impl RouteInfo {
    /// Returns the method that the route is for.
    #[must_use]
    pub fn verb(&self) -> &Verb {
        &self.verb
    }

    /// Returns the whole pattern, the prefixes of mounted apps included.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Returns the names of the path parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Box<str>] {
        &self.parameters
    }

    /// Returns the whole name, those of mounted apps included.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the path of the handler function.
    #[must_use]
    pub fn handler(&self) -> &'static str {
        self.handler
    }

    /// Returns where in the source the route was made.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Returns how many bytes of body a whole read may take; `None` when there is no limit.
    #[must_use]
    pub fn body_limit(&self) -> Option<usize> {
        self.body_limit
    }

    /// Returns how long the handler may take; `None` when there is no limit.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns the least rate of the route's bodies in bytes per second: `None` is the server's own limit, `Some(None)`
    /// any rate.
    #[must_use]
    pub fn min_rate(&self) -> Option<Option<u32>> {
        self.min_rate
    }

    /// Returns what happens to the handler when its client leaves.
    #[must_use]
    pub fn on_disconnect(&self) -> OnDisconnect {
        self.on_disconnect
    }

    pub(super) fn label(&self) -> &Arc<str> {
        &self.pattern
    }
}

impl fmt::Display for RouteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.pattern)
    }
}

impl fmt::Debug for RouteInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteInfo")
            .field("route", &format_args!("{self}"))
            .field("name", &self.name)
            .field("handler", &self.handler)
            .field("location", &format_args!("{}", self.location))
            .finish_non_exhaustive()
    }
}
