//! [`Csrf`]: no page of somebody else changes anything in the name of its visitor.

use http::Method;
use http::header::{HeaderName, HeaderValue, ORIGIN};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};
use crate::error::HttpError;
use crate::origin::{is_same, malformed};
use crate::response::IntoResponse;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses requests that a page of another origin has a browser send, with its visitor's cookies, to change something.
///
/// Wrapped around an app, a mounted app or a route. It needs no token in forms and no state: browsers say by themselves where
/// a request comes from, and no page can make them lie. In this order:
///
/// 1. GET, HEAD, OPTIONS and TRACE pass: they change nothing (RFC 9110 §9.2.1), so handlers of them must not either.
/// 2. What comes from a [trusted](Self::trust) origin passes.
/// 3. `Sec-Fetch-Site` decides where it is there (W3C Fetch Metadata §2.3): `same-origin` passes, and `none`, which is the
///    visitor himself; the rest is answered 403. Browsers send it over TLS and to `localhost`.
/// 4. Else `Origin` has to be the host that the request is for (RFC 6454 §7.3); else the answer is 403.
/// 5. What has neither field comes from no browser, and passes.
///
/// A WebSocket is opened by a GET, and has a check of its own.
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::Csrf;
/// use wharf_core::{App, post};
///
/// let app = App::new()
///     .wrap(Csrf::new().trust(["https://accounts.harbour.test"]))
///     .routes([post("/berths", async || "moored")]);
/// # app.check().unwrap();
/// # let page = http::Request::post("/berths").header("origin", "https://evil.test");
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let running = app.start().await.unwrap();
/// let answer = running.handle(page.body(wharf_core::Body::empty()).unwrap()).await;
/// assert_eq!(answer.status(), 403);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Csrf {
    trusted: Vec<String>,
    same_site: bool,
}

impl Csrf {
    /// Creates the middleware; it trusts pages of the app's own origin and no others.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts pages of these origins too, each as `https://host` or `https://host:port`, as browsers write them.
    ///
    /// An origin that no browser sends is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn trust(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.trusted.extend(origins.into_iter().map(Into::into));
        self
    }

    /// Sets whether pages of the same site are trusted: all hosts below the same registered domain, by the same scheme.
    ///
    /// Default: `false`, as a neighbour that was broken into could act for all visitors. Only `Sec-Fetch-Site` tells sites apart.
    #[must_use]
    pub fn same_site(mut self, on: bool) -> Self {
        self.same_site = on;
        self
    }

    /// Tells where a request comes from if it may not come from there.
    fn refuses(&self, request: &Request, next: &Next) -> Option<&'static str> {
        if matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
        ) {
            return None;
        }
        let headers = request.headers();
        let origin = match sole(request, &ORIGIN) {
            Ok(origin) => origin,
            Err(Several) => return Some("several origins at once"),
        };
        if let Some(origin) = origin
            && self.trusted.iter().any(|one| one == origin)
        {
            return None;
        }
        match sole(request, &SEC_FETCH_SITE) {
            Ok(Some("same-origin" | "none")) => return None,
            Ok(Some("same-site")) if self.same_site => return None,
            Ok(Some("same-site")) => return Some("another origin of the same site"),
            Ok(Some(_)) | Err(Several) => return Some("another site"),
            Ok(None) => {}
        }
        match origin {
            Some(origin) if !is_same(origin, headers, next.scope().context().scheme()) => {
                Some("another origin")
            }
            _ => None,
        }
    }
}

impl Middleware<Served> for Csrf {
    async fn handle(&self, request: Request, next: Next) -> Response {
        match self.refuses(&request, &next) {
            None => next.run(request).await,
            Some(whence) => HttpError::forbidden(format!(
                "a page of {whence} may not send this request in the name of its visitor"
            ))
            .into_response(),
        }
    }

    fn problem(&self) -> Option<String> {
        self.trusted.iter().find_map(|origin| malformed(origin))
    }
}

/// Says that a field is there more than once.
struct Several;

/// Returns the text of a field that browsers send once; what is no text is like no origin and no site.
fn sole<'r>(request: &'r Request, name: &HeaderName) -> Result<Option<&'r str>, Several> {
    let mut lines = request.headers().get_all(name).iter();
    let first = lines
        .next()
        .map(|line: &HeaderValue| line.to_str().unwrap_or("?"));
    match lines.next() {
        None => Ok(first),
        Some(_) => Err(Several),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use wharf_http::{Body, Connection, Context, Service};

    use super::*;
    use crate::{App, any, post};

    async fn ask(csrf: &Csrf, method: &str, scheme: &str, fields: &[(&str, &str)]) -> StatusCode {
        let app = App::new()
            .wrap(csrf.clone())
            .routes([any("/", async || "changed"), post("/post", async || "")]);
        let mut request = http::Request::builder().method(method).uri("/");
        for (name, value) in [("host", "quay.test")].iter().chain(fields) {
            request = request.header(*name, *value);
        }
        let connection = Connection::memory().with_scheme(scheme.parse().unwrap());
        let running = app.start().await.unwrap();
        let request = request.body(Body::empty()).unwrap();
        running
            .call(request, &Context::new(connection))
            .await
            .status()
    }

    #[tokio::test]
    async fn where_a_request_comes_from_decides() {
        let own = ("origin", "https://quay.test");
        let other = ("origin", "https://evil.test");
        let friend = ("origin", "https://friend.test");
        let site = |site| ("sec-fetch-site", site);
        let csrf = Csrf::new().trust(["https://friend.test"]);
        for (fields, passes) in [
            (vec![], true),
            (vec![own], true),
            (vec![("origin", "https://QUAY.test:443")], true),
            (vec![other], false),
            (vec![friend], true),
            (vec![("origin", "https://friend.test.evil.test")], false),
            (vec![("origin", "null")], false),
            (vec![("origin", "https://quay.test:8443")], false),
            (vec![("origin", "http://quay.test")], false),
            (vec![own, own], false),
            (vec![friend, other], false),
            (vec![site("same-origin")], true),
            (vec![site("none")], true),
            (vec![site("same-site")], false),
            (vec![site("cross-site")], false),
            (vec![site("something-new")], false),
            (vec![site("same-origin"), site("cross-site")], false),
            // Behind a proxy that changes `Host`, the browser knows better.
            (
                vec![site("same-origin"), ("origin", "https://public.test")],
                true,
            ),
            (vec![site("cross-site"), own], false),
            (vec![site("cross-site"), friend], true),
            (vec![site("cross-site"), ("origin", "null")], false),
        ] {
            let expected = if passes { 200 } else { 403 };
            for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
                let status = ask(&csrf, method, "https", &fields).await;
                assert_eq!(status.as_u16(), expected, "{method} {fields:?}");
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                let status = ask(&csrf, method, "https", &fields).await;
                assert_eq!(status, StatusCode::OK, "{method} {fields:?}");
            }
        }
    }

    #[tokio::test]
    async fn the_same_site_is_trusted_on_request() {
        let fields = [
            ("sec-fetch-site", "same-site"),
            ("origin", "https://a.quay.test"),
        ];
        let csrf = Csrf::new().same_site(true);
        assert_eq!(ask(&csrf, "POST", "https", &fields).await, StatusCode::OK);
        let fields = [("sec-fetch-site", "cross-site")];
        assert_eq!(
            ask(&csrf, "POST", "https", &fields).await,
            StatusCode::FORBIDDEN
        );
    }

    #[tokio::test]
    async fn an_unprotected_page_is_no_page_of_a_protected_host() {
        let fields = [("origin", "http://quay.test")];
        let status = ask(&Csrf::new(), "POST", "http", &fields).await;
        assert_eq!(status, StatusCode::OK);
        let status = ask(&Csrf::new(), "POST", "https", &fields).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }

    #[tokio::test]
    async fn the_refusal_says_why() {
        let app = App::new().routes([post("/", async || "").wrap(Csrf::new())]);
        let request = http::Request::post("/").header("origin", "https://evil.test");
        let running = app.start().await.unwrap();
        let mut answer = running.handle(request.body(Body::empty()).unwrap()).await;
        let text = answer.body_mut().bytes(None).await.unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(text.contains("a page of another origin may not"), "{text}");
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_found_before_the_start() {
        let problem = |origin: &str| {
            App::new()
                .wrap(Csrf::new().trust([origin]))
                .check()
                .is_err()
        };
        assert!(problem("https://friend.test/"));
        assert!(problem("null"));
        assert!(!problem("https://friend.test"));
    }
}
