//! [`ClientBuilder`].

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use url::Url;
use wharf_http::middleware::SharedMiddleware;
use wharf_http::{BoxError, Chain, Middleware};

use super::settings::{Origins, Retry, Settings};
use super::{Client, Inner, OriginConfig, Seen, base};
use crate::config::Http1Config;
#[cfg(feature = "http2")]
use crate::config::Http2Config;
use crate::conn::Driver;
use crate::connect::{Connector, Erased, Opener, Resolve, TcpConnector};
use crate::middleware::Sending;
use crate::netrc::Netrc;
use crate::pool::Pool;
use crate::redirect::RedirectPolicy;
use crate::retry::RetryPolicy;
use crate::send::Direct;
use crate::trace::Observer;
use crate::{AddressPolicy, DnsConfig, Error, ErrorKind, PoolConfig, TcpConfig, Timeouts};

/// Settings of a [`Client`] to be.
#[must_use]
pub struct ClientBuilder {
    base: Option<String>,
    default: OriginConfig,
    others: Vec<(String, OriginConfig)>,
    timeouts: Timeouts,
    pool: PoolConfig,
    settings: Settings,
    user_agent: Option<String>,
    middleware: Vec<SharedMiddleware<Sending>>,
    observers: Vec<Arc<dyn Observer>>,
    http1: Http1Config,
    #[cfg(feature = "http2")]
    http2: Http2Config,
    sockets: HashMap<String, PathBuf>,
    tcp: TcpConnector,
    connector: Option<Box<dyn Erased>>,
    direct: Option<Direct>,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            base: None,
            default: OriginConfig::new(),
            others: Vec::new(),
            timeouts: Timeouts::new(),
            pool: PoolConfig::new(),
            settings: Settings::default(),
            user_agent: None,
            middleware: Vec::new(),
            observers: Vec::new(),
            http1: Http1Config::new(),
            #[cfg(feature = "http2")]
            http2: Http2Config::new(),
            sockets: HashMap::new(),
            tcp: TcpConnector::new(),
            connector: None,
            direct: None,
        }
    }

    /// Sets the URL that relative ones are joined to (RFC 3986 §5.2). Its path has to end in a slash.
    ///
    /// With the base `http://api.test/v1/`, `users` leads to `/v1/users` and `/users` to `/users`. An absolute URL goes where
    /// it says. A relative one never leaves the host: `//other.test/` is refused.
    ///
    /// Default: none, so that only absolute URLs are accepted.
    pub fn base(mut self, url: impl Into<String>) -> Self {
        self.base = Some(url.into());
        self
    }

    /// Adds a header field, sent with each request that does not set one of that name itself.
    ///
    /// With a [base](Self::base), it is sent to the origin of the base only: its scheme, host and port. Without one it is sent
    /// everywhere, but credentials do not follow a redirect to another origin. [`origin`](Self::origin) is for others.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: fmt::Display>,
        V: TryInto<HeaderValue, Error: fmt::Display>,
    {
        self.default = self.default.header(name, value);
        self
    }

    /// Adds a pair to the query of each request; to which origins is told at [`header`](Self::header).
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.default = self.default.query(name, value);
        self
    }

    /// Sends user name and password (RFC 7617) with requests that have no `authorization` of their own; to which origins is
    /// told at [`header`](Self::header).
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.default = self.default.basic_auth(user, password);
        self
    }

    /// Sends a token (RFC 6750 §2.1) with requests that have no `authorization` of their own; to which origins is told at
    /// [`header`](Self::header).
    pub fn bearer_auth(mut self, token: &str) -> Self {
        self.default = self.default.bearer_auth(token);
        self
    }

    /// Sets what is sent to one origin, given as a URL such as `https://search.test`, and its time limits there. It goes
    /// before what is set for all.
    pub fn origin(mut self, origin: impl Into<String>, config: OriginConfig) -> Self {
        self.others.push((origin.into(), config));
        self
    }

    /// Sets the `user-agent` of requests that set none themselves.
    ///
    /// Default: `wharf/` and the version of this crate.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Sets the time limits of requests that set none themselves.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets how many connections there may be and how they are kept.
    pub fn pool(mut self, config: PoolConfig) -> Self {
        self.pool = config;
        self
    }

    /// Sets how HTTP/1 responses are read.
    pub fn http1(mut self, config: Http1Config) -> Self {
        self.http1 = config;
        self
    }

    /// Sets when HTTP/2 is spoken, and how.
    #[cfg(feature = "http2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    pub fn http2(mut self, config: Http2Config) -> Self {
        self.http2 = config;
        self
    }

    /// Sets which redirects are followed. Default: at most ten.
    pub fn redirects(mut self, policy: RedirectPolicy) -> Self {
        self.settings.redirects = policy;
        self
    }

    /// Sets whether the coding of responses is asked for and undone, `gzip` and those that features bring.
    ///
    /// Default: `true`.
    pub fn decode(mut self, on: bool) -> Self {
        self.settings.decode = on;
        self
    }

    /// Sends requests again that fail, or are answered with a status that says so, as `policy` has it.
    ///
    /// Default: none. What is repeated in any case is a request whose kept connection has ended before a byte of the response,
    /// once and where that is safe.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = Some(Retry::new(policy));
        self
    }

    /// Sends credentials from a `.netrc` file to the hosts that it names, with requests that have none.
    ///
    /// They are for any port and scheme of the host, as they are to curl, with two exceptions: a redirect from `https` to `http`
    /// gets none, and one to another origin none of the entry `default`.
    pub fn netrc(mut self, netrc: Netrc) -> Self {
        self.settings.netrc = Some(Arc::new(netrc));
        self
    }

    /// Proves a password to servers that ask for a digest of it (RFC 7616): to the first origin that a request goes to.
    #[cfg(feature = "digest")]
    #[cfg_attr(docsrs, doc(cfg(feature = "digest")))]
    pub fn digest_auth(mut self, digest: crate::digest::Digest) -> Self {
        self.settings.digest = Some(digest);
        self
    }

    /// Sends requests through proxies, as `rules` have it.
    ///
    /// Default: none, whatever the environment says; [`ProxyRules::from_env`](crate::proxy::ProxyRules::from_env) obeys it as
    /// curl does.
    #[cfg(feature = "proxy")]
    #[cfg_attr(docsrs, doc(cfg(feature = "proxy")))]
    pub fn proxy(mut self, rules: crate::proxy::ProxyRules) -> Self {
        self.settings.proxy = rules;
        self
    }

    /// Sets whom the client believes behind TLS, and who it is itself. Default: the roots of the system.
    #[cfg(feature = "tls-core")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls-core")))]
    pub fn tls(mut self, config: crate::tls::TlsConfig) -> Self {
        self.settings.tls = config;
        self
    }

    /// Sets the same for connections to proxies that are reached over TLS, which share nothing with those to servers.
    ///
    /// Default: the roots of the system.
    #[cfg(all(feature = "proxy", feature = "tls-core"))]
    #[cfg_attr(docsrs, doc(cfg(all(feature = "proxy", feature = "tls-core"))))]
    pub fn proxy_tls(mut self, config: crate::tls::TlsConfig) -> Self {
        self.settings.proxy_tls = config;
        self
    }

    /// Proves a password to HTTP proxies that ask for a digest of it (RFC 7616), in place of the credentials in their URLs.
    #[cfg(all(feature = "digest", feature = "proxy"))]
    #[cfg_attr(docsrs, doc(cfg(all(feature = "digest", feature = "proxy"))))]
    pub fn proxy_digest_auth(mut self, digest: crate::digest::Digest) -> Self {
        self.settings.proxy_digest = Some(digest);
        self
    }

    /// Keeps the cookies that servers set in `jar`, and sends them back.
    ///
    /// Default: none are kept, so that a client shared by the users of a service cannot mix theirs up.
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    pub fn cookies(mut self, jar: crate::jar::CookieJar) -> Self {
        self.settings.cookies = Some(jar);
        self
    }

    /// Sets how many bytes of a response body [`bytes`](crate::Response::bytes), [`text`](crate::Response::text) and `json`
    /// accept, after decoding.
    ///
    /// Reading it piece by piece is not limited. Default: 64 MiB. `None` accepts as many as come.
    pub fn body_limit(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.settings.body_limit = bytes.into();
        self
    }

    /// Asks `guess` for the charset of a text where neither `content-type` nor a byte order mark tells it.
    ///
    /// `guess` gets `content-type` and the bytes, and returns the name of a charset; `None` is UTF-8. It can be made of what a
    /// crate for detection finds, or of the `<meta>` of a page. Default: UTF-8.
    pub fn charset_guess(
        mut self,
        guess: impl Fn(Option<&str>, &[u8]) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.settings.charset_guess = Some(Arc::new(guess));
        self
    }

    /// Puts middleware around each request that is sent; the first written is the outermost.
    pub fn wrap(mut self, middleware: impl Middleware<Sending>) -> Self {
        self.middleware.push(SharedMiddleware::new(middleware));
        self
    }

    /// Shows all that happens to `observer`.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Reaches a host by a Unix socket, whatever its address. On Linux a path that begins with `@` is an abstract name.
    #[cfg(unix)]
    pub fn unix_socket(mut self, host: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        // As URLs have it.
        let host = host.into().to_ascii_lowercase();
        self.sockets.insert(host, path.into());
        self
    }

    /// Sets how the names of hosts are looked up, and for how long the answers are kept.
    pub fn dns(mut self, config: DnsConfig) -> Self {
        self.tcp = self.tcp.dns(config);
        self
    }

    /// Sets who looks up the names of hosts. Default: the system.
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.tcp = self.tcp.resolver(resolver);
        self
    }

    /// Sets how TCP sockets are set up and connected.
    pub fn tcp(mut self, config: TcpConfig) -> Self {
        self.tcp = self.tcp.tcp(config);
        self
    }

    /// Sets which addresses hosts may have. Default: every address.
    pub fn addresses(mut self, policy: AddressPolicy) -> Self {
        self.tcp = self.tcp.addresses(policy);
        self
    }

    /// Sets what opens connections, in place of a [`TcpConnector`] with the settings of [`dns`](Self::dns),
    /// [`resolver`](Self::resolver), [`tcp`](Self::tcp) and [`addresses`](Self::addresses).
    pub fn connector(mut self, connector: impl Connector) -> Self {
        self.connector = Some(Box::new(connector));
        self
    }

    /// Has a function answer all requests, with no connection in between: for tests of what calls a client.
    ///
    /// The function is given each request as a server sees it, with `host`, a target in origin-form and all that the client
    /// adds: cookies, default fields, `accept-encoding`. Redirects, retries, cookies, codings and middleware work as ever. Of
    /// the time limits those of the whole call and of the response head hold; what is about connections has no meaning, and
    /// bodies are handed over as they are.
    ///
    /// An error of the function is one of connecting, [`ErrorKind::Connect`].
    ///
    /// Default: none, requests go over connections.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_client::Client;
    /// use wharf_client::http::{Body, Request, Response};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let client = Client::builder()
    ///     .answered_by(async |request: Request| Ok(Response::new(Body::from(request.uri().to_string()))))
    ///     .build()?;
    /// let text = client.get("http://quay.test/ships?n=1").send().await?.text().await?;
    /// assert_eq!(text, "/ships?n=1");
    /// # Ok::<(), wharf_client::Error>(()) }).unwrap();
    /// ```
    pub fn answered_by<F, Fut>(mut self, answer: F) -> Self
    where
        F: Fn(wharf_http::Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<wharf_http::Response, BoxError>> + Send + 'static,
    {
        self.direct = Some(Direct::new(answer));
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Url`] when the base is malformed, not absolute, or has a path that does not end in a slash, a query or a
    /// fragment; [`ErrorKind::Config`] when a limit is zero, a header field or a network malformed, or TLS lacks its cryptography.
    pub fn build(mut self) -> Result<Client, Error> {
        self.timeouts.check()?;
        self.pool.check()?;
        self.tcp.check()?;
        self.default.check()?;
        #[cfg(feature = "tls-core")]
        self.settings.tls.check()?;
        #[cfg(all(feature = "proxy", feature = "tls-core"))]
        self.settings.proxy_tls.check()?;
        if let Some(retry) = &self.settings.retry {
            retry.policy.check()?;
        }
        let base = self
            .base
            .take()
            .map(|base| base::parse(&base))
            .transpose()?;
        if let Some(name) = &self.user_agent
            && let Err(error) = HeaderValue::from_str(name)
        {
            return Err(Error::new(ErrorKind::Config).because(error));
        }
        for (origin, config) in &self.others {
            config.check()?;
            if let Err(error) = Url::parse(origin) {
                return Err(Error::new(ErrorKind::Url).because(error));
            }
        }
        Ok(self.finish(base))
    }

    pub(super) fn finish(self, base: Option<Url>) -> Client {
        let others = self.others.into_iter();
        let others =
            others.filter_map(|(origin, config)| Some((Url::parse(&origin).ok()?, config)));
        let sockets = self.sockets.into_iter();
        let sockets = sockets.map(|(host, path)| (host, Arc::from(path.as_path() as &Path)));
        let agent = self.user_agent.as_deref();
        #[cfg(feature = "http2")]
        let most_streams = self.http2.max_streams;
        #[cfg(not(feature = "http2"))]
        let most_streams = 1;
        Client {
            inner: Arc::new(Inner {
                origins: Origins {
                    default: self.default,
                    base,
                    others: others.collect(),
                },
                seen: Seen::default(),
                timeouts: self.timeouts,
                settings: Arc::new(self.settings),
                user_agent: agent.and_then(|name| HeaderValue::from_str(name).ok()),
                chain: Arc::new(Chain::new(
                    self.middleware.clone(),
                    super::end(self.direct.as_ref()),
                )),
                direct: self.direct,
                middleware: self.middleware,
                observers: self.observers.into(),
                http1: self.http1,
                #[cfg(feature = "http2")]
                http2: self.http2,
                sockets: sockets.collect(),
                connector: match self.connector {
                    Some(connector) => Opener::Custom(connector),
                    None => Opener::Tcp(self.tcp),
                },
                driver: Driver::new(),
                pool: Arc::new(Pool::new(self.pool, most_streams)),
                #[cfg(feature = "ws")]
                websockets: wharf_http::connection::WebSocketStats::new(),
            }),
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("timeouts", &self.timeouts)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
