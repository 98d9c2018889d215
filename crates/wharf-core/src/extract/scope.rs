use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use wharf_http::{Context, Request};

use super::State;
use crate::app::{Mounted, Place, RouteInfo};
use crate::error::HttpError;
use crate::name::Urls;
use crate::routing::Params;

/// What the app knows of one request besides the request itself: state, matched route, parameters, peer.
///
/// Extractors are given it by reference, middleware reaches it through [`Next::scope`](wharf_http::Next::scope).
pub struct Scope {
    place: Arc<Place>,
    params: Params,
    context: Context,
    /// As the request came, whatever middleware makes of it later: parameters are places in its path.
    target: Option<PathAndQuery>,
    method: Method,
    accept: Option<HeaderValue>,
    /// In a box, since it is rare, and scopes are moved.
    unrouted: Mutex<Option<Box<Unrouted>>>,
}

/// What is answered where no route does.
#[derive(Debug)]
pub(crate) enum Unrouted {
    /// An error, which a fallback may answer instead.
    Error(HttpError),
    /// Another path.
    Redirect(String),
    /// The methods that the path has.
    Options(HeaderValue),
    /// OPTIONS for the server as a whole.
    Server,
}

impl Scope {
    pub(crate) fn new(
        place: Arc<Place>,
        params: Params,
        context: Context,
        request: &Request,
    ) -> Arc<Self> {
        // Made in its place: it is large to move.
        Arc::new(Self {
            place,
            params,
            context,
            target: request.uri().path_and_query().cloned(),
            method: request.method().clone(),
            accept: accept(request.headers()),
            unrouted: Mutex::new(None),
        })
    }

    /// Adds what is to be answered where no route does.
    pub(crate) fn set_unrouted(&self, outcome: Unrouted) {
        *self.lock_unrouted() = Some(Box::new(outcome));
    }

    /// Takes out what is to be answered; nothing is left for a middleware that runs the rest twice.
    pub(crate) fn take_unrouted(&self) -> Option<Unrouted> {
        self.lock_unrouted().take().map(|outcome| *outcome)
    }

    fn lock_unrouted(&self) -> MutexGuard<'_, Option<Box<Unrouted>>> {
        self.unrouted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn mounted(&self) -> &Mounted {
        &self.place.mounted
    }

    /// Returns state of type `T`: that of the app the route belongs to, or else of the nearest app it is mounted in.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(&self) -> Option<State<T>> {
        self.mounted().state().get()
    }

    /// Returns what travels with the request.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the matched route; `None` while a fallback answers.
    #[must_use]
    pub fn route(&self) -> Option<&RouteInfo> {
        self.place.route.as_deref()
    }

    pub(crate) fn shared_route(&self) -> Option<&Arc<RouteInfo>> {
        self.place.route.as_ref()
    }

    /// Returns the path of the request as it came, still percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.as_ref().map_or("/", PathAndQuery::path)
    }

    /// Returns the query of the request as it came, still percent-encoded.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.target.as_ref().and_then(PathAndQuery::query)
    }

    /// Returns the method of the request as it came.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the `Accept` field of the request as it came, several lines of it as one.
    #[must_use]
    pub fn accept(&self) -> Option<&HeaderValue> {
        self.accept.as_ref()
    }

    /// Returns the decoded value of a path parameter.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        let index = self
            .route()?
            .parameters()
            .iter()
            .position(|parameter| **parameter == *name)?;
        self.params.get(index, self.path())
    }

    /// Returns the path parameters in the order of the pattern, with their decoded values.
    pub fn params(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let names = self.route().map(RouteInfo::parameters).unwrap_or_default();
        names.iter().enumerate().filter_map(|(index, name)| {
            let value = self.params.get(index, self.path())?;
            Some((name.as_ref(), value))
        })
    }

    /// Returns the path parameters as [`params`](Self::params) does, where none of them has to be decoded.
    pub(super) fn plain_params(&self) -> Option<impl ExactSizeIterator<Item = (&str, &str)>> {
        let route = self.route().filter(|_| self.params.is_plain())?;
        let (names, path) = (route.parameters().iter(), self.path());
        Some(names.enumerate().map(move |(index, name)| {
            // There is one for each name, of this path.
            let text = self.params.raw(index, path).unwrap_or_default();
            (name.as_ref(), text)
        }))
    }

    /// Returns the last path parameter as it was received, percent-encoded.
    #[cfg(feature = "files")]
    pub(crate) fn last_raw_param(&self) -> Option<&str> {
        let last = self.params.len().checked_sub(1)?;
        self.params.raw(last, self.path())
    }

    /// Returns how many bytes of body a whole read may take; `None` when there is no limit.
    ///
    /// Default: 1 MiB. Settable for an app, a mounted app, and a route.
    #[must_use]
    pub fn body_limit(&self) -> Option<usize> {
        self.route()
            .map_or_else(|| self.mounted().body_limit(), RouteInfo::body_limit)
    }

    /// Returns the builder of URLs from route names.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        self.mounted().urls()
    }

    /// Tells whether errors may show their causes; see [`App::debug`](crate::App::debug).
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.mounted().is_debug()
    }
}

/// How many fields are few: they are looked through faster than one is hashed.
const FEW: usize = 8;

/// Joins the lines of the field (RFC 9110 §5.3); nearly always there is one.
fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let first = if headers.len() <= FEW {
        let mut fields = headers.iter();
        fields.find(|(name, _)| *name == header::ACCEPT)?.1
    } else {
        headers.get(header::ACCEPT)?
    };
    // No field has a second line.
    if headers.len() == headers.keys_len() {
        return Some(first.clone());
    }
    let lines: Vec<&[u8]> = headers
        .get_all(header::ACCEPT)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("route", &self.route())
            .finish_non_exhaustive()
    }
}
