//! What a visitor sees, wherever sessions are kept.

use super::*;

#[tokio::test]
async fn a_visitor_is_known_again_wherever_sessions_are_kept() {
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let app = app(sessions).start().await.unwrap();
        let (ann, ben) = (Browser::of(&app), Browser::of(&app));
        assert_eq!(ann.read("/call").await, "\"-\" 1", "{kind}");
        assert_eq!(ben.read("/call").await, "\"-\" 1", "{kind}");
        assert_eq!(ann.read("/call").await, "\"-\" 2", "{kind}");
        assert_eq!(ann.read("/login").await, "\"ann\" 2", "{kind}");
        assert_eq!(ann.read("/peek").await, "\"ann\" 2", "{kind}");
        assert_eq!(ben.read("/peek").await, "\"-\" 1", "{kind}");
        assert_eq!(ann.read("/logout").await, "bye", "{kind}");
        assert_eq!(ann.cookie(), None, "{kind}");
        assert_eq!(ann.read("/peek").await, "\"-\" 0", "{kind}");
    }
}

#[tokio::test]
async fn who_stores_nothing_gets_no_cookie() {
    let (kinds, folder) = all();
    for (kind, sessions) in kinds {
        let browser = Browser::new(app(sessions)).await;
        for path in ["/plain", "/peek", "/nothing", "/rotate", "/logout"] {
            assert_eq!(set(&browser.open(path).await), None, "{kind} {path}");
        }
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn the_store_is_asked_only_for_what_is_needed() {
    let store = Observed::new();
    let browser = Browser::new(app(Sessions::new(store.clone()))).await;
    for (path, calls) in [
        ("/peek", &[][..]),
        ("/nothing", &[]),
        ("/call", &["insert"]),
        ("/plain", &[]),
        ("/peek", &["load"]),
        ("/call", &["load", "replace"]),
        ("/login", &["load", "load", "insert", "remove"]),
        ("/rotate", &["load", "load", "insert", "remove"]),
        ("/logout", &["load", "remove"]),
        ("/peek", &[]),
        ("/login", &["insert"]),
    ] {
        browser.read(path).await;
        assert_eq!(store.calls(), calls, "{path}");
    }
}

#[tokio::test]
async fn an_answer_says_that_it_is_one_visitors() {
    let own = |value: &'static str| {
        move |session: Session<Visitor>| {
            session.update(|visitor| visitor.calls += 1);
            std::future::ready(([("cache-control", value)], ""))
        }
    };
    let app = app(Sessions::new(MemoryStore::new(9))).routes([
        get("/public", own("public, max-age=60")),
        get("/private", own("private")),
    ]);
    let browser = Browser::new(app).await;
    for (path, vary, cache, cookie) in [
        ("/plain", None, None, false),
        ("/peek", Some("cookie"), Some("private"), false),
        ("/public", Some("cookie"), Some("no-store"), true),
        // Without a cookie that is set, the handler knows best.
        ("/public", Some("cookie"), Some("public, max-age=60"), false),
        ("/login", Some("cookie"), Some("no-store"), true),
        ("/private", Some("cookie"), Some("private"), false),
    ] {
        let answer = browser.open(path).await;
        let field = |name| Some(answer.headers().get(name)?.to_str().unwrap());
        assert_eq!(
            (field("vary"), field("cache-control")),
            (vary, cache),
            "{path}"
        );
        assert_eq!(set(&answer).is_some(), cookie, "{path}");
    }
}

#[tokio::test]
async fn signing_in_and_rotating_make_old_cookies_worthless() {
    let browser = Browser::new(app(Sessions::new(MemoryStore::new(9)))).await;
    browser.read("/call").await;
    for path in ["/login", "/rotate"] {
        let old = browser.cookie();
        browser.read(path).await;
        let new = browser.cookie();
        assert_ne!(old, new);
        assert_eq!(browser.read("/peek").await, "\"ann\" 1");
        browser.bring(old);
        assert_eq!(browser.read("/peek").await, "\"-\" 0");
        browser.bring(new);
    }
}

#[tokio::test]
async fn what_comes_after_an_end_begins_anew() {
    let again = async |session: Session<Visitor>| {
        session.destroy();
        session.flash(Level::Info, "signed out");
        session.destroy();
        session.flash(Level::Info, "for good");
        session.take_flashes().len().to_string() + &session.get().calls.to_string()
    };
    let goodbye = async |session: Session<Visitor>| {
        session.destroy();
        session.flash(Level::Info, "signed out");
        "bye"
    };
    let store = MemoryStore::new(9);
    let app =
        app(Sessions::new(store.clone())).routes([get("/again", again), get("/bye", goodbye)]);
    let browser = Browser::new(app).await;
    browser.read("/login").await;
    let old = browser.cookie();
    assert_eq!(browser.read("/bye").await, "bye");
    assert_ne!(browser.cookie(), old);
    assert_eq!(
        (browser.read("/peek").await, store.len()),
        ("\"-\" 0".to_owned(), 1)
    );
    assert_eq!(browser.read("/again").await, "10");
    assert_eq!((browser.cookie(), store.len()), (None, 0));
}

#[tokio::test]
async fn messages_are_shown_once_and_there_is_an_end_of_them() {
    let show = async |session: Session<Visitor>| {
        let all = session.take_flashes();
        let lines = all
            .iter()
            .map(|one| format!("{}: {}", one.level().as_str(), one.text()));
        lines.collect::<Vec<_>>().join("\n")
    };
    let add = async |session: Session<Visitor>| {
        session.flash(Level::Success, "saved");
        session.flash(Level::Warning, "but late");
        crate::Redirect::to("/show")
    };
    let many = async |session: Session<Visitor>| {
        for number in 0..100 {
            session.flash(Level::Error, format!("{number}{}", "x".repeat(600)));
        }
    };
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let app = app(sessions).routes([get("/add", add), get("/show", show), get("/many", many)]);
        let browser = Browser::new(app).await;
        assert_eq!(browser.open("/add").await.status(), 303, "{kind}");
        browser.read("/call").await;
        assert_eq!(
            browser.read("/show").await,
            "success: saved\nwarning: but late",
            "{kind}"
        );
        assert_eq!(browser.read("/show").await, "", "{kind}");
        let status = browser.open("/many").await.status();
        // Sixteen of the longest are more than a cookie holds.
        if matches!(kind, "signed" | "encrypted") {
            assert_eq!(status, 500);
            continue;
        }
        let shown = browser.read("/show").await;
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 16);
        assert!(lines[0].starts_with("error: 84x") && lines[15].len() == 7 + 512);
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_session_alone_and_until_it_begins_anew() {
    let form = async |session: Session<Visitor>| session.token();
    let post = async |session: Session<Visitor>, query: crate::extract::RawQuery| {
        session.check_token(&query.0)
    };
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let app = app(sessions).routes([get("/form", form), get("/post", post)]);
        let app = app.start().await.unwrap();
        let (ann, eve) = (Browser::of(&app), Browser::of(&app));
        let (first, second) = (ann.read("/form").await, ann.read("/form").await);
        let foreign = eve.read("/form").await;
        let post = async |token: &str| ann.open(&format!("/post?{token}")).await.status().as_u16();
        for (token, status) in [(&*first, 200), (&*second, 200), (&*foreign, 403), ("", 403)] {
            assert_eq!(post(token).await, status, "{kind}");
        }
        ann.read("/login").await;
        assert_eq!(post(&first).await, 403, "{kind}");
        let third = ann.read("/form").await;
        assert_eq!(post(&third).await, 200, "{kind}");
    }
}

#[tokio::test]
async fn a_route_without_sessions_does_not_start_and_an_option_of_one_does() {
    let app = App::new().routes([get("/", call)]);
    let error = app.check().unwrap_err().to_string();
    assert!(
        error.contains("wharf_core::session::sessions::Sessions<"),
        "{error}"
    );
    let optional = async |session: Option<Session<Visitor>>| session.is_some().to_string();
    let sessions = Sessions::<Visitor>::signed(&keys());
    let app = App::new().routes([get("/", optional), get("/with", optional).wrap(sessions)]);
    let browser = Browser::new(app).await;
    assert_eq!(browser.read("/").await, "false");
    assert_eq!(browser.read("/with").await, "true");
}

#[tokio::test]
async fn middleware_and_handler_have_the_same_session() {
    async fn outer(
        session: Session<Visitor>,
        request: crate::Request,
        next: crate::Next,
    ) -> Response {
        session.update(|visitor| visitor.calls += 10);
        next.run(request).await
    }
    let store = Observed::new();
    let sessions = Sessions::<Visitor>::new(store.clone());
    let app = App::new()
        .wrap(sessions)
        .wrap(outer)
        .routes([get("/call", call)]);
    let browser = Browser::new(app).await;
    assert_eq!(browser.read("/call").await, "\"-\" 11");
    assert_eq!(browser.read("/call").await, "\"-\" 22");
    assert_eq!(store.calls(), ["insert", "load", "replace"]);
}

#[tokio::test]
async fn two_kinds_of_sessions_live_side_by_side() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct Cart(Vec<u32>);
    let both = async |visitor: Session<Visitor>, cart: Session<Cart>| {
        cart.update(|cart| cart.0.push(7));
        format!(
            "{} {}",
            visitor.update(|visitor| {
                visitor.calls += 1;
                visitor.calls
            }),
            cart.get().0.len()
        )
    };
    let cart = Sessions::<Cart>::signed(&keys()).cookie_name("cart");
    let app = app(Sessions::signed(&keys()))
        .wrap(cart)
        .routes([get("/both", both)]);
    let app = app.start().await.unwrap();
    let first = app
        .handle(http::Request::get("/both").body(Body::empty()).unwrap())
        .await;
    let pairs = first.headers().get_all("set-cookie").iter();
    let pairs: Vec<&str> = pairs
        .map(|line| line.to_str().unwrap().split(';').next().unwrap())
        .collect();
    assert_eq!(pairs.len(), 2);
    let request = http::Request::get("/both").header("cookie", pairs.join("; "));
    let mut again = app.handle(request.body(Body::empty()).unwrap()).await;
    assert_eq!(again.body_mut().bytes(None).await.unwrap(), "2 2");
}

#[tokio::test]
async fn what_is_the_same_is_not_written_in_whatever_order_it_is_kept() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct Before {
        seen: std::collections::HashSet<u32>,
    }
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct After {
        seen: std::collections::HashSet<u32>,
        #[serde(default)]
        new: bool,
    }
    let store = Observed::new();
    let fill = async |session: Session<Before>| session.update(|data| data.seen.extend(0..100));
    let sessions = Sessions::<Before>::new(store.clone());
    let old = Browser::new(App::new().wrap(sessions).routes([get("/", fill)])).await;
    old.read("/").await;
    assert_eq!(store.calls(), ["insert"]);
    let look = async |session: Session<After>| session.update(|data| data.seen.len().to_string());
    let sessions = Sessions::<After>::new(store.clone());
    let new = Browser::new(App::new().wrap(sessions).routes([get("/", look)])).await;
    new.bring(old.cookie());
    for _ in 0..3 {
        assert_eq!(new.read("/").await, "100");
        assert_eq!(store.calls(), ["load"]);
    }
}
