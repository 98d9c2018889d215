//! What applies to a request: the settings of the client, unless the request has its own.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use url::Url;
use wharf_http::header::{BadHeader, Basic, Bearer, TypedHeader};
use wharf_http::middleware::SharedMiddleware;

use crate::config::BODY_LIMIT;
use crate::middleware::Sending;
use crate::netrc::Netrc;
use crate::progress::DownloadReport;
use crate::redirect::{RedirectPolicy, same_origin};
use crate::response::charset::CharsetGuess;
use crate::retry::{Budget, RetryPolicy};
use crate::{Error, ErrorKind, Timeouts};

/// Settings that a client has for all its requests and a request may have for itself.
#[derive(Clone)]
pub(crate) struct Settings {
    /// `None` in a request means those of the origin or the client.
    pub(crate) timeouts: Option<Timeouts>,
    /// What takes the place of the limits on slow bodies in the response to a request for events; of a request only.
    #[cfg(feature = "sse")]
    pub(crate) silence: Option<Option<std::time::Duration>>,
    pub(crate) body_limit: Option<usize>,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) decode: bool,
    pub(crate) retry: Option<Retry>,
    pub(crate) netrc: Option<Arc<Netrc>>,
    #[cfg(feature = "digest")]
    pub(crate) digest: Option<crate::digest::Digest>,
    #[cfg(all(feature = "digest", feature = "proxy"))]
    pub(crate) proxy_digest: Option<crate::digest::Digest>,
    #[cfg(feature = "proxy")]
    pub(crate) proxy: crate::proxy::ProxyRules,
    #[cfg(feature = "tls-core")]
    pub(crate) tls: crate::tls::TlsConfig,
    /// For the connection to a proxy.
    #[cfg(all(feature = "proxy", feature = "tls-core"))]
    pub(crate) proxy_tls: crate::tls::TlsConfig,
    #[cfg(feature = "cookies")]
    pub(crate) cookies: Option<crate::jar::CookieJar>,
    pub(crate) charset_guess: Option<CharsetGuess>,
    /// Who is told how much of the response body has come; of a request only.
    pub(crate) download: Option<Arc<DownloadReport>>,
    /// Middleware behind that of the client.
    pub(crate) middleware: Vec<SharedMiddleware<Sending>>,
    /// Field names that are not sent by themselves.
    pub(crate) omitted: Vec<HeaderName>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeouts: None,
            #[cfg(feature = "sse")]
            silence: None,
            body_limit: Some(BODY_LIMIT),
            redirects: RedirectPolicy::default(),
            decode: true,
            retry: None,
            netrc: None,
            #[cfg(feature = "digest")]
            digest: None,
            #[cfg(all(feature = "digest", feature = "proxy"))]
            proxy_digest: None,
            #[cfg(feature = "proxy")]
            proxy: crate::proxy::ProxyRules::none(),
            #[cfg(feature = "tls-core")]
            tls: crate::tls::TlsConfig::new(),
            #[cfg(all(feature = "proxy", feature = "tls-core"))]
            proxy_tls: crate::tls::TlsConfig::new(),
            #[cfg(feature = "cookies")]
            cookies: None,
            charset_guess: None,
            download: None,
            middleware: Vec::new(),
            omitted: Vec::new(),
        }
    }
}

/// A policy, and what is left of its budget.
#[derive(Clone)]
pub(crate) struct Retry {
    pub(crate) policy: Arc<RetryPolicy>,
    pub(crate) budget: Arc<Budget>,
}

impl Retry {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self {
            budget: Arc::new(policy.shared_budget()),
            policy: Arc::new(policy),
        }
    }
}

/// What a client sends to one origin: a scheme, a host and a port; and its time limits there.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_client::{Client, Timeouts, client::OriginConfig};
///
/// let search = OriginConfig::new()
///     .bearer_auth("t0ken")
///     .timeouts(Timeouts::new().response_head(Duration::from_secs(5)));
/// let client = Client::builder().origin("http://search.test", search).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct OriginConfig {
    pub(crate) headers: HeaderMap,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) timeouts: Option<Timeouts>,
    pub(crate) error: Option<String>,
}

impl OriginConfig {
    /// Creates settings that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header field, sent with each request that does not set one of that name itself.
    ///
    /// A malformed name or value is an error of building the client.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: std::fmt::Display>,
        V: TryInto<HeaderValue, Error: std::fmt::Display>,
    {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) => drop(self.headers.append(name, value)),
            (Err(error), _) => self.error = Some(error.to_string()),
            (_, Err(error)) => self.error = Some(error.to_string()),
        }
        self
    }

    /// Sends user name and password with each request (RFC 7617) that has no `authorization` of its own.
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.credentials(Basic::new(user, password))
    }

    /// Sends a token with each request (RFC 6750 §2.1) that has no `authorization` of its own.
    pub fn bearer_auth(self, token: &str) -> Self {
        self.credentials(Bearer::new(token))
    }

    fn credentials(mut self, credentials: Result<impl TypedHeader, BadHeader>) -> Self {
        match credentials.map(|credentials| credentials.encode()) {
            Ok(Some(value)) => drop(self.headers.insert(AUTHORIZATION, value)),
            Ok(None) => {}
            Err(error) => self.error = Some(error.to_string()),
        }
        self
    }

    /// Adds a pair to the query of each request, such as an API key.
    pub fn query(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sets the time limits of requests that set none themselves.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(why) = &self.error {
            return Err(Error::new(ErrorKind::Config).because(why.clone()));
        }
        match &self.timeouts {
            Some(timeouts) => timeouts.check(),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for OriginConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OriginConfig")
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// What a client sends where.
#[derive(Clone, Default)]
pub(crate) struct Origins {
    /// To the origin of the base; without a base, everywhere.
    pub(crate) default: OriginConfig,
    pub(crate) base: Option<Url>,
    pub(crate) others: Vec<(Url, OriginConfig)>,
}

impl Origins {
    /// Returns what applies to a URL: the settings for its origin, if there are any.
    pub(crate) fn at<'a>(&'a self, url: &'a Url) -> impl Iterator<Item = &'a OriginConfig> {
        let default = match &self.base {
            Some(base) => same_origin(base, url),
            None => true,
        };
        let others = self.others.iter();
        let others = others.filter(|(origin, _)| same_origin(origin, url));
        others
            .map(|(_, config)| config)
            .chain(default.then_some(&self.default))
    }
}
