//! [`SecurityHeaders`]: header fields that make browsers careful.

mod policy;

use std::any::type_name;
use std::future::Ready;
use std::time::Duration;

use http::header::{self, Entry, HeaderMap, HeaderName, HeaderValue};
use http::uri::Scheme;
use wharf_http::{Middleware, Request, Response};

use self::policy::Policy;
use super::into::ViaSettings;
use super::{IntoMiddleware, Layer, Next, Served};
use crate::extract::CspNonce;
use crate::response::IntoResponse;

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
/// Wrapped around an app, a mounted app or a route. A field that the answer has already stays as it is. With a policy that
/// names a nonce, handlers take it as [`CspNonce`]. The defaults:
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
    /// Fields that are different in every answer.
    policies: Vec<(HeaderName, Policy)>,
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
            policies: Vec::new(),
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
        let is_policy = [
            header::CONTENT_SECURITY_POLICY,
            header::CONTENT_SECURITY_POLICY_REPORT_ONLY,
        ]
        .contains(&name);
        if is_policy && Policy::is_one(text) {
            match Policy::new(text) {
                Ok(policy) => {
                    self = self.without(&name);
                    self.policies.push((name, policy));
                }
                Err(problem) => self.problem = Some(problem),
            }
            return self;
        }
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
        self.policies.retain(|(other, _)| other != name);
        if name == header::STRICT_TRANSPORT_SECURITY {
            self.transport = None;
        }
        self
    }

    /// Sets from where pages may load what (W3C CSP 3); the one of the defaults is replaced.
    ///
    /// For `{nonce}` in it, as in `script-src 'nonce-{nonce}'`, each request gets a random number of its own, which handlers take as
    /// [`CspNonce`] and put into the scripts and styles of their pages. Caches must not give such a page to somebody else.
    /// A place where no browser would look for a nonce is a problem that [`App::check`](crate::App::check) lists.
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

impl IntoMiddleware<ViaSettings> for SecurityHeaders {
    type Output = Response;
    type Future = Ready<Response>;
    type Arguments = ();

    fn into_layer(self) -> Layer {
        let has_nonce = !self.policies.is_empty();
        let layer = Layer::named(type_name::<Self>(), Adding::new(self));
        match has_nonce {
            true => layer.provides::<CspNonce>(),
            false => layer,
        }
    }
}

/// What stands in the chain.
struct Adding {
    settings: SecurityHeaders,
    /// What is sent without TLS.
    plain: HeaderMap,
    /// What is sent with it.
    protected: HeaderMap,
}

impl Adding {
    fn new(settings: SecurityHeaders) -> Self {
        let plain: HeaderMap = settings.fields.iter().cloned().collect();
        let mut protected = plain.clone();
        if let Some(value) = &settings.transport {
            protected.insert(header::STRICT_TRANSPORT_SECURITY, value.clone());
        }
        Self {
            settings,
            plain,
            protected,
        }
    }
}

/// Adds the fields that are not there.
fn complete(headers: &mut HeaderMap, defaults: &HeaderMap) {
    if headers.len() < defaults.len() {
        // A map is copied faster than its fields are inserted, each of which is hashed. What is there replaces the copies.
        let own = std::mem::replace(headers, defaults.clone());
        headers.extend(own);
        return;
    }
    headers.reserve(defaults.len());
    for (name, value) in defaults {
        if let Entry::Vacant(vacant) = headers.entry(name) {
            vacant.insert(value.clone());
        }
    }
}

impl Middleware<Served> for Adding {
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        let settings = &self.settings;
        let protected = *next.scope().context().scheme() == Scheme::HTTPS;
        let nonce = (!settings.policies.is_empty())
            .then(CspNonce::fresh)
            .transpose();
        let (nonce, mut response) = match nonce {
            Ok(nonce) => {
                if let Some(nonce) = &nonce {
                    request.extensions_mut().insert(nonce.clone());
                }
                (nonce, next.run(request).await)
            }
            // No page goes out whose scripts anybody could have written.
            Err(error) => (None, error.into_response()),
        };
        let headers = response.headers_mut();
        let defaults = match protected {
            true => &self.protected,
            false => &self.plain,
        };
        complete(headers, defaults);
        for (name, policy) in &settings.policies {
            if let Some(value) = nonce.as_ref().and_then(|nonce| policy.with(nonce))
                && !headers.contains_key(name)
            {
                headers.insert(name, value);
            }
        }
        response
    }

    fn problem(&self) -> Option<String> {
        let settings = &self.settings;
        if settings
            .fields
            .iter()
            .any(|(name, _)| name == header::STRICT_TRANSPORT_SECURITY)
        {
            return Some("`Strict-Transport-Security` is set by `strict_transport`, so that it is sent over TLS only".to_owned());
        }
        settings.problem.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
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

    proptest! {
        #[test]
        fn what_is_there_stands_however_much_it_is(
            own in prop::collection::vec(("x-frame-options|referrer-policy|set-cookie|x-[a-e]", "[a-z]{0,3}"), 0..20),
        ) {
            let own = own.iter().map(|(name, value)| {
                (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
            });
            let mut headers = HeaderMap::new();
            for (name, value) in own {
                headers.append(name, value);
            }
            let mut expected = headers.clone();
            for (name, value) in DEFAULTS {
                expected.entry(name).or_insert(HeaderValue::from_static(value));
            }
            complete(&mut headers, &Adding::new(SecurityHeaders::new()).plain);
            prop_assert_eq!(headers, expected);
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

    /// What the handler saw, and the policy in the answer.
    async fn ask_for_nonce(app: &crate::app::Running, path: &str) -> (String, String) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let mut answer = app.handle(request).await;
        let seen = answer.body_mut().bytes(None).await.unwrap();
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        (String::from_utf8(seen.to_vec()).unwrap(), policy.to_owned())
    }

    #[tokio::test]
    async fn every_request_has_a_nonce_of_its_own() {
        let outer = "script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'";
        let inner = SecurityHeaders::new()
            .content_security_policy("script-src 'nonce-{nonce}' 'strict-dynamic'");
        let show = async |nonce: CspNonce| nonce.to_string();
        let own = async || ([("content-security-policy", "default-src 'none'")], "own");
        let app = App::new()
            .wrap(SecurityHeaders::new().content_security_policy(outer))
            .routes([
                get("/", show),
                get("/own", own),
                get("/inner", show).wrap(inner),
            ])
            .start()
            .await
            .unwrap();
        let mut all = std::collections::HashSet::new();
        for _ in 0..100 {
            let (nonce, policy) = ask_for_nonce(&app, "/").await;
            // 24 characters of six bits each are 144 bits.
            let base64 = |c: char| c.is_ascii_alphanumeric() || "+/".contains(c);
            assert!(nonce.len() == 24 && nonce.chars().all(base64), "{nonce}");
            assert_eq!(policy, outer.replace("{nonce}", &nonce));
            assert!(all.insert(nonce));
        }
        let (nonce, policy) = ask_for_nonce(&app, "/inner").await;
        assert_eq!(
            policy,
            format!("script-src 'nonce-{nonce}' 'strict-dynamic'")
        );
        assert_eq!(ask_for_nonce(&app, "/own").await.1, "default-src 'none'");
        // A 404 has one, too: the policy is the same for all answers.
        assert!(!ask_for_nonce(&app, "/nothing").await.1.contains("{nonce}"));
    }

    #[tokio::test]
    async fn a_policy_that_is_only_reported_may_have_a_nonce() {
        let headers = SecurityHeaders::new().set(
            header::CONTENT_SECURITY_POLICY_REPORT_ONLY,
            "script-src 'nonce-{nonce}'",
        );
        let headers = ask(headers, Scheme::HTTP, "/").await;
        let policy = headers["content-security-policy-report-only"]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("script-src 'nonce-") && !policy.contains('{'),
            "{policy}"
        );
        assert_eq!(headers["content-security-policy"], DEFAULTS[1].1);
    }

    #[test]
    fn a_nonce_that_nobody_makes_is_found_before_the_start() {
        let app = |policy: &str| {
            let headers = SecurityHeaders::new().content_security_policy(policy);
            let show = async |nonce: CspNonce| nonce.to_string();
            App::new().wrap(headers).routes([get("/", show)]).check()
        };
        assert!(
            app("script-src 'self'")
                .unwrap_err()
                .to_string()
                .contains("CspNonce")
        );
        assert!(app("script-src 'nonce-{nonce}'").is_ok());
        let error = app("img-src 'nonce-{nonce}'").unwrap_err().to_string();
        assert!(
            error.contains("a nonce means nothing in `img-src`"),
            "{error}"
        );
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
