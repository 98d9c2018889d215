use std::fmt;

use url::Url;

use super::Proxy;

/// Where a URL goes and what decided it; made by [`ProxyRules::explain`](super::ProxyRules::explain).
///
/// Prints as one line, with scheme, host and port of the URL and of the proxy.
#[derive(Clone, Debug)]
pub struct Explanation {
    origin: String,
    proxy: Result<Option<Proxy>, String>,
    rule: String,
}

impl Explanation {
    pub(super) fn new(url: &Url, proxy: Result<Option<Proxy>, String>, rule: String) -> Self {
        let port = url.port().map(|port| format!(":{port}"));
        Self {
            // Path and query may hold secrets, as user name and password do.
            origin: format!(
                "{}://{}{}/",
                url.scheme(),
                url.host_str().unwrap_or_default(),
                port.unwrap_or_default()
            ),
            proxy,
            rule,
        }
    }

    /// Returns the proxy; `None` when the URL goes direct, or nowhere because of a setting that cannot be used.
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref().ok()?.as_ref()
    }

    /// Tells whether the URL goes to its host without a proxy.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        matches!(self.proxy, Ok(None))
    }

    /// Returns the rule that decided, for people: a variable or setting, and the entry of it, such as `NO_PROXY has .test`.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin,
            proxy,
            rule,
        } = self;
        match proxy {
            Ok(Some(proxy)) => write!(f, "{origin} goes through {proxy}: {rule}"),
            Ok(None) => write!(f, "{origin} goes direct: {rule}"),
            Err(why) => write!(f, "{origin} goes nowhere: {rule} cannot be used: {why}"),
        }
    }
}
