//! [`AllowedHosts`]: the names under which an app answers.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use wharf_http::{Middleware, Request, Response};

use super::{Next, Served};
use crate::error::HttpError;
use crate::response::IntoResponse;

/// Answers only requests for hosts that are listed, so that nobody chooses the host of links that the app makes, nor reaches
/// it by a name of his own that leads to it (DNS rebinding).
///
/// Wrapped around an app, a mounted app or a route. Another host is answered 421 (RFC 9110 §15.5.20), one that is missing or
/// malformed 400 (RFC 9112 §3.2). An entry is one of:
///
/// | entry | allows |
/// |---|---|
/// | `harbour.test` | that host at every port |
/// | `harbour.test:8443` | that host at this port; a request that names none means that of its scheme |
/// | `*.harbour.test` | every host below it, at whatever depth, and not `harbour.test` itself |
/// | `[::1]` | that address |
///
/// List what health checks use, too, such as `localhost` or an address.
///
/// # Examples
///
/// ```
/// use wharf_core::middleware::AllowedHosts;
/// use wharf_core::{App, Body, get};
///
/// let hosts = AllowedHosts::new(["harbour.test", "*.harbour.test", "localhost"]);
/// let app = App::new().wrap(hosts).routes([get("/", async || "index")]);
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let request = http::Request::get("/").header("host", "evil.test").body(Body::empty());
/// let answer = app.start().await.unwrap().handle(request.unwrap()).await;
/// assert_eq!(answer.status(), 421);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct AllowedHosts {
    rules: Vec<Rule>,
    problem: Option<String>,
}

#[derive(Clone, Debug)]
struct Rule {
    host: String,
    /// Whether it is the hosts below that are meant.
    below: bool,
    port: Option<u16>,
}

impl AllowedHosts {
    /// Creates the middleware with the hosts that are allowed; with none of them nothing is.
    ///
    /// What is no host is a problem that [`App::check`](crate::App::check) lists.
    #[must_use]
    pub fn new(hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut allowed = Self {
            rules: Vec::new(),
            problem: None,
        };
        for entry in hosts {
            let entry = entry.as_ref();
            match Rule::parse(entry) {
                Some(rule) => allowed.rules.push(rule),
                None => {
                    allowed.problem = Some(format!(
                        "`{entry}` is no host: expected `host`, `host:port` or `*.host`"
                    ));
                }
            }
        }
        allowed
    }

    /// Tells whether host and port are allowed; `None` when they are malformed.
    fn allows(&self, authority: &str, scheme: &Scheme) -> Option<bool> {
        let default = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        let fits = |host: &str, port: Option<u16>| {
            let port = port.unwrap_or(default);
            self.rules.iter().any(|rule| rule.fits(host, port))
        };
        if let Some((host, port)) = plainly(authority) {
            return Some(fits(host, port));
        }
        let authority = parse(authority)?;
        Some(fits(&plain(authority.host()), authority.port_u16()))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        let (below, text) = match entry.strip_prefix("*.") {
            Some(parent) => (true, parent),
            None => (false, entry),
        };
        let authority = parse(text).filter(|authority| !authority.host().contains('*'))?;
        Some(Self {
            host: plain(authority.host()),
            below,
            port: authority.port_u16(),
        })
    }

    fn fits(&self, host: &str, port: u16) -> bool {
        let fits = match self.below {
            false => host == self.host,
            true => host
                .strip_suffix(&self.host)
                .and_then(|below| below.strip_suffix('.'))
                .is_some_and(|below| !below.is_empty()),
        };
        fits && self.port.is_none_or(|own| own == port)
    }
}

impl Middleware<Served> for AllowedHosts {
    async fn handle(&self, request: Request, next: Next) -> Response {
        // The host of the target counts, whatever the field says (RFC 9112 §3.2.2).
        let target = request.uri().authority().map(Authority::as_str);
        let scheme = next.scope().context().scheme();
        let allowed = target
            .or_else(|| host(&request))
            .and_then(|authority| self.allows(authority, scheme));
        match allowed {
            None => HttpError::bad_request("the request has to name one host").into_response(),
            Some(true) => next.run(request).await,
            Some(false) => {
                HttpError::misdirected_request("this server does not answer for that host")
                    .into_response()
            }
        }
    }

    fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}

/// Returns the field `Host` when it is there once.
fn host(request: &Request) -> Option<&str> {
    let mut lines = request.headers().get_all(HOST).iter();
    let first = lines.next()?.to_str().ok()?;
    lines.next().is_none().then_some(first)
}

/// Reads host and port as [`parse`] and [`plain`] do, but only what hardly anybody writes in another way: a name in small
/// letters, or an address, and a port of digits.
fn plainly(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.split_once(':') {
        None => (text, None),
        Some((host, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            (host, Some(digits.parse().ok()?))
        }
        Some(_) => return None,
    };
    let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    let is_plain = !host.is_empty() && !host.ends_with('.') && host.bytes().all(known);
    is_plain.then_some((host, port))
}

/// Reads host and port; a user has no place there (RFC 9110 §4.2.4), and a port is a number.
fn parse(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let rest = text.strip_prefix(authority.host())?;
    let good = match rest.strip_prefix(':') {
        None => rest.is_empty(),
        Some(port) => port.is_empty() || authority.port_u16().is_some(),
    };
    (good && !authority.host().is_empty()).then_some(authority)
}

/// Writes a host in one way: in small letters, without the dot that ends an absolute name.
fn plain(host: &str) -> String {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wharf_http::{Body, Connection, Context, Service};

    use super::*;
    use crate::{App, get};

    async fn ask(target: &str, hosts: &[&str], scheme: Scheme) -> u16 {
        let allowed = AllowedHosts::new([
            "harbour.test",
            "*.quay.test",
            "admin.test:8443",
            "tls.test:443",
            "[::1]",
            "127.0.0.1",
        ]);
        let app = App::new().wrap(allowed).routes([get("/", async || "")]);
        let mut request = http::Request::get(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let context = Context::new(Connection::memory().with_scheme(scheme));
        let running = app.start().await.unwrap();
        let request = request.body(Body::empty()).unwrap();
        running.call(request, &context).await.status().as_u16()
    }

    #[tokio::test]
    async fn a_request_has_to_be_for_a_host_that_is_listed() {
        for (host, status) in [
            ("harbour.test", 200),
            ("harbour.test:8080", 200),
            ("harbour.test:", 200),
            ("HARBOUR.test.", 200),
            ("www.harbour.test", 421),
            ("harbour.test.evil.test", 421),
            ("evilharbour.test", 421),
            ("a.quay.test", 200),
            ("a.b.quay.test:81", 200),
            ("quay.test", 421),
            (".quay.test", 421),
            ("evilquay.test", 421),
            ("admin.test:8443", 200),
            ("admin.test", 421),
            ("admin.test:8444", 421),
            ("[::1]:3000", 200),
            ("[::2]", 421),
            ("127.0.0.1", 200),
            ("127.0.0.2", 421),
            ("", 400),
            ("harbour.test@evil.test", 400),
            ("user@harbour.test", 400),
            ("harbour.test:99999", 400),
            ("harbour.test:x", 400),
            ("harbour.test/", 400),
            ("harbour.test, evil.test", 400),
        ] {
            assert_eq!(ask("/", &[host], Scheme::HTTP).await, status, "{host:?}");
        }
        assert_eq!(ask("/", &[], Scheme::HTTP).await, 400);
        let twice = ["harbour.test", "harbour.test"];
        assert_eq!(ask("/", &twice, Scheme::HTTP).await, 400);
    }

    #[tokio::test]
    async fn a_port_that_is_not_named_is_that_of_the_scheme() {
        assert_eq!(ask("/", &["tls.test"], Scheme::HTTPS).await, 200);
        assert_eq!(ask("/", &["tls.test"], Scheme::HTTP).await, 421);
        assert_eq!(ask("/", &["tls.test:443"], Scheme::HTTP).await, 200);
    }

    #[tokio::test]
    async fn the_host_of_the_target_counts() {
        let evil = "http://evil.test/";
        assert_eq!(ask(evil, &["harbour.test"], Scheme::HTTP).await, 421);
        let good = "http://harbour.test/";
        assert_eq!(ask(good, &["evil.test"], Scheme::HTTP).await, 200);
    }

    #[test]
    fn what_is_no_host_is_found_before_the_start() {
        for entry in [
            "https://harbour.test",
            "*",
            "a.*.test",
            "harbour.test/x",
            "",
            "*.",
            "h:x",
        ] {
            let app = App::new().wrap(AllowedHosts::new(["harbour.test", entry]));
            let error = app.check().unwrap_err().to_string();
            assert!(error.contains("is no host"), "{entry:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_plainly_is_read_like_all_else(text in "[a-zA-Z.:\\[\\]@-]{0,6}[a-z0-9.:]{0,9}(:[0-9+]{0,6})?") {
            if let Some((host, port)) = plainly(&text) {
                let authority = parse(&text).unwrap();
                prop_assert_eq!(host, plain(authority.host()));
                prop_assert_eq!(port, authority.port_u16());
            }
        }

        #[test]
        fn only_what_is_below_a_name_is_below_it(text in "[a-z.:@*\\[\\]/0-9]{0,20}") {
            let allowed = AllowedHosts::new(["*.quay.test"]);
            let expected = parse(&text).map(|authority| {
                let host = plain(authority.host());
                host.ends_with(".quay.test") && host.len() > ".quay.test".len()
            });
            prop_assert_eq!(allowed.allows(&text, &Scheme::HTTP), expected);
            let _ = Rule::parse(&text);
        }
    }
}
