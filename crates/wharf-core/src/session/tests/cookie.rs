//! The cookie: its attributes, and what is made of one that is not right.

use super::*;

#[tokio::test]
async fn the_cookie_says_who_gets_it() {
    let base = || Sessions::<Visitor>::new(MemoryStore::new(9));
    let hour = Duration::from_secs(3600);
    for (sessions, name, attributes) in [
        (
            base(),
            "__Host-session",
            "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400",
        ),
        (
            base().cookie_name("sid"),
            "__Host-sid",
            "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400",
        ),
        (
            base().idle(hour),
            "__Host-session",
            "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600",
        ),
        (
            base().idle(None),
            "__Host-session",
            "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1209600",
        ),
        (
            base().idle(None).absolute(None),
            "__Host-session",
            "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=34560000",
        ),
        (
            base().until_closed(true),
            "__Host-session",
            "HttpOnly; SameSite=Lax; Secure; Path=/",
        ),
        (
            base().same_site(SameSite::Strict),
            "__Host-session",
            "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=86400",
        ),
        (
            base().domain("quay.test"),
            "__Secure-session",
            "HttpOnly; SameSite=Lax; Secure; Path=/; Domain=quay.test; Max-Age=86400",
        ),
        (
            base().dangerous_over_plain_http(true),
            "session",
            "HttpOnly; SameSite=Lax; Path=/; Max-Age=86400",
        ),
    ] {
        let browser = Browser::new(app(sessions)).await;
        let answer = browser.open("/call").await;
        let (pair, rest) = set(&answer).unwrap().split_once("; ").unwrap();
        let (own, value) = pair.split_once('=').unwrap();
        assert_eq!((own, rest), (name, attributes));
        assert_eq!(value.len(), 43);
        assert!(!format!("{answer:?}").contains(value));
        assert_eq!(browser.read("/peek").await, "\"-\" 1");
        let removal = browser.open("/logout").await;
        let removal = set(&removal)
            .unwrap()
            .replace("; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "");
        let expected = attributes.split("; Max-Age").next().unwrap();
        assert_eq!(removal, format!("{name}=; {expected}; Max-Age=0"));
    }
}

#[test]
fn settings_that_cannot_work_are_told_before_the_start() {
    let base = || Sessions::<Visitor>::new(MemoryStore::new(9));
    let second = Duration::from_secs(1);
    for (sessions, expected) in [
        (base().cookie_name("a b"), "its name is not made of letters"),
        (base().cookie_name(""), ""),
        (
            base().domain("quay.test; Path=/x"),
            "its domain is no host name",
        ),
        (base().cookie_name("x".repeat(4096)), "may have 4096"),
        (
            base().idle(second / 2),
            "the idle time of sessions is less than a second",
        ),
        (
            base().absolute(Duration::ZERO),
            "the absolute time of sessions is less than a second",
        ),
        (
            base().idle(2 * second).absolute(second),
            "is longer than they last at all",
        ),
        (
            base()
                .same_site(SameSite::None)
                .dangerous_over_plain_http(true),
            "browsers take no cookie with `SameSite=None` over plain HTTP",
        ),
    ] {
        let checked = App::new().wrap(sessions).routes([get("/", call)]).check();
        match checked {
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
            Ok(()) => assert!(expected.is_empty(), "{expected}"),
        }
    }
}

#[tokio::test]
async fn a_cookie_that_is_not_right_is_an_empty_session() {
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let browser = Browser::new(app(sessions)).await;
        browser.read("/login").await;
        let good = browser.cookie().unwrap();
        let (name, value) = good.split_once('=').unwrap();
        let mut turned = value.to_owned();
        let first = turned.remove(0);
        turned.insert(0, if first == 'B' { 'C' } else { 'B' });
        for bad in [
            String::new(),
            "x".to_owned(),
            turned,
            value[1..].to_owned(),
            format!("{value}A"),
            format!("{value}="),
            "A".repeat(43),
            "A".repeat(100_000),
            "%00".to_owned(),
            "../../../etc/passwd".to_owned(),
            "{\"user\":\"ann\"}".to_owned(),
            "ÄÖ".to_owned(),
        ] {
            browser.bring(Some(format!("{name}={bad}")));
            let answer = browser.open("/peek").await;
            // It may be an old one of a browser that has a new one by now.
            assert_eq!(
                (answer.status(), set(&answer)),
                (StatusCode::OK, None),
                "{kind} {bad}"
            );
            assert_eq!(browser.read("/peek").await, "\"-\" 0", "{kind} {bad}");
        }
        assert_eq!(browser.read("/call").await, "\"-\" 1", "{kind}");
        browser.bring(Some(format!("{name}=x")));
        assert!(
            set(&browser.open("/logout").await)
                .unwrap()
                .contains("Max-Age=0")
        );
        browser.bring(Some(good.clone()));
        assert_eq!(browser.read("/peek").await, "\"ann\" 0", "{kind}");
        browser.bring(Some(format!("other=1; {good}; session=x")));
        assert_eq!(browser.read("/peek").await, "\"ann\" 0", "{kind}");
    }
}

#[tokio::test]
async fn keys_can_be_changed_without_anybody_noticing() {
    let with = |keys: &[u8]| {
        let keys = Keys::new(keys.iter().map(|byte| [*byte; 32])).unwrap();
        Sessions::<Visitor>::signed(&keys)
    };
    let old = Browser::new(app(with(&[1]))).await;
    old.read("/login").await;
    let both = Browser::new(app(with(&[2, 1]))).await;
    both.bring(old.cookie());
    // The new key writes at once, although nothing has changed.
    assert_eq!(both.read("/peek").await, "\"ann\" 0");
    assert_ne!(both.cookie(), old.cookie());
    let settled = both.cookie();
    both.read("/peek").await;
    assert_eq!(both.cookie(), settled);
    let new = Browser::new(app(with(&[2]))).await;
    new.bring(settled);
    assert_eq!(new.read("/peek").await, "\"ann\" 0");
    new.bring(old.cookie());
    assert_eq!(new.read("/peek").await, "\"-\" 0");
}

#[tokio::test]
async fn a_session_that_does_not_fit_its_type_any_more_is_empty() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct Before {
        calls: String,
    }
    let store = MemoryStore::new(9);
    let before = async |session: Session<Before>| {
        session.update(|before| before.calls = "many".to_owned());
    };
    let sessions = Sessions::<Before>::new(store.clone());
    let old = Browser::new(App::new().wrap(sessions).routes([get("/", before)])).await;
    assert_eq!(old.open("/").await.status(), 200);
    let new = Browser::new(app(Sessions::new(store.clone()))).await;
    new.bring(old.cookie());
    assert_eq!(new.read("/peek").await, "\"-\" 0");
    assert_eq!(new.read("/call").await, "\"-\" 1");
}
