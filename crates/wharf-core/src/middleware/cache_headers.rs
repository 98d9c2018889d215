//! [`CacheHeaders`]: how long caches may keep what.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderMap, HeaderValue, SET_COOKIE};
use http::{Method, StatusCode};
use wharf_http::header::{CacheControl, TypedHeader as _};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};

/// Says how long caches may keep answers that do not say it themselves (RFC 9111 §5.2).
///
/// Wrapped around an app, a mounted app or a route. The first rule that fits an answer to GET or HEAD decides. Rules by path
/// and media type are for successes and 304, those by status for that status. What has `Cache-Control` or `Expires` already
/// stays as it is. What sets a cookie is for one client alone (RFC 9111 §7.3): a rule that lets others have it is not followed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_core::http::header::CacheControl;
/// use wharf_core::middleware::CacheHeaders;
/// use wharf_core::{App, get};
///
/// let day = CacheControl::new().public().max_age(Duration::from_secs(86_400));
/// let caching = CacheHeaders::new()
///     .path("/assets/*", &day.clone().immutable())
///     .media_type("image/*", &day)
///     .otherwise(&CacheControl::new().no_cache());
/// let app = App::new().wrap(caching).routes([get("/", async || "index")]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = app.start().await.unwrap().handle(Default::default()).await;
/// assert_eq!(answer.headers()["cache-control"], "no-cache");
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct CacheHeaders {
    rules: Vec<Rule>,
    problem: Option<String>,
}

#[derive(Clone, Debug)]
struct Rule {
    what: What,
    value: HeaderValue,
    /// Whether nobody but the client may use what is kept without asking.
    personal: bool,
}

#[derive(Clone, Debug)]
enum What {
    Path(String),
    MediaType(String),
    Status(StatusCode),
    AnySuccess,
}

impl CacheHeaders {
    /// Creates the middleware without rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule for paths as they were sent, the prefix of a mounted app included. A `*` stands for any text.
    ///
    /// A pattern that does not begin with `/` or `*` fits nothing, and is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn path(mut self, pattern: impl Into<String>, cache: &CacheControl) -> Self {
        let pattern = pattern.into();
        if !pattern.starts_with(['/', '*']) {
            self.problem = Some(format!(
                "`{pattern}` fits no path: begin it with `/` or `*`"
            ));
        }
        self.rule(What::Path(pattern), cache)
    }

    /// Adds a rule for a media type without parameters, such as `text/css`, or for several, such as `image/*`.
    #[must_use]
    pub fn media_type(self, pattern: impl Into<String>, cache: &CacheControl) -> Self {
        let pattern = pattern.into().to_ascii_lowercase();
        self.rule(What::MediaType(pattern), cache)
    }

    /// Adds a rule for a status, such as 404, which caches else keep for as long as they like (RFC 9110 §15.1).
    ///
    /// Errors that are made of an [`HttpError`](crate::HttpError) forbid to keep them already, and stay so.
    #[must_use]
    pub fn status(self, status: StatusCode, cache: &CacheControl) -> Self {
        self.rule(What::Status(status), cache)
    }

    /// Adds a rule for all successes; none after it is looked at for them.
    #[must_use]
    pub fn otherwise(self, cache: &CacheControl) -> Self {
        self.rule(What::AnySuccess, cache)
    }

    fn rule(mut self, what: What, cache: &CacheControl) -> Self {
        // Without a directive there is nothing to say, and the rule only keeps later ones from what it fits.
        let value = cache
            .encode()
            .unwrap_or_else(|| HeaderValue::from_static(""));
        let personal = cache.is_no_store() || cache.is_no_cache() || cache.is_private();
        self.rules.push(Rule {
            what,
            value,
            personal,
        });
        self
    }

    fn find(&self, path: &str, status: StatusCode, headers: &HeaderMap) -> Option<&HeaderValue> {
        let succeeded = status.is_success() || status == StatusCode::NOT_MODIFIED;
        let rule = self.rules.iter().find(|rule| match &rule.what {
            What::Status(own) => status == *own,
            What::Path(pattern) => succeeded && fits(pattern, path),
            What::MediaType(pattern) => succeeded && fits(pattern, &media_type(headers)),
            What::AnySuccess => succeeded,
        })?;
        let may = rule.personal || !headers.contains_key(SET_COOKIE);
        (may && !rule.value.is_empty()).then_some(&rule.value)
    }
}

impl Middleware<Served> for CacheHeaders {
    async fn handle(&self, request: Request, next: Next) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return next.run(request).await;
        }
        let scope = Arc::clone(next.scope());
        let mut response = next.run(request).await;
        let headers = response.headers();
        let is_settled = [CACHE_CONTROL, EXPIRES]
            .iter()
            .any(|name| headers.contains_key(name));
        if !is_settled && let Some(value) = self.find(scope.path(), response.status(), headers) {
            response.headers_mut().insert(CACHE_CONTROL, value.clone());
        }
        response
    }

    fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}

/// Returns the media type of an answer in small letters, without its parameters; nothing when there is none.
fn media_type(headers: &HeaderMap) -> String {
    let text = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let text = text.and_then(|text| text.split(';').next());
    text.unwrap_or_default().trim().to_ascii_lowercase()
}

/// Tells whether a pattern in which `*` stands for any text fits; the first place where each piece fits is enough.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*').filter(|piece| !piece.is_empty()) {
        let Some((_, after)) = text.split_once(piece) else {
            return false;
        };
        text = after;
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use wharf_http::Body;

    use super::*;
    use crate::response::IntoResponse;
    use crate::{App, any};

    fn seconds(seconds: u64) -> CacheControl {
        CacheControl::new().max_age(Duration::from_secs(seconds))
    }

    async fn ask(
        method: Method,
        path: &str,
        answer: impl IntoResponse + Clone + Send + Sync + 'static,
    ) -> Option<String> {
        let caching = CacheHeaders::new()
            .status(StatusCode::NOT_FOUND, &seconds(1))
            .path("/assets/*", &seconds(2))
            .media_type("image/*", &seconds(3))
            .media_type("text/CSS", &seconds(4))
            .path("/free/*", &CacheControl::new())
            .otherwise(&CacheControl::new().no_cache());
        let handler = move || {
            let answer = answer.clone();
            async move { answer }
        };
        let routes =
            ["/assets/{*rest}", "/free/{*rest}", "/x"].map(|path| any(path, handler.clone()));
        let app = App::new().wrap(caching).routes(routes);
        let mut request = http::Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        let answer = app.start().await.unwrap().handle(request).await;
        let lines: Vec<_> = answer.headers().get_all(CACHE_CONTROL).iter().collect();
        assert!(lines.len() <= 1);
        Some(lines.first()?.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn the_first_rule_that_fits_decides() {
        for (path, media_type, status, expected) in [
            ("/assets/a.png?v=1", "image/png", 200, Some("max-age=2")),
            ("/x", "image/png", 200, Some("max-age=3")),
            ("/x", "IMAGE/svg+xml; charset=utf-8", 200, Some("max-age=3")),
            ("/x", "text/css; charset=utf-8", 200, Some("max-age=4")),
            ("/x", "text/csss", 200, Some("no-cache")),
            ("/free/x", "text/plain", 200, None),
            ("/x", "text/plain", 304, Some("no-cache")),
            ("/assets/a", "text/plain", 404, Some("max-age=1")),
            ("/assets/a", "text/plain", 500, None),
            ("/x", "text/plain", 302, None),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = (status, [("content-type", media_type)], "");
            for method in [Method::GET, Method::HEAD] {
                let found = ask(method, path, answer).await;
                assert_eq!(found.as_deref(), expected, "{path} {media_type} {status}");
            }
            assert_eq!(ask(Method::POST, path, answer).await, None);
        }
    }

    #[tokio::test]
    async fn what_a_handler_says_stands() {
        for (name, value, expected) in [
            ("cache-control", "no-store", Some("no-store")),
            ("expires", "0", None),
            ("set-cookie", "a=b", None),
        ] {
            let found = ask(Method::GET, "/assets/a", ([(name, value)], "")).await;
            assert_eq!(found.as_deref(), expected, "{name}");
        }
        let error = ask(Method::GET, "/nothing", "").await;
        assert_eq!(error.as_deref(), Some("no-store"));
        let cookie = ([("set-cookie", "a=b")], "");
        let found = ask(Method::GET, "/x", cookie).await;
        assert_eq!(found.as_deref(), Some("no-cache"));
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("*", "/a", true),
            ("/a/*", "/a/b/c", true),
            ("/a/*", "/a", false),
            ("*.js", "/a/b.js", true),
            ("*.js", "/a/b.jsx", false),
            ("/a*b*c", "/axbyc", true),
            ("/a*b*c", "/acb", false),
            ("/ab*ba", "/aba", false),
            ("/**/x", "/a/x", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        let relative = CacheHeaders::new().path("assets/*", &seconds(1));
        assert!(App::new().wrap(relative).check().is_err());
    }

    proptest! {
        #[test]
        fn a_pattern_is_read_like_the_regular_expression(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let expression = format!("^{}$", pattern.replace('*', ".*"));
            let expected = regex_lite::Regex::new(&expression).unwrap().is_match(&text);
            prop_assert_eq!(fits(&pattern, &text), expected);
        }
    }
}
