//! The variables of the environment, as curl reads them.

use std::ffi::OsString;

use super::{ProxyRules, Rule};
use crate::proxy::Proxy;
use crate::proxy::no_proxy::NoProxy;

impl ProxyRules {
    /// Makes rules of the variables that `lookup` finds.
    pub(super) fn read(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let rule =
            |names: &[_]| first(&lookup, names).map(|(name, value)| Rule::read(name, &value));
        let no_proxy = first(&lookup, &["no_proxy", "NO_PROXY"])
            // What is not UTF-8 is no name of a host, so that it does not matter what becomes of it.
            .map(|(name, list)| (name, NoProxy::parse(&list.to_string_lossy())));
        Self {
            http: rule(&["http_proxy"]),
            https: rule(&["https_proxy", "HTTPS_PROXY"]),
            ws: rule(&["ws_proxy", "WS_PROXY"]),
            wss: rule(&["wss_proxy", "WSS_PROXY"]),
            all: rule(&["all_proxy", "ALL_PROXY"]),
            no_proxy: no_proxy.into_iter().collect(),
            passed_over: first(&lookup, &["HTTP_PROXY"]).is_some(),
            ..Self::default()
        }
    }
}

/// Finds the first variable that is set and not empty.
fn first(
    lookup: impl Fn(&str) -> Option<OsString>,
    names: &[&'static str],
) -> Option<(&'static str, OsString)> {
    names
        .iter()
        .find_map(|name| Some((*name, lookup(name).filter(|value| !value.is_empty())?)))
}

impl Rule {
    fn read(origin: &'static str, value: &OsString) -> Self {
        let proxy = match value.to_str() {
            Some(text) => Proxy::parse(text).map_err(Into::into),
            None => Err("it is not UTF-8".into()),
        };
        Self { origin, proxy }
    }
}
