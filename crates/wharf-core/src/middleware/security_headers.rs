//! [`SecurityHeaders`]: header fields that make browsers careful.

use std::time::Duration;

use http::header::{self, HeaderName, HeaderValue};
use http::uri::Scheme;
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What is sent unless it is changed.
const DEFAULTS: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "base-uri 'self'; frame-ancestors 'self'; object-src 'none'",
    ),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (
        PERMISSIONS_POLICY,
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Adds header fields that make browsers careful, to every answer, errors included.
///
/// Wrapped around an app, a mounted app or a route. A field that the answer has already stays as it is. The defaults:
///
/// | field | value | keeps |
/// |---|---|---|
/// | `X-Content-Type-Options` | `nosniff` | a browser from guessing that an upload is a script (Fetch, "`X-Content-Type-Options`") |
/// | `Content-Security-Policy` | `base-uri 'self'; frame-ancestors 'self'; object-src 'none'` | others from framing pages (W3C CSP 3 §6.4.2) |
/// | `X-Frame-Options` | `SAMEORIGIN` | the same in old browsers (RFC 7034) |
/// | `Referrer-Policy` | `strict-origin-when-cross-origin` | paths from other sites |
/// | `Cross-Origin-Opener-Policy` | `same-origin` | a page that opened this one from reaching into it |
/// | `Cross-Origin-Resource-Policy` | `same-origin` | others from embedding answers (Fetch, "`Cross-Origin-Resource-Policy`") |
/// | `Permissions-Policy` | `camera=(), geolocation=(), microphone=(), payment=(), usb=()` | scripts from what pages hardly ever need |
/// | `Strict-Transport-Security` | `max-age=31536000` | browsers from coming back without TLS; sent over TLS only (RFC 6797 §7.2) |
///
/// # Examples
///
/// ```
/// use http::header::REFERRER_POLICY;
/// use wharf_core::middleware::SecurityHeaders;
/// use wharf_core::{App, get};
///
/// let headers = SecurityHeaders::new()
///     .content_security_policy("default-src 'self'; frame-ancestors 'none'")
///     .set(REFERRER_POLICY, "no-referrer");
/// let app = App::new().wrap(headers).routes([get("/", async || "index")]);
/// # app.check().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct SecurityHeaders {
    fields: Vec<(HeaderName, HeaderValue)>,
    transport: Option<HeaderValue>,
    problem: Option<String>,
}

impl SecurityHeaders {
    /// Creates the middleware with the defaults above.
    #[must_use]
    pub fn new() -> Self {
        let fields = DEFAULTS.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let none = Self {
            fields: fields.into(),
            transport: None,
            problem: None,
        };
        none.strict_transport(YEAR, false)
    }

    /// Sets a field, one of the defaults or another.
    ///
    /// What is no field value is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn set(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        let text = value.as_ref();
        match HeaderValue::from_str(text) {
            Ok(value) => {
                self = self.without(&name);
                self.fields.push((name, value));
            }
            Err(_) => self.problem = Some(format!("`{text}` is no value of a header field")),
        }
        self
    }

    /// Leaves a field out, one of the defaults or one that was set.
    #[must_use]
    pub fn without(mut self, name: &HeaderName) -> Self {
        self.fields.retain(|(other, _)| other != name);
        if name == header::STRICT_TRANSPORT_SECURITY {
            self.transport = None;
        }
        self
    }

    /// Sets from where pages may load what (W3C CSP 3); the one of the defaults is replaced.
    #[must_use]
    pub fn content_security_policy(self, policy: impl AsRef<str>) -> Self {
        self.set(header::CONTENT_SECURITY_POLICY, policy)
    }

    /// Sets how long browsers insist on TLS, in whole seconds, and whether on all hosts below this one, too
    /// (RFC 6797 §6.1). Zero takes back what was said before.
    ///
    /// Default: a year, this host alone. [`without`](Self::without) leaves it out.
    #[must_use]
    pub fn strict_transport(mut self, age: Duration, subdomains: bool) -> Self {
        let below = if subdomains {
            "; includeSubDomains"
        } else {
            ""
        };
        let text = format!("max-age={}{below}", age.as_secs());
        self.transport = HeaderValue::try_from(text).ok();
        self
    }
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self::new()
    }
}

impl Middleware<Served> for SecurityHeaders {
    async fn handle(&self, request: Request, next: Next) -> Response {
        let protected = *next.scope().context().scheme() == Scheme::HTTPS;
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        for (name, value) in &self.fields {
            if !headers.contains_key(name) {
                headers.insert(name, value.clone());
            }
        }
        if let Some(value) = self.transport.as_ref().filter(|_| protected)
            && !headers.contains_key(header::STRICT_TRANSPORT_SECURITY)
        {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
        }
        response
    }

    fn problem(&self) -> Option<String> {
        if self
            .fields
            .iter()
            .any(|(name, _)| name == header::STRICT_TRANSPORT_SECURITY)
        {
            return Some("`Strict-Transport-Security` is set by `strict_transport`, so that it is sent over TLS only".to_owned());
        }
        self.problem.clone()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use wharf_http::{Body, Connection, Context, Service};

    use super::*;
    use crate::{App, get};

    async fn ask(middleware: SecurityHeaders, scheme: Scheme, path: &str) -> HeaderMap {
        let own = async || {
            (
                [
                    ("x-frame-options", "DENY"),
                    ("strict-transport-security", "max-age=1"),
                ],
                "",
            )
        };
        let app = App::new()
            .wrap(middleware)
            .routes([get("/", async || "index"), get("/own", own)]);
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let context = Context::new(Connection::memory().with_scheme(scheme));
        let running = app.start().await.unwrap();
        running.call(request, &context).await.headers().clone()
    }

    #[tokio::test]
    async fn every_answer_has_the_defaults() {
        for path in ["/", "/nothing"] {
            let headers = ask(SecurityHeaders::new(), Scheme::HTTP, path).await;
            for (name, value) in DEFAULTS {
                assert_eq!(headers[&name], value, "{path}");
            }
            assert!(!headers.contains_key("strict-transport-security"));
            let headers = ask(SecurityHeaders::new(), Scheme::HTTPS, path).await;
            assert_eq!(headers["strict-transport-security"], "max-age=31536000");
        }
    }

    #[tokio::test]
    async fn what_a_handler_says_stands() {
        let headers = ask(SecurityHeaders::new(), Scheme::HTTPS, "/own").await;
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=1"),
            ("x-content-type-options", "nosniff"),
        ] {
            let values: Vec<_> = headers.get_all(name).iter().collect();
            assert_eq!(values, [value]);
        }
    }

    #[tokio::test]
    async fn each_field_can_be_changed_or_left_out() {
        let changed = SecurityHeaders::new()
            .content_security_policy("default-src 'self'")
            .without(&header::X_FRAME_OPTIONS)
            .set(HeaderName::from_static("x-dns-prefetch-control"), "off")
            .strict_transport(Duration::from_secs(60), true);
        let headers = ask(changed, Scheme::HTTPS, "/").await;
        for (name, value) in [
            ("content-security-policy", Some("default-src 'self'")),
            ("x-frame-options", None),
            ("x-dns-prefetch-control", Some("off")),
            (
                "strict-transport-security",
                Some("max-age=60; includeSubDomains"),
            ),
        ] {
            let found = headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(found, value, "{name}");
        }
        let without = SecurityHeaders::new().without(&header::STRICT_TRANSPORT_SECURITY);
        let headers = ask(without, Scheme::HTTPS, "/").await;
        assert!(!headers.contains_key("strict-transport-security"));
    }

    #[test]
    fn what_is_no_value_is_found_before_the_start() {
        let broken = SecurityHeaders::new().content_security_policy("default-src\n'self'");
        assert!(App::new().wrap(broken).check().is_err());
        let unprotected =
            SecurityHeaders::new().set(header::STRICT_TRANSPORT_SECURITY, "max-age=1");
        assert!(App::new().wrap(unprotected).check().is_err());
    }
}
