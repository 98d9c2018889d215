//! [`NormalizePath`]: one way to write a path.

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};
use crate::response::IntoResponse;

/// What a location cannot hold. Browsers read a backslash as a slash, and `/\host` would lead to another host.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\');

/// Sends requests whose path has empty segments or dots to the path without them, by 308 (RFC 9110 §15.4.9).
///
/// Wrapped around an app. `/a//b`, `/a/./b` and `/a/x/../b` become `/a/b`, dots that are percent-encoded as well
/// (RFC 3986 §5.2.4, §6.2.2); method and query stay. It is a redirect, since the route is found before any middleware
/// runs, and since two paths for one thing are two entries in every cache. Slashes at the end are the routes' business, see
/// [`TrailingSlash`](crate::TrailingSlash).
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::NormalizePath;
/// use wharf_core::{App, Body, get};
///
/// let app = App::new().wrap(NormalizePath::new()).routes([get("/ships/{id}", async || "ship")]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let request = http::Request::get("//ships/./7?all").body(Body::empty()).unwrap();
/// let answer = app.start().await.unwrap().handle(request).await;
/// assert_eq!(answer.status(), 308);
/// assert_eq!(answer.headers()["location"], "/ships/7?all");
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NormalizePath {}

impl NormalizePath {
    /// Creates the middleware.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Middleware<Served> for NormalizePath {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let Some(path) = normal(request.uri().path()) else {
            return next.run(request).await;
        };
        let mut location = utf8_percent_encode(&path, ENCODED).to_string();
        if let Some(query) = request.uri().query() {
            location.push('?');
            location.extend(utf8_percent_encode(query, ENCODED));
        }
        let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// Returns the path without empty segments and dots; `None` if nothing changes.
fn normal(path: &str) -> Option<String> {
    let segments = path.strip_prefix('/')?;
    let is_plain = |segment: &str| !segment.is_empty() && !is_dot(segment) && !is_dots(segment);
    let mut normal: Vec<&str> = Vec::new();
    for segment in segments.split('/') {
        if is_dots(segment) {
            normal.pop();
        } else if is_plain(segment) {
            normal.push(segment);
        }
    }
    let last = segments.rsplit('/').next().unwrap_or_default();
    if !is_plain(last) && !normal.is_empty() {
        normal.push("");
    }
    let normal = format!("/{}", normal.join("/"));
    (normal != path).then_some(normal)
}

fn is_dot(segment: &str) -> bool {
    segment == "." || segment.eq_ignore_ascii_case("%2e")
}

fn is_dots(segment: &str) -> bool {
    let forms = ["..", ".%2e", "%2e.", "%2e%2e"];
    forms.iter().any(|form| segment.eq_ignore_ascii_case(form))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wharf_http::Body;

    use super::*;
    use crate::{App, any};

    #[test]
    fn empty_segments_and_dots_go() {
        for (path, expected) in [
            ("/", None),
            ("/a", None),
            ("/a/", None),
            ("/a.b/..c/...", None),
            ("/a%2Fb", None),
            ("*", None),
            ("//", Some("/")),
            ("//a", Some("/a")),
            ("/a//b///c", Some("/a/b/c")),
            ("/a//", Some("/a/")),
            ("/./a", Some("/a")),
            ("/a/.", Some("/a/")),
            ("/a/..", Some("/")),
            ("/a/b/..", Some("/a/")),
            ("/a/b/../c", Some("/a/c")),
            ("/../../a", Some("/a")),
            ("/a/%2e%2E/b", Some("/b")),
            ("/a/%2e/b", Some("/a/b")),
            ("/a//../b", Some("/b")),
        ] {
            assert_eq!(normal(path).as_deref(), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn the_redirect_keeps_method_and_query_and_host() {
        for (target, location) in [
            ("/a//b?x=//", Some("/a/b?x=//")),
            ("//evil.test/a", Some("/evil.test/a")),
            ("//\\evil.test", Some("/%5Cevil.test")),
            ("/.//evil.test", Some("/evil.test")),
            ("/a/b", None),
            ("/nothing", None),
        ] {
            let app = App::new()
                .wrap(NormalizePath::new())
                .routes([any("/a/b", async || "b")]);
            let running = app.start().await.unwrap();
            let Ok(request) = http::Request::post(target).body(Body::empty()) else {
                continue;
            };
            let answer = running.handle(request).await;
            let found = answer.headers().get(LOCATION);
            let found = found.map(|found| found.to_str().unwrap());
            assert_eq!(found, location, "{target}");
            let redirects = answer.status() == StatusCode::PERMANENT_REDIRECT;
            assert_eq!(redirects, location.is_some(), "{target}");
        }
    }

    proptest! {
        #[test]
        fn what_is_normal_stays(path in "/([a./\\\\]|%2e|%2F){0,12}") {
            if let Some(normal) = normal(&path) {
                prop_assert!(normal.starts_with('/') && !normal.contains("//"), "{}", normal);
                prop_assert_eq!(super::normal(&normal), None);
            }
        }
    }
}
