//! [`SensitiveHeaders`]: header fields that no log shows.

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, PROXY_AUTHORIZATION, SET_COOKIE};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};

/// Marks the values of fields that hold secrets, in requests and answers, so that `Debug` prints `Sensitive` in their place.
///
/// Wrapped around an app, outermost, so that what is wrapped inside may log requests whole. Handlers read marked values like
/// others. Over HTTP/2 a marked value never gets into the table of the compression, where its length could be guessed from
/// (RFC 7541 §7.1.3).
///
/// The fields: `authorization`, `proxy-authorization`, `cookie`, `set-cookie`, and those that are [added](Self::also).
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, HeaderName};
/// use wharf_core::middleware::SensitiveHeaders;
/// use wharf_core::{App, Body, get};
///
/// async fn show(headers: HeaderMap) -> String {
///     format!("{headers:?}")
/// }
///
/// let secret = SensitiveHeaders::new().also([HeaderName::from_static("x-api-key")]);
/// let app = App::new().wrap(secret).routes([get("/", show)]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let request = http::Request::get("/").header("x-api-key", "hush").body(Body::empty()).unwrap();
/// let mut answer = app.start().await.unwrap().handle(request).await;
/// assert_eq!(answer.body_mut().bytes(None).await.unwrap(), r#"{"x-api-key": Sensitive}"#);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct SensitiveHeaders {
    names: Vec<HeaderName>,
}

impl SensitiveHeaders {
    /// Creates the middleware for the fields that hold credentials in any app.
    #[must_use]
    pub fn new() -> Self {
        Self {
            names: vec![AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE],
        }
    }

    /// Adds fields, such as those that hold the keys of an API.
    #[must_use]
    pub fn also(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.names.extend(names);
        self
    }

    fn mark(&self, headers: &mut HeaderMap) {
        for (name, value) in headers.iter_mut() {
            if self.names.contains(name) {
                value.set_sensitive(true);
            }
        }
    }
}

impl Default for SensitiveHeaders {
    fn default() -> Self {
        Self::new()
    }
}

impl Middleware<Served> for SensitiveHeaders {
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        self.mark(request.headers_mut());
        let mut response = next.run(request).await;
        self.mark(response.headers_mut());
        response
    }
}

#[cfg(test)]
mod tests {
    use wharf_http::Body;

    use super::*;
    use crate::{App, get};

    #[tokio::test]
    async fn secrets_are_marked_on_both_ways_and_still_read() {
        async fn show(headers: HeaderMap) -> ([(&'static str, &'static str); 2], String) {
            assert_eq!(headers["authorization"], "Bearer hush");
            let fields = [("set-cookie", "id=hush"), ("x-open", "said")];
            (fields, format!("{headers:?}"))
        }
        let app = App::new()
            .wrap(SensitiveHeaders::new().also([HeaderName::from_static("x-key")]))
            .routes([get("/", show)]);
        let request = http::Request::get("/")
            .header("authorization", "Bearer hush")
            .header("proxy-authorization", "Basic hush")
            .header("cookie", "id=hush")
            .header("cookie", "other=hush")
            .header("x-key", "hush")
            .header("x-open", "said")
            .body(Body::empty())
            .unwrap();
        let mut answer = app.start().await.unwrap().handle(request).await;
        let seen = answer.body_mut().bytes(None).await.unwrap();
        let seen = String::from_utf8_lossy(&seen).into_owned();
        assert!(!seen.contains("hush") && seen.contains("said"), "{seen}");
        assert_eq!(seen.matches("Sensitive").count(), 5);
        let sent = format!("{:?}", answer.headers());
        assert!(!sent.contains("hush") && sent.contains("said"), "{sent}");
        assert_eq!(answer.headers()["set-cookie"], "id=hush");
    }
}
