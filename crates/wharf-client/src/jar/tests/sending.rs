use super::*;

#[test]
fn longer_paths_come_first_and_then_older_cookies() {
    let jar = jar();
    let lines = [
        "a=1; Path=/",
        "b=2; Path=/x",
        "c=3; Path=/x/y",
        "d=4; Path=/",
    ];
    set(&jar, "http://www.quay.test/", &lines);
    set(
        &jar,
        "http://www.quay.test/",
        &["e=5; Path=/x; Domain=quay.test", "a=6; Path=/"],
    );
    // The new `a` has the place of the one that it replaced.
    assert_eq!(
        sent(&jar, "http://www.quay.test/x/y"),
        "c=3; b=2; e=5; a=6; d=4"
    );
    assert_eq!(sent(&jar, "http://quay.test/x"), "e=5");
}

#[test]
fn one_name_stands_for_as_many_cookies_as_domains_and_paths() {
    let jar = jar();
    set(
        &jar,
        "http://www.quay.test/",
        &[
            "a=1",
            "a=2; Domain=www.quay.test",
            "a=3; Domain=quay.test",
            "a=4; Path=/x",
            "a=5",
        ],
    );
    assert_eq!(jar.len(), 4);
    assert_eq!(sent(&jar, "http://www.quay.test/x"), "a=4; a=5; a=2; a=3");
    assert_eq!(
        jar.get(&url("http://www.quay.test/x"), "a")
            .unwrap()
            .value(),
        "4"
    );
    assert_eq!(jar.get(&url("http://www.quay.test/x"), "A"), None);
}

#[test]
fn secure_cookies_are_sent_over_tls_alone() {
    let jar = jar();
    set(
        &jar,
        "https://quay.test/",
        &["a=1; Secure; HttpOnly; SameSite=Strict", "b=2"],
    );
    assert_eq!(sent(&jar, "https://quay.test/"), "a=1; b=2");
    assert_eq!(sent(&jar, "wss://quay.test/"), "a=1; b=2");
    assert_eq!(sent(&jar, "http://quay.test/"), "b=2");
}

#[test]
fn values_go_back_as_they_came() {
    for (line, expected) in [
        ("a=\"b c\"", "a=\"b c\""),
        ("a=\"\"", "a=\"\""),
        ("a=%22%C3%A4", "a=%22%C3%A4"),
        ("a=ä€", "a=ä€"),
        ("a={\"b\":[1,2]}", "a={\"b\":[1,2]}"),
        ("a=", "a="),
        ("b", "b"),
        ("=b", "b"),
        ("=b=c", "b=c"),
    ] {
        let jar = jar();
        set(&jar, "http://quay.test/", &[line]);
        assert_eq!(sent(&jar, "http://quay.test/"), expected, "{line}");
    }
    let jar = jar();
    let latin = HeaderValue::from_bytes(b"a=\xe4").unwrap();
    jar.store(
        &url("http://quay.test/"),
        &HeaderMap::from_iter([(header::SET_COOKIE, latin)]),
    );
    assert!(jar.is_empty());
}

#[test]
fn the_field_is_sensitive() {
    let jar = jar();
    set(&jar, "http://quay.test/", &["a=b"]);
    assert!(
        jar.header(&url("http://quay.test/"))
            .unwrap()
            .is_sensitive()
    );
}

#[test]
fn cookies_of_one_request_stand_for_those_of_the_jar() {
    let jar = jar();
    let quay = url("http://quay.test/");
    set(&jar, "http://quay.test/", &["a=1", "b=2"]);
    let with = |own: &[(&str, &str)]| jar.header_with(&quay, own.iter().copied());
    assert_eq!(with(&[]).unwrap().unwrap(), "a=1; b=2");
    assert_eq!(
        with(&[("a", "3"), ("c", "4")]).unwrap().unwrap(),
        "b=2; a=3; c=4"
    );
    for own in [
        ("", "x"),
        ("a=b", "x"),
        ("a;", "x"),
        (" a", "x"),
        ("a", "x;y"),
        ("a", "x\r\ny"),
        ("a", "x "),
    ] {
        assert!(with(&[own]).is_err(), "{own:?}");
        assert!(jar.add(&quay, own.0, own.1).is_err(), "{own:?}");
    }
    assert_eq!(sent(&jar, "http://quay.test/"), "a=1; b=2");
    let none = CookieJar::new().header_with(&quay, []).unwrap();
    assert_eq!(none, None);
}
