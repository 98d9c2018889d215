use super::*;

#[test]
fn a_jar_is_shared_by_its_clones_between_threads() {
    fn shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let jar = jar();
    shareable(&jar);
    std::thread::scope(|scope| {
        for index in 0..8 {
            let jar = jar.clone();
            scope.spawn(move || {
                for round in 0..100 {
                    set(&jar, "http://quay.test/", &[&format!("n{index}={round}")]);
                }
            });
        }
    });
    assert_eq!(jar.len(), 8);
    assert!(jar.cookies().iter().all(|cookie| cookie.value() == "99"));
}

#[test]
fn a_cookie_tells_what_it_is() {
    let jar = jar();
    set(
        &jar,
        "https://www.quay.test/a/b",
        &[
            "n=v; Domain=Quay.test; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
            "session=x",
        ],
    );
    let [cookie, session] = &jar.cookies()[..] else {
        panic!("two cookies were set");
    };
    assert_eq!((cookie.name(), cookie.value()), ("n", "v"));
    assert_eq!((cookie.domain(), cookie.host_only()), ("quay.test", false));
    assert_eq!(cookie.path(), "/a");
    assert_eq!(
        cookie.expires(),
        Some(UNIX_EPOCH + Duration::from_secs(START + 60))
    );
    assert!(cookie.secure() && cookie.http_only());
    assert_eq!(cookie.same_site(), Some(SameSite::Lax));
    assert_eq!(
        (session.domain(), session.host_only()),
        ("www.quay.test", true)
    );
    assert_eq!((session.expires(), session.same_site()), (None, None));
    assert!(!session.secure() && !session.http_only());
}

#[test]
fn cookies_are_removed_by_domain_by_choice_and_at_once() {
    let jar = jar();
    for from in [
        "http://quay.test/",
        "http://www.quay.test/",
        "http://aquay.test/",
        "http://127.0.0.1/",
    ] {
        set(&jar, from, &["a=1", "b=2"]);
    }
    assert_eq!(jar.clear_domain(".QUAY.test"), 4);
    assert_eq!(jar.clear_domain("0.0.1"), 0);
    // The predicate may use the jar.
    assert_eq!(
        jar.remove_if(|cookie| cookie.name() == "a" && jar.len() == 4),
        2
    );
    assert_eq!(sent(&jar, "http://aquay.test/"), "b=2");
    jar.clear();
    assert!(jar.is_empty());
    set(&jar, "http://quay.test/", &["a=1"]);
    assert_eq!(jar.len(), 1);
}

#[test]
fn a_cookie_that_is_set_while_others_are_picked_stays() {
    let jar = jar();
    set(&jar, "http://quay.test/", &["a=old"]);
    let removed = jar.remove_if(|_| {
        set(&jar, "http://quay.test/", &["a=new"]);
        true
    });
    assert_eq!(
        (removed, sent(&jar, "http://quay.test/").as_str()),
        (0, "a=new")
    );
}

#[test]
fn a_pair_of_ones_own_is_for_its_host_and_as_secure_as_its_url() {
    let jar = jar();
    jar.add(&url("https://quay.test/a/b"), "a", "\"1\"")
        .unwrap();
    jar.add(&url("http://quay.test/a/b"), "b", "").unwrap();
    assert_eq!(sent(&jar, "https://quay.test/"), "a=\"1\"; b=");
    assert_eq!(sent(&jar, "http://quay.test/"), "b=");
    assert_eq!(sent(&jar, "https://www.quay.test/"), "");
}

#[test]
fn no_value_is_printed() {
    let jar = jar();
    set(&jar, "http://quay.test/", &["name=hidden; Max-Age=60"]);
    let refused = jar.add_line(&url("http://quay.test/"), "other=hidden; Domain=x.test");
    let refused = refused.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the cookie \"other\" is refused: its domain does not cover the host that set it"
    );
    for text in [
        format!("{jar:?}"),
        format!("{:?}", jar.cookies()),
        format!("{refused:?}"),
    ] {
        assert!(text.contains("name") && !text.contains("hidden"), "{text}");
    }
    assert_eq!(
        format!("{jar:?}"),
        "CookieJar { cookies: 1, names: [\"name\"], .. }"
    );
}
