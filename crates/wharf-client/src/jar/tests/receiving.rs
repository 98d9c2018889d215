use super::*;

#[test]
fn a_cookie_goes_where_its_domain_and_path_say() {
    // Who sets it, how, who is asked next, whether it comes back (RFC 6265bis §5.7, §5.8.3).
    for (from, line, to, back) in [
        ("http://quay.test/", "a=b", "http://quay.test/", true),
        ("http://quay.test/", "a=b", "http://www.quay.test/", false),
        ("http://www.quay.test/", "a=b", "http://quay.test/", false),
        (
            "http://quay.test/",
            "a=b; Domain=quay.test",
            "http://quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=quay.test",
            "http://www.quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=.quay.test",
            "http://a.b.quay.test/",
            true,
        ),
        (
            "http://www.quay.test/",
            "a=b; Domain=QUAY.Test",
            "http://quay.test/",
            true,
        ),
        (
            "http://www.quay.test/",
            "a=b; Domain=quay.test",
            "http://other.quay.test/",
            true,
        ),
        (
            "http://www.quay.test/",
            "a=b; Domain=www.quay.test",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=www.quay.test",
            "http://www.quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=other.test",
            "http://other.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=ay.test",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=test",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=.test",
            "http://other.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=..quay.test",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=quay.test.",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=",
            "http://quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=.",
            "http://quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Domain",
            "http://www.quay.test/",
            false,
        ),
        // The last of two domains counts, even an empty one.
        (
            "http://quay.test/",
            "a=b; Domain=other.test; Domain=quay.test",
            "http://www.quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=quay.test; Domain=other.test",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=other.test; Domain=",
            "http://quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Domain=quay.test:80",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test:8080/",
            "a=b",
            "http://quay.test:9090/",
            true,
        ),
        ("http://quay.test/", "a=b", "http://QUAY.test/", true),
        ("http://quay.test/", "a=b", "http://quay.test./", false),
        (
            "http://münchen.test/",
            "a=b; Domain=xn--mnchen-3ya.test",
            "http://a.münchen.test/",
            true,
        ),
        (
            "http://münchen.test/",
            "a=b; Domain=münchen.test",
            "http://münchen.test/",
            false,
        ),
        ("http://localhost/", "a=b", "http://localhost/", true),
        (
            "http://localhost/",
            "a=b; Domain=localhost",
            "http://localhost/",
            true,
        ),
        (
            "http://localhost/",
            "a=b; Domain=localhost",
            "http://app.localhost/",
            false,
        ),
        (
            "http://app.localhost/",
            "a=b; Domain=localhost",
            "http://app.localhost/",
            false,
        ),
        ("http://127.0.0.1/", "a=b", "http://127.0.0.1:81/", true),
        (
            "http://127.0.0.1/",
            "a=b; Domain=127.0.0.1",
            "http://127.0.0.1/",
            true,
        ),
        (
            "http://127.0.0.1/",
            "a=b; Domain=0.0.1",
            "http://127.0.0.1/",
            false,
        ),
        (
            "http://127.0.0.1/",
            "a=b; Domain=.1",
            "http://127.0.0.1/",
            false,
        ),
        ("http://127.0.0.1/", "a=b", "http://127.0.0.2/", false),
        ("http://[::1]/", "a=b", "http://[0::1]/", true),
        ("http://[::1]/", "a=b; Domain=[::1]", "http://[::1]/", true),
        ("http://[::1]/", "a=b; Domain=::1", "http://[::1]/", false),
        ("http://quay.test/a/b", "a=b", "http://quay.test/a/c", true),
        ("http://quay.test/a/b", "a=b", "http://quay.test/", false),
        ("http://quay.test/a/b", "a=b", "http://quay.test/ab", false),
        ("http://quay.test/a/", "a=b", "http://quay.test/a", true),
        (
            "http://quay.test/a?x=/b/c",
            "a=b",
            "http://quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Path=/x",
            "http://quay.test/x/y",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Path=/x",
            "http://quay.test/x?y",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Path=/x",
            "http://quay.test/xy",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Path=/x/",
            "http://quay.test/x",
            false,
        ),
        (
            "http://quay.test/a/b",
            "a=b; Path=x",
            "http://quay.test/a/",
            true,
        ),
        (
            "http://quay.test/a/b",
            "a=b; Path=",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/a/b",
            "a=b; Path=\"/\"",
            "http://quay.test/",
            false,
        ),
        (
            "http://quay.test/",
            "a=b; Path=/a; Path=/",
            "http://quay.test/",
            true,
        ),
        (
            "http://quay.test/",
            "a=b; Path=/; Path=/a",
            "http://quay.test/",
            false,
        ),
    ] {
        let jar = jar();
        set(&jar, from, &[line]);
        let expected = if back { "a=b" } else { "" };
        assert_eq!(sent(&jar, to), expected, "{from} {line} {to}");
    }
}

#[test]
fn an_end_in_the_past_removes_and_one_in_the_future_is_kept() {
    for (line, kept) in [
        ("a=b", true),
        ("a=b; Max-Age=1", true),
        ("a=b; Max-Age=0", false),
        ("a=b; Max-Age=-5", false),
        ("a=b; Max-Age=x", true),
        ("a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT", false),
        ("a=b; Expires=Mon, 01-Jan-1601 00:00:00 GMT", false),
        ("a=b; Expires=Tue, 14 Nov 2023 22:13:20 GMT", false),
        ("a=b; Expires=Tue, 14 Nov 2023 22:13:21 GMT", true),
        ("a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT", true),
        ("a=b; Expires=never", true),
        ("a=b; Expires=0", true),
        // Max-Age counts wherever it stands.
        (
            "a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            true,
        ),
        (
            "a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=0",
            false,
        ),
        ("a=b; Max-Age=0; Max-Age=60", true),
    ] {
        let jar = jar();
        set(&jar, "http://quay.test/", &["a=old", line]);
        let expected = if kept { "a=b" } else { "" };
        assert_eq!(sent(&jar, "http://quay.test/"), expected, "{line}");
    }
}

#[test]
fn a_cookie_lasts_as_long_as_it_said_and_no_longer_than_400_days() {
    let watch = Watch::new();
    watch.advance(Duration::from_millis(400));
    let jar = watch.jar();
    set(
        &jar,
        "http://quay.test/",
        &["a=1; Max-Age=1", "b=2; Max-Age=99999999999", "c=3"],
    );
    watch.advance(Duration::from_millis(1000));
    assert_eq!(sent(&jar, "http://quay.test/"), "a=1; b=2; c=3");
    watch.advance(Duration::from_millis(600));
    assert_eq!(sent(&jar, "http://quay.test/"), "b=2; c=3");
    assert_eq!(jar.len(), 2);
    watch.advance(Duration::from_secs(400 * 86_400));
    assert_eq!(sent(&jar, "http://quay.test/"), "c=3");
}

#[test]
fn secure_cookies_and_prefixes_are_held_to_their_promise() {
    for (from, line, taken) in [
        ("https://quay.test/", "a=b; Secure", true),
        ("wss://quay.test/", "a=b; Secure", true),
        ("http://quay.test/", "a=b; Secure", false),
        ("ws://quay.test/", "a=b; Secure", false),
        ("https://quay.test/", "__Secure-a=b; Secure", true),
        (
            "https://quay.test/",
            "__Secure-a=b; Secure; Domain=quay.test; Path=/x",
            true,
        ),
        ("https://quay.test/", "__Secure-a=b", false),
        ("https://quay.test/", "__SECURE-a=b", false),
        ("http://quay.test/", "__Secure-a=b; Secure", false),
        ("https://quay.test/", "__Host-a=b; Secure; Path=/", true),
        (
            "https://quay.test/",
            "__Host-a=b; Secure; Path=/; Domain=",
            true,
        ),
        ("https://quay.test/", "__Host-a=b; Secure", false),
        ("https://quay.test/", "__host-a=b; Path=/", false),
        ("https://quay.test/", "__Host-a=b; Secure; Path=/x", false),
        (
            "https://quay.test/",
            "__Host-a=b; Secure; Path=/; Domain=quay.test",
            false,
        ),
        ("https://quay.test/", "__Host=b", true),
        ("https://quay.test/", "=__Host-a=b", false),
        ("https://quay.test/", "__secure-a", false),
    ] {
        let jar = jar();
        let answer = jar.add_line(&url(from), line);
        assert_eq!(answer.is_ok(), taken, "{from} {line} {answer:?}");
        assert_eq!(jar.len(), usize::from(taken), "{from} {line}");
    }
}

#[test]
fn an_insecure_origin_does_not_touch_secure_cookies() {
    // RFC 6265bis §5.7: what a new cookie without `Secure` must not lie over.
    for (old, from, new, taken) in [
        (
            "a=1; Secure; Path=/login",
            "http://quay.test/",
            "a=2; Path=/login",
            false,
        ),
        (
            "a=1; Secure; Path=/login",
            "http://quay.test/",
            "a=2; Path=/login/en",
            false,
        ),
        (
            "a=1; Secure; Path=/login",
            "http://quay.test/",
            "a=2; Path=/",
            true,
        ),
        (
            "a=1; Secure; Path=/login",
            "http://quay.test/",
            "a=2; Path=/foo",
            true,
        ),
        ("a=1; Secure", "http://quay.test/", "b=2", true),
        ("a=1; Secure", "http://quay.test/", "a=; Max-Age=0", false),
        ("a=1; Secure", "http://www.quay.test/", "a=2", false),
        (
            "a=1; Secure",
            "http://www.quay.test/",
            "a=2; Domain=quay.test",
            false,
        ),
        (
            "a=1; Secure; Domain=quay.test",
            "http://www.quay.test/",
            "a=2",
            false,
        ),
        ("a=1; Secure", "http://other.test/", "a=2", true),
        ("a=1; Secure", "https://quay.test/", "a=2", true),
        ("a=1", "http://quay.test/", "a=2", true),
    ] {
        let jar = jar();
        set(&jar, "https://quay.test/", &[old]);
        assert_eq!(
            jar.add_line(&url(from), new).is_ok(),
            taken,
            "{old} {from} {new}"
        );
    }
}

#[test]
fn a_secure_origin_over_plain_http_is_as_good_as_tls() {
    let jar = Watch::new()
        .builder()
        .secure_origin("http://localhost:8080")
        .build()
        .unwrap();
    set(&jar, "http://localhost:8080/", &["a=b; Secure"]);
    assert_eq!(sent(&jar, "http://localhost:8080/"), "a=b");
    assert_eq!(sent(&jar, "http://localhost:8081/"), "");
    assert_eq!(sent(&jar, "https://localhost/"), "a=b");
    for origin in [
        "localhost:8080",
        "//x",
        "data:x",
        "http://a.test/x",
        "http://u:p@a.test",
        "http://a.test/?",
    ] {
        let built = CookieJar::builder().secure_origin(origin).build();
        assert_eq!(
            built.unwrap_err().kind(),
            crate::ErrorKind::Config,
            "{origin}"
        );
    }
}

#[test]
fn hosts_that_are_addresses_can_be_refused() {
    let jar = Watch::new().builder().ip_hosts(false).build().unwrap();
    for from in ["http://127.0.0.1/", "http://[::1]/"] {
        assert!(jar.add_line(&url(from), "a=b").is_err(), "{from}");
    }
    assert!(jar.add_line(&url("http://localhost/"), "a=b").is_ok());
}

#[cfg(feature = "public-suffix")]
#[test]
fn no_cookie_reaches_all_sites_of_a_registry() {
    for (from, line, to, back) in [
        (
            "http://bbc.co.uk/",
            "a=b; Domain=co.uk",
            "http://bbc.co.uk/",
            false,
        ),
        (
            "http://bbc.co.uk./",
            "a=b; Domain=co.uk.",
            "http://bbc.co.uk./",
            false,
        ),
        (
            "http://bbc.co.uk/",
            "a=b; Domain=bbc.co.uk",
            "http://www.bbc.co.uk/",
            true,
        ),
        (
            "http://a.github.io/",
            "a=b; Domain=github.io",
            "http://b.github.io/",
            false,
        ),
        // A suffix that is itself a host keeps its own cookies.
        (
            "http://github.io/",
            "a=b; Domain=github.io",
            "http://github.io/",
            true,
        ),
        (
            "http://github.io/",
            "a=b; Domain=github.io",
            "http://a.github.io/",
            false,
        ),
    ] {
        let jar = jar();
        set(&jar, from, &[line]);
        let expected = if back { "a=b" } else { "" };
        assert_eq!(sent(&jar, to), expected, "{from} {line} {to}");
    }
}

#[test]
fn urls_without_a_host_set_nothing_and_get_nothing() {
    let jar = jar();
    for from in ["data:text/plain,x", "file:///x"] {
        assert!(jar.add_line(&url(from), "a=b").is_err());
        assert_eq!(jar.header(&url(from)), None);
    }
}
