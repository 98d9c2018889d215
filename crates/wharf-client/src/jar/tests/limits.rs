use super::*;

#[test]
fn a_domain_has_fifty_cookies_and_the_least_used_makes_room() {
    let jar = jar();
    for index in 0..50 {
        set(
            &jar,
            "https://quay.test/",
            &[&format!("n{index}=x; Path=/{index}")],
        );
    }
    // Sending is using.
    sent(&jar, "https://quay.test/0");
    set(&jar, "https://quay.test/", &["new=x"]);
    assert_eq!(jar.len(), 50);
    assert_eq!(sent(&jar, "https://quay.test/0"), "n0=x; new=x");
    assert_eq!(sent(&jar, "https://quay.test/1"), "new=x");
    // Another domain is another count.
    set(&jar, "https://other.test/", &["a=b"]);
    assert_eq!(jar.len(), 51);
}

#[test]
fn secure_cookies_of_a_crowded_domain_go_last() {
    let jar = Watch::new().builder().max_per_domain(2).build().unwrap();
    set(
        &jar,
        "https://quay.test/",
        &["a=1; Secure", "b=2", "c=3; Secure"],
    );
    assert_eq!(sent(&jar, "https://quay.test/"), "a=1; c=3");
    set(&jar, "https://quay.test/", &["d=4; Secure"]);
    assert_eq!(sent(&jar, "https://quay.test/"), "c=3; d=4");
}

#[test]
fn a_jar_has_three_thousand_cookies_whoever_sets_them() {
    let jar = jar();
    for index in 0..3100 {
        set(&jar, &format!("http://h{index}.test/"), &["a=b"]);
    }
    assert_eq!(jar.len(), 3000);
    assert_eq!(sent(&jar, "http://h99.test/"), "");
    assert_eq!(sent(&jar, "http://h100.test/"), "a=b");
    assert_eq!(sent(&jar, "http://h3099.test/"), "a=b");
    assert_eq!(jar.cookies().len(), 3000);
}

#[test]
fn a_limit_of_zero_takes_nothing() {
    for builder in [
        CookieJar::builder().max_cookies(0),
        CookieJar::builder().max_per_domain(0),
    ] {
        let jar = builder.build().unwrap();
        set(&jar, "http://quay.test/", &["a=b", "c=d"]);
        assert!(jar.is_empty());
        assert_eq!(sent(&jar, "http://quay.test/"), "");
    }
}

#[test]
fn what_would_take_much_memory_is_refused() {
    let long = "x".repeat(1100);
    for (from, line) in [
        (format!("http://quay.test/{long}/x"), "a=b".to_owned()),
        (
            format!("http://{}test/", "x.".repeat(130)),
            "a=b".to_owned(),
        ),
        (
            "http://quay.test/".to_owned(),
            format!("a={}", "x".repeat(4096)),
        ),
    ] {
        assert!(jar().add_line(&url(&from), &line).is_err(), "{from}");
    }
}

#[test]
fn cookies_that_have_expired_make_room_before_others() {
    let watch = Watch::new();
    let jar = watch.builder().max_per_domain(2).build().unwrap();
    set(&jar, "http://quay.test/", &["a=1", "b=2; Max-Age=5"]);
    watch.advance(Duration::from_secs(10));
    set(&jar, "http://quay.test/", &["c=3"]);
    assert_eq!(sent(&jar, "http://quay.test/"), "a=1; c=3");
}
