//! Which proxy a URL goes through.

mod decision;
mod environment;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use url::Url;

use self::decision::Decision;
use super::no_proxy::NoProxy;
use super::{Explanation, Proxy};
use crate::{Error, ErrorKind};

/// Which proxy a URL goes through, if any.
///
/// Loopback hosts (`localhost` and names below it, `127.0.0.0/8`, `::1`) go direct unless
/// [`proxy_loopback`](Self::proxy_loopback) says otherwise, whatever else is set: few proxies could reach them, and those that
/// can reach the wrong machine. Everything else about the [environment](Self::from_env) is as curl has it.
///
/// # Examples
///
/// ```
/// use wharf_client::proxy::{Proxy, ProxyRules};
///
/// let rules = ProxyRules::all(Proxy::new("http://proxy.test:3128")?).no_proxy(".quay.test, 10.0.0.0/8");
/// let url = "https://api.quay.test/ships".parse().unwrap();
/// assert_eq!(
///     rules.explain(&url).to_string(),
///     "https://api.quay.test/ goes direct: ProxyRules::no_proxy has .quay.test"
/// );
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct ProxyRules {
    custom: Option<Arc<Custom>>,
    http: Option<Rule>,
    https: Option<Rule>,
    ws: Option<Rule>,
    wss: Option<Rule>,
    all: Option<Rule>,
    /// Each list with the variable or setting that it comes from.
    no_proxy: Vec<(&'static str, NoProxy)>,
    proxy_loopback: bool,
    /// Whether `HTTP_PROXY` is set, which is passed over in upper case.
    passed_over: bool,
}

type Custom = dyn Fn(&Url) -> Option<Proxy> + Send + Sync;

#[derive(Clone)]
struct Rule {
    /// The variable or setting that it comes from.
    origin: &'static str,
    /// The proxy, or why it cannot be used.
    proxy: Result<Proxy, Arc<str>>,
}

impl ProxyRules {
    /// Creates rules by which every URL goes direct.
    pub fn none() -> Self {
        Self::default()
    }

    /// Sends every URL through one proxy.
    pub fn all(proxy: Proxy) -> Self {
        Self {
            all: Some(Rule::new("ProxyRules::all", proxy)),
            ..Self::default()
        }
    }

    /// Asks a function, which returns `None` for URLs that go direct.
    ///
    /// It is called for each request and each redirect, but neither for loopback hosts nor for those of
    /// [`no_proxy`](Self::no_proxy). What it declines goes by the other rules, of which there are none yet.
    pub fn custom(choose: impl Fn(&Url) -> Option<Proxy> + Send + Sync + 'static) -> Self {
        Self {
            custom: Some(Arc::new(choose)),
            ..Self::default()
        }
    }

    /// Reads the environment, now and never again.
    ///
    /// - `http_proxy` is for `http` URLs, in lower case only: a CGI program gets its request's `Proxy` header as `HTTP_PROXY`.
    /// - `https_proxy` is for `https` URLs, `ws_proxy` and `wss_proxy` for WebSockets, which else go by those two.
    /// - `all_proxy` is for what is left.
    /// - `no_proxy` lists hosts that go direct, see [`no_proxy`](Self::no_proxy).
    ///
    /// All but the first are read in upper case where the lower one is unset. An empty variable is unset. A value that is no
    /// proxy fails the URLs that it is for.
    pub fn from_env() -> Self {
        Self::read(|name| std::env::var_os(name))
    }

    /// As [`from_env`](Self::from_env), with variables from elsewhere, such as a file or a test.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_client::proxy::ProxyRules;
    ///
    /// let rules = ProxyRules::from_vars([("HTTPS_PROXY", "http://proxy.test:3128"), ("NO_PROXY", "")]);
    /// let url = "https://quay.test/".parse().unwrap();
    /// assert_eq!(
    ///     rules.explain(&url).to_string(),
    ///     "https://quay.test/ goes through http://proxy.test:3128: HTTPS_PROXY"
    /// );
    /// ```
    pub fn from_vars<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: Into<OsString>,
    {
        let variables: Vec<(N, OsString)> = variables
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        Self::read(|name| {
            let named = |(its, _): &&(N, OsString)| its.as_ref() == name;
            variables.iter().find(named).map(|(_, value)| value.clone())
        })
    }

    /// Sets the proxy of `http` and `ws` URLs.
    pub fn http(mut self, proxy: Proxy) -> Self {
        self.http = Some(Rule::new("ProxyRules::http", proxy));
        self.ws = None;
        self
    }

    /// Sets the proxy of `https` and `wss` URLs.
    pub fn https(mut self, proxy: Proxy) -> Self {
        self.https = Some(Rule::new("ProxyRules::https", proxy));
        self.wss = None;
        self
    }

    /// Adds hosts that go direct, beside those that are listed already.
    ///
    /// Entries are separated by commas and blanks. `quay.test` and `.quay.test` stand for that host and all below it,
    /// `192.0.2.1` and `2001:db8::1` for an address, `192.0.2.0/24` and `2001:db8::/32` for a network. `*` alone is every
    /// host; `*.test`, an entry with a port and an address in brackets match none. Names are not looked up.
    pub fn no_proxy(mut self, list: &str) -> Self {
        self.no_proxy
            .push(("ProxyRules::no_proxy", NoProxy::parse(list)));
        self
    }

    /// Sets whether loopback hosts go by the rules too. Default: no, they go direct.
    pub fn proxy_loopback(mut self, on: bool) -> Self {
        self.proxy_loopback = on;
        self
    }

    /// Returns the proxy that a URL goes through; `None` when it goes direct.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Proxy`] when the variable that the URL goes by holds no proxy: going direct would tell the host who asks.
    pub fn proxy_for(&self, url: &Url) -> Result<Option<Proxy>, Error> {
        match self.decide(url) {
            Decision::Through(_, proxy) => Ok(Some(proxy)),
            Decision::Unusable(origin, why) => {
                Err(Error::new(ErrorKind::Proxy).because(format!("{origin} cannot be used: {why}")))
            }
            _ => Ok(None),
        }
    }

    /// Tells where a URL goes, and which rule decides it.
    #[must_use]
    pub fn explain(&self, url: &Url) -> Explanation {
        let (proxy, rule) = match self.decide(url) {
            Decision::Through(origin, proxy) => (Ok(Some(proxy)), origin.to_owned()),
            Decision::Unusable(origin, why) => (Err(why.to_owned()), origin.to_owned()),
            Decision::Listed(origin, entry) => (Ok(None), format!("{origin} has {entry}")),
            Decision::Loopback => (Ok(None), "loopback hosts are not proxied".to_owned()),
            Decision::Declined => (Ok(None), "ProxyRules::custom chose no proxy".to_owned()),
            Decision::Unset => (Ok(None), self.explain_unset(url)),
        };
        Explanation::new(url, proxy, rule)
    }
}

impl Rule {
    fn new(origin: &'static str, proxy: Proxy) -> Self {
        Self {
            origin,
            proxy: Ok(proxy),
        }
    }
}

impl fmt::Debug for ProxyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = [&self.http, &self.https, &self.ws, &self.wss, &self.all];
        f.debug_struct("ProxyRules")
            .field("custom", &self.custom.is_some())
            .field("rules", &rules.into_iter().flatten().collect::<Vec<_>>())
            .field("no_proxy", &self.no_proxy)
            .field("proxy_loopback", &self.proxy_loopback)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proxy {
            Ok(proxy) => write!(f, "{}: {proxy}", self.origin),
            Err(why) => write!(f, "{}: {why}", self.origin),
        }
    }
}

#[cfg(test)]
mod tests;
