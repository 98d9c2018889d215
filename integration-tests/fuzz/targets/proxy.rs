//! Rules of proxies: any values of the variables, and loopback and listed hosts go direct.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wharf_client::Url;
use wharf_client::proxy::{Proxy, ProxyRules};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (proxy, list, url) = (next(), next(), next());
    if let Ok(proxy) = Proxy::new(proxy) {
        assert!(!proxy.host().is_empty());
        // It may hold a password.
        let (_, credentials) = proxy.authorization().map_or(("", ""), |value| {
            value.to_str().unwrap().split_once(' ').unwrap()
        });
        assert!(credentials.is_empty() || !format!("{proxy:?}").contains(credentials));
    }
    let rules = ProxyRules::from_vars([
        ("http_proxy", proxy),
        ("all_proxy", proxy),
        ("no_proxy", list),
    ]);
    for loopback in [
        "http://127.0.0.1/",
        "http://localhost:81/",
        "http://[::1]/",
        "ws://127.9.9.9/",
    ] {
        let url = Url::parse(loopback).unwrap();
        assert!(rules.proxy_for(&url).unwrap().is_none(), "{loopback}");
    }
    let Ok(url) = Url::parse(url) else { return };
    let _unusable = rules.proxy_for(&url);
    rules.explain(&url).to_string();
    let host = url.host_str().unwrap_or_default();
    let rules = ProxyRules::all(Proxy::new("http://proxy.test:3128").unwrap());
    if url.domain().is_some_and(|name| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            && !name.starts_with('.')
    }) {
        let listed = rules.clone().no_proxy(host);
        assert!(listed.proxy_for(&url).unwrap().is_none(), "{host}");
        let listed = rules.no_proxy(list).no_proxy("*");
        assert!(listed.proxy_for(&url).unwrap().is_none(), "{host}");
    }
});
