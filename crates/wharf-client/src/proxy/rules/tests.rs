use super::*;

const DECISIONS: &str = include_str!("decisions.txt");

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn proxy(text: &str) -> Proxy {
    Proxy::new(text).unwrap()
}

/// A line of the table: the variables, the URL, where it goes, and by which rule.
fn decisions() -> impl Iterator<Item = (Vec<(&'static str, &'static str)>, [&'static str; 3])> {
    let lines = DECISIONS.lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.filter(|line| cfg!(feature = "socks") || !line.contains("socks"));
    lines.map(|line| {
        let columns: Vec<_> = line.split(" | ").collect();
        let (variables, rest) = columns.split_first().unwrap();
        let variables = variables
            .trim_end()
            .split("; ")
            .filter(|text| !text.is_empty());
        let variables = variables.map(|variable| variable.split_once('=').unwrap());
        (variables.collect(), rest[..3].try_into().unwrap())
    })
}

#[test]
fn variables_decide_as_the_table_has_it() {
    let mut wrong = Vec::new();
    for (variables, [address, goes, rule]) in decisions() {
        let rules = ProxyRules::from_vars(variables.iter().copied());
        let explanation = rules.explain(&url(address));
        let went = match (explanation.proxy(), explanation.is_direct()) {
            (Some(proxy), _) => proxy.to_string(),
            (None, true) => "direct".to_owned(),
            (None, false) => "nowhere".to_owned(),
        };
        if (went.as_str(), explanation.rule()) != (goes, rule) {
            wrong.push(format!("{variables:?}: {explanation}"));
        }
        // What is explained is what is done.
        match rules.proxy_for(&url(address)) {
            Ok(proxy) => assert_eq!(proxy.as_ref(), explanation.proxy()),
            Err(error) => assert_eq!((error.kind(), goes), (ErrorKind::Proxy, "nowhere")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(decisions().count() >= 50);
}

#[test]
fn an_explanation_is_one_line_without_secrets() {
    let rules = ProxyRules::from_vars([
        ("https_proxy", "http://me:secret@proxy.test:3128"),
        ("http_proxy", "gopher://me:secret@proxy.test"),
        ("no_proxy", ".quay.test"),
    ]);
    for (address, line) in [
        (
            "https://you:secret@a.test:444/secret?secret",
            "https://a.test:444/ goes through http://proxy.test:3128: https_proxy",
        ),
        (
            "https://a.quay.test/",
            "https://a.quay.test/ goes direct: no_proxy has .quay.test",
        ),
        (
            "http://a.test/",
            "http://a.test/ goes nowhere: http_proxy cannot be used: the scheme `gopher` is not supported",
        ),
    ] {
        assert_eq!(rules.explain(&url(address)).to_string(), line);
    }
    assert!(!format!("{rules:?}").contains("secret"));
    let error = rules.proxy_for(&url("http://a.test/")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not connect through the proxy: http_proxy cannot be used: the scheme `gopher` is not supported"
    );
}

#[test]
fn loopback_hosts_are_proxied_where_that_is_asked_for() {
    let rules = ProxyRules::all(proxy("http://proxy.test:3128"));
    let local = url("http://localhost:8080/");
    assert_eq!(rules.proxy_for(&local).unwrap(), None);
    let rules = rules.proxy_loopback(true);
    let through = rules.proxy_for(&local).unwrap();
    assert_eq!(through, Some(proxy("http://proxy.test:3128")));
}

#[test]
fn settings_go_before_variables() {
    let rules = ProxyRules::from_vars([
        ("http_proxy", "http://env.test"),
        ("ws_proxy", "http://env.test"),
        ("https_proxy", "http://env.test"),
        ("no_proxy", "a.test"),
    ])
    .http(proxy("http://own.test"))
    .no_proxy("b.test");
    for (address, rule) in [
        ("http://c.test/", "ProxyRules::http"),
        ("ws://c.test/", "ProxyRules::http"),
        ("https://c.test/", "https_proxy"),
        ("https://a.test/", "no_proxy has a.test"),
        ("https://b.test/", "ProxyRules::no_proxy has b.test"),
    ] {
        assert_eq!(rules.explain(&url(address)).rule(), rule, "{address}");
    }
}

#[test]
fn a_function_chooses_for_hosts_that_are_not_listed() {
    let rules = ProxyRules::custom(|url| {
        assert_ne!(url.host_str(), Some("localhost"));
        (url.path() == "/far").then(|| Proxy::new("http://proxy.test").unwrap())
    })
    .no_proxy("b.test");
    for (address, rule) in [
        ("http://a.test/far", "ProxyRules::custom"),
        ("http://a.test/near", "ProxyRules::custom chose no proxy"),
        ("http://b.test/far", "ProxyRules::no_proxy has b.test"),
        ("http://localhost/far", "loopback hosts are not proxied"),
    ] {
        assert_eq!(rules.explain(&url(address)).rule(), rule, "{address}");
    }
    // What it declines goes by the rest.
    let rules = rules.https(proxy("http://rest.test"));
    assert_eq!(
        rules.explain(&url("https://a.test/near")).rule(),
        "ProxyRules::https"
    );
}

#[test]
fn without_rules_everything_goes_direct() {
    let rules = ProxyRules::none();
    assert_eq!(rules.proxy_for(&url("https://a.test/")).unwrap(), None);
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_no_text_fails_what_it_is_for() {
    use std::os::unix::ffi::OsStringExt;

    let bytes = OsString::from_vec(b"http://\xff:81".to_vec());
    let rules = ProxyRules::from_vars([("all_proxy", bytes)]);
    let error = rules.proxy_for(&url("https://a.test/")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not connect through the proxy: all_proxy cannot be used: it is not UTF-8"
    );
}
