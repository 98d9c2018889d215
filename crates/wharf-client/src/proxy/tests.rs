use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn proxy(text: &str) -> Proxy {
    Proxy::new(text).unwrap()
}

#[test]
fn credentials_are_decoded_and_never_printed() {
    for (text, authorization) in [
        ("http://proxy.test", None),
        ("http://@proxy.test", None),
        ("http://me@proxy.test", Some("Basic bWU6")),
        ("http://me:secret@proxy.test", Some("Basic bWU6c2VjcmV0")),
        (
            "http://me:s%3Acret%40@proxy.test",
            Some("Basic bWU6czpjcmV0QA=="),
        ),
        ("http://:secret@proxy.test", Some("Basic OnNlY3JldA==")),
        ("me:50%@proxy.test", Some("Basic bWU6NTAl")),
        (
            "http://m%C3%A9:secret@proxy.test",
            Some("Basic bcOpOnNlY3JldA=="),
        ),
    ] {
        let proxy = proxy(text);
        let value = proxy.authorization();
        assert_eq!(
            value.map(|value| value.to_str().unwrap()),
            authorization,
            "{text}"
        );
        assert!(value.is_none_or(HeaderValue::is_sensitive));
        assert_eq!(proxy.to_string(), "http://proxy.test:1080");
        let debug = format!("{proxy:?}");
        assert!(
            !debug.contains("cret") && !debug.contains("Basic"),
            "{debug}"
        );
    }
}

#[test]
fn what_is_no_proxy_is_refused_without_being_printed() {
    for text in [
        "",
        "http://",
        "http:///proxy",
        "gopher://me:secret@proxy.test",
        "http:/proxy.test",
        "http:proxy.test",
        "me:secret@x://proxy.test",
        "http://me:secret@proxy.test:0",
        "http://me:secret@proxy.test:65536",
        "http://me:sec ret@proxy.test",
        "http://me:secret%ff@proxy.test",
        "http://m%3Ae:secret@proxy.test",
        "http://me:secret@pro<xy.test",
        "http://me:secret@[::1",
        "http://proxy.test\n",
    ] {
        let error = Proxy::new(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text:?}");
        let printed = format!("{error:#} {error:?}");
        assert!(!printed.contains("cret"), "{printed}");
    }
    let error = Proxy::new("gopher://proxy.test").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid client setting: the proxy cannot be used: the scheme `gopher` is not supported"
    );
}

#[test]
#[cfg(not(feature = "socks"))]
fn socks_asks_for_its_feature() {
    let error = Proxy::new("socks5://proxy.test").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the scheme `socks5` needs the feature `socks`")
    );
}

#[test]
fn proxies_differ_in_all_that_their_connections_differ_in() {
    let base = "http://proxy.test:81";
    let alone = || proxy(base);
    let different = [
        alone(),
        proxy("https://proxy.test:81"),
        proxy("http://proxy.test:82"),
        proxy("http://other.test:81"),
        proxy("http://me@proxy.test:81"),
        proxy("http://me:secret@proxy.test:81"),
        alone().header("x-a", "1").unwrap(),
        alone().header("x-a", "2").unwrap(),
        alone()
            .header("proxy-authorization", "Bearer token")
            .unwrap(),
    ];
    let set: HashSet<_> = different.iter().cloned().collect();
    assert_eq!(set.len(), different.len());
    assert!(set.contains(&proxy("http://PROXY.test:81/path")));
    assert!(set.contains(&alone().basic_auth("me", "secret").unwrap()));
    assert!(set.contains(&alone().header("x-a", "2").unwrap()));
}

#[test]
fn a_clone_that_is_changed_leaves_the_other_alone() {
    let first = proxy("http://proxy.test");
    let second = first.clone().header("x-a", "1").unwrap();
    assert!(first.headers().is_empty());
    assert_eq!(second.headers()["x-a"], "1");
}

proptest! {
    #[test]
    fn any_text_is_a_proxy_or_an_error(text in ".{0,60}") {
        drop(Proxy::new(&text));
        drop(Proxy::new(format!("http://{text}")));
    }

    #[test]
    fn a_proxy_is_read_as_it_prints(scheme in "https?", host in "[a-z]{1,9}(\\.[a-z]{1,9}){0,2}", port in 1_u16..) {
        let text = format!("{scheme}://{host}:{port}");
        let read = proxy(&text);
        prop_assert_eq!(read.to_string(), text);
        prop_assert_eq!((read.host(), read.port()), (&*host, port));
    }
}
