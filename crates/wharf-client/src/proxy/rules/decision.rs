//! What rules come to for one URL.

use url::{Host, Url};

use super::ProxyRules;
use crate::proxy::Proxy;

/// What the rules come to for one URL.
pub(super) enum Decision<'a> {
    Through(&'static str, Proxy),
    Unusable(&'static str, &'a str),
    Listed(&'static str, &'a str),
    Loopback,
    Declined,
    Unset,
}

impl ProxyRules {
    pub(super) fn decide(&self, url: &Url) -> Decision<'_> {
        let rule = match url.scheme() {
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            "ws" => self.ws.as_ref().or(self.http.as_ref()),
            "wss" => self.wss.as_ref().or(self.https.as_ref()),
            _ => None,
        };
        let rule = rule.or(self.all.as_ref());
        let Some(host) = url.host() else {
            return Decision::Unset;
        };
        if rule.is_none() && self.custom.is_none() {
            return Decision::Unset;
        }
        if !self.proxy_loopback && is_loopback(&host) {
            return Decision::Loopback;
        }
        let mut lists = self.no_proxy.iter();
        let listed = lists.find_map(|(origin, list)| Some((origin, list.entry_for(&host)?)));
        if let Some((origin, entry)) = listed {
            return Decision::Listed(origin, entry);
        }
        if let Some(proxy) = self.custom.as_ref().and_then(|choose| choose(url)) {
            return Decision::Through("ProxyRules::custom", proxy);
        }
        match rule {
            None => Decision::Declined,
            Some(rule) => match &rule.proxy {
                Ok(proxy) => Decision::Through(rule.origin, proxy.clone()),
                Err(why) => Decision::Unusable(rule.origin, why),
            },
        }
    }

    pub(super) fn explain_unset(&self, url: &Url) -> String {
        let scheme = url.scheme();
        let hint = match scheme {
            "http" | "ws" if self.passed_over => "; HTTP_PROXY counts in lower case only",
            _ => "",
        };
        format!("no proxy is set for {scheme}{hint}")
    }
}

/// RFC 6761 §6.3 for the names.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let last = name.rsplit('.').next().unwrap_or(name);
            last.eq_ignore_ascii_case("localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}
