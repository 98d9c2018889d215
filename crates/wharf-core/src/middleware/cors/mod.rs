//! [`Cors`]: which pages of other origins may use an app.

mod origins;

use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use wharf_http::header::add_vary;
use wharf_http::{Middleware, Request, Response};

use self::origins::Origins;
use super::{Next, Served};
use crate::error::HttpError;
use crate::response::IntoResponse;

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Lets pages of other origins read answers (Fetch, "CORS protocol"). Without it a browser keeps answers from them.
///
/// Wrapped around an app, a mounted app or a route. A preflight request is answered here: neither routes nor what is wrapped
/// inside see it, so that authentication, which preflights never carry, belongs inside. On a route it answers the
/// preflights that ask for the method of that route. Every other answer goes out with the fields, errors and 404 as well.
/// Where two are nested, the outer one answers preflights.
///
/// It protects readers, not the app: a request of a page that is not allowed is carried out all the same, and the page
/// does not see the answer. What must not be carried out is refused by [`Csrf`](super::Csrf).
///
/// # Examples
///
/// ```
/// use http::header::AUTHORIZATION;
/// use wharf_core::middleware::Cors;
/// use wharf_core::{App, get};
///
/// let cors = Cors::new()
///     .origins(["https://app.harbour.test"])
///     .headers([AUTHORIZATION])
///     .credentials(true);
/// let app = App::new().wrap(cors).routes([get("/ships", async || "[]")]);
/// # app.check().unwrap();
///
/// // What cannot work is found before anything listens.
/// let app = App::new().wrap(Cors::new().origins(["https://app.harbour.test/"]));
/// assert!(app.check().is_err()); // an origin has no path
/// ```
#[derive(Clone, Debug)]
pub struct Cors {
    origins: Origins,
    /// `None` mirrors what is asked for.
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    exposed: Option<HeaderValue>,
    credentials: bool,
    max_age: Option<Duration>,
    private_network: bool,
}

impl Cors {
    /// Creates the middleware with no origin allowed, and the defaults that each setting names.
    #[must_use]
    pub fn new() -> Self {
        Self {
            origins: Origins::Listed(Vec::new()),
            methods: Some(HeaderValue::from_static(
                "GET, HEAD, POST, PUT, PATCH, DELETE",
            )),
            headers: Some(HeaderValue::from_static("content-type")),
            exposed: None,
            credentials: false,
            max_age: None,
            private_network: false,
        }
    }

    /// Allows pages of these origins, each as `https://host` or `https://host:port`, as browsers write them.
    ///
    /// Default: none. An origin that no browser sends is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.origins = Origins::Listed(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Allows pages of all origins: for what is public. Together with credentials it is a problem that
    /// [`App::check`](crate::App::check) lists, as browsers refuse the two together.
    #[must_use]
    pub fn any_origin(mut self) -> Self {
        self.origins = Origins::Any;
        self
    }

    /// Allows pages of the origins that `allowed` says yes to, such as all hosts below a name.
    ///
    /// Compare the whole of it: `https://harbour.test.evil.test` begins with `https://harbour.test`.
    #[must_use]
    pub fn origins_where(mut self, allowed: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.origins = Origins::Chosen(Arc::new(allowed));
        self
    }

    /// Sets the methods that pages may use.
    ///
    /// Default: GET, HEAD, POST, PUT, PATCH, DELETE. Browsers let pages use the first three in any case.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        let methods: Vec<Method> = methods.into_iter().collect();
        self.methods = Some(list(&methods, Method::as_str));
        self
    }

    /// Lets pages use the method that they ask for, whatever it is.
    #[must_use]
    pub fn any_method(mut self) -> Self {
        self.methods = None;
        self
    }

    /// Sets the header fields that pages may send besides those that they always may.
    ///
    /// Default: `content-type`, for JSON. A list that is set replaces it.
    #[must_use]
    pub fn headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        let names: Vec<HeaderName> = names.into_iter().collect();
        self.headers = Some(list(&names, HeaderName::as_str));
        self
    }

    /// Lets pages send the header fields that they ask for, whatever they are.
    #[must_use]
    pub fn any_header(mut self) -> Self {
        self.headers = None;
        self
    }

    /// Sets the header fields of answers that pages may read besides the few that they always may.
    ///
    /// Default: none.
    #[must_use]
    pub fn expose(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        let names: Vec<HeaderName> = names.into_iter().collect();
        self.exposed = (!names.is_empty()).then(|| list(&names, HeaderName::as_str));
        self
    }

    /// Sets whether pages may send cookies and other credentials along.
    ///
    /// Default: `false`.
    #[must_use]
    pub fn credentials(mut self, on: bool) -> Self {
        self.credentials = on;
        self
    }

    /// Sets how long a browser may remember the answer to a preflight, in whole seconds; browsers have limits of their own.
    ///
    /// Default: `None`, which browsers take as five seconds. Zero forbids it.
    #[must_use]
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into();
        self
    }

    /// Sets whether public pages may reach the app where it is in a private network (WICG, "Private Network Access").
    ///
    /// Default: `false`.
    #[must_use]
    pub fn private_network(mut self, on: bool) -> Self {
        self.private_network = on;
        self
    }

    /// Tells whether the answer is the same whoever asks.
    fn is_public(&self) -> bool {
        matches!(self.origins, Origins::Any) && !self.credentials
    }

    /// Adds what both kinds of answer say.
    fn allow(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.is_public() {
            let any = HeaderValue::from_static("*");
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
            return;
        }
        // Also where the request names no origin: a cache must not give that answer to a page (Fetch, "CORS protocol
        // and HTTP caches").
        add_vary(headers, &header::ORIGIN);
        let Some(origin) = origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }

    /// Answers a preflight request; what is not allowed is left out, and the browser says what it misses.
    fn preflight(&self, asked: &HeaderMap) -> Response {
        let origin = self.origins.allowed(asked);
        let mut response = match origin {
            Some(_) => StatusCode::NO_CONTENT.into_response(),
            None => HttpError::forbidden("pages of this origin may not use this").into_response(),
        };
        let headers = response.headers_mut();
        self.allow(origin, headers);
        add_vary(headers, &header::ACCESS_CONTROL_REQUEST_METHOD);
        add_vary(headers, &header::ACCESS_CONTROL_REQUEST_HEADERS);
        if self.private_network {
            add_vary(headers, &REQUEST_PRIVATE_NETWORK);
        }
        if origin.is_none() {
            headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            return response;
        }
        let mut say =
            |name, value: Option<HeaderValue>| value.map(|value| headers.insert(name, value));
        let mirrored = |name| asked.get(name).cloned();
        say(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            (self.methods.clone()).or_else(|| mirrored(header::ACCESS_CONTROL_REQUEST_METHOD)),
        );
        say(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            (self.headers.clone()).or_else(|| mirrored(header::ACCESS_CONTROL_REQUEST_HEADERS)),
        );
        say(
            header::ACCESS_CONTROL_MAX_AGE,
            self.max_age.map(|age| age.as_secs().into()),
        );
        let private = self.private_network && asked.contains_key(REQUEST_PRIVATE_NETWORK);
        say(
            ALLOW_PRIVATE_NETWORK,
            private.then(|| HeaderValue::from_static("true")),
        );
        response
    }
}

impl Default for Cors {
    fn default() -> Self {
        Self::new()
    }
}

impl Middleware<Served> for Cors {
    async fn handle(&self, request: Request, next: Next) -> Response {
        if is_preflight(&request) {
            return self.preflight(request.headers());
        }
        let origin = self.origins.allowed(request.headers()).cloned();
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        // A handler, or one that is wrapped inside, knows better.
        if headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            if !self.is_public() {
                add_vary(headers, &header::ORIGIN);
            }
            return response;
        }
        self.allow(origin.as_ref(), headers);
        // What is the same for everybody may come out of a cache, and has to be whole then.
        if (origin.is_some() || self.is_public())
            && let Some(exposed) = &self.exposed
        {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
        response
    }

    fn problem(&self) -> Option<String> {
        if self.credentials && matches!(self.origins, Origins::Any) {
            return Some(
                "credentials cannot be allowed to pages of any origin: list the origins".to_owned(),
            );
        }
        self.origins.problem()
    }
}

/// Tells whether a browser asks if a page may send a request (Fetch, "CORS-preflight request").
fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Joins tokens, which are always a valid value.
fn list<T>(tokens: &[T], text: fn(&T) -> &str) -> HeaderValue {
    let texts: Vec<&str> = tokens.iter().map(text).collect();
    HeaderValue::try_from(texts.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests;
