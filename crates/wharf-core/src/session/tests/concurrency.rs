//! Several requests of one session at once.

use tokio::sync::Notify;

use super::*;
use crate::State;

/// Holds a request between what it has loaded and what it will write.
#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

impl Gate {
    async fn pass(&self) {
        self.reached.notify_one();
        self.open.notified().await;
    }
}

async fn slow_note(session: Session<Visitor>, gate: State<Arc<Gate>>) -> String {
    gate.pass().await;
    session.update(|visitor| visitor.note = "slow".to_owned());
    session.flash(Level::Info, "slow");
    "noted".to_owned()
}

async fn slow_call(session: Session<Visitor>, gate: State<Arc<Gate>>) {
    session.update(|visitor| visitor.calls += 100);
    gate.pass().await;
}

async fn slow_peek(session: Session<Visitor>, gate: State<Arc<Gate>>) -> String {
    gate.pass().await;
    peek(session).await
}

async fn slow_login(session: Session<Visitor>, gate: State<Arc<Gate>>) -> String {
    gate.pass().await;
    login(session).await
}

async fn slow_rotate(session: Session<Visitor>, gate: State<Arc<Gate>>) {
    gate.pass().await;
    session.rotate();
}

async fn slow_logout(session: Session<Visitor>, gate: State<Arc<Gate>>) {
    gate.pass().await;
    session.destroy();
}

async fn whole(session: Session<Visitor>) -> String {
    let flashes: Vec<String> = session
        .take_flashes()
        .iter()
        .map(|one| one.text().to_owned())
        .collect();
    let visitor = session.get();
    let user = visitor.user.as_deref().unwrap_or("-");
    format!("{user} {} {:?} {flashes:?}", visitor.calls, visitor.note)
}

/// What becomes of a slow request and of its session, when a fast one of the same browser comes and goes meanwhile.
async fn race(sessions: Sessions<Visitor>, slow: &str, fast: &str) -> (u16, String) {
    let gate = Arc::new(Gate::default());
    let app = app(sessions).provide(Arc::clone(&gate)).routes([
        get("/slow-note", slow_note),
        get("/slow-call", slow_call),
        get("/slow-peek", slow_peek),
        get("/slow-login", slow_login),
        get("/slow-rotate", slow_rotate),
        get("/slow-logout", slow_logout),
        get("/whole", whole),
    ]);
    let browser = Browser::new(app).await;
    browser.read("/call").await;
    let first = {
        let (browser, slow) = (browser.clone(), slow.to_owned());
        tokio::spawn(async move { browser.open(&slow).await.status().as_u16() })
    };
    gate.reached.notified().await;
    browser.read(fast).await;
    gate.open.notify_one();
    let status = first.await.unwrap();
    (status, browser.read("/whole").await)
}

#[tokio::test]
async fn in_a_store_what_both_have_changed_is_kept_and_what_has_ended_stays_so() {
    for (slow, fast, status, left) in [
        ("/slow-note", "/call", 200, r#"- 2 "slow" ["slow"]"#),
        // The same field: the one that ends later.
        ("/slow-call", "/call", 200, r#"- 101 "" []"#),
        ("/slow-peek", "/call", 200, r#"- 2 "" []"#),
        ("/slow-peek", "/logout", 200, r#"- 0 "" []"#),
        ("/slow-note", "/logout", 409, r#"- 0 "" []"#),
        ("/slow-peek", "/login", 200, r#"ann 1 "" []"#),
        ("/slow-note", "/login", 409, r#"ann 1 "" []"#),
        ("/slow-login", "/call", 200, r#"ann 2 "" []"#),
        ("/slow-login", "/login", 200, r#"ann 1 "" []"#),
        ("/slow-login", "/logout", 200, r#"ann 1 "" []"#),
        ("/slow-rotate", "/call", 200, r#"- 2 "" []"#),
        ("/slow-rotate", "/logout", 409, r#"- 0 "" []"#),
        ("/slow-logout", "/call", 200, r#"- 0 "" []"#),
        ("/slow-logout", "/login", 200, r#"- 0 "" []"#),
    ] {
        let folder = TempDir::new().unwrap();
        let kinds = [
            Sessions::new(MemoryStore::new(9)),
            Sessions::new(FileStore::open(folder.path()).unwrap()),
        ];
        for sessions in kinds {
            let found = race(sessions, slow, fast).await;
            assert_eq!(found, (status, left.to_owned()), "{slow} {fast}");
        }
    }
}

#[tokio::test]
async fn in_a_cookie_the_answer_that_comes_last_counts_as_a_whole() {
    for (slow, fast, left) in [
        ("/slow-note", "/call", r#"- 1 "slow" ["slow"]"#),
        ("/slow-call", "/call", r#"- 101 "" []"#),
        ("/slow-peek", "/call", r#"- 2 "" []"#),
        ("/slow-peek", "/logout", r#"- 0 "" []"#),
        ("/slow-note", "/logout", r#"- 1 "slow" ["slow"]"#),
        ("/slow-login", "/call", r#"ann 1 "" []"#),
    ] {
        let found = race(Sessions::signed(&keys()), slow, fast).await;
        assert_eq!(found, (200, left.to_owned()), "{slow} {fast}");
    }
}

#[tokio::test]
async fn a_message_that_one_request_shows_and_another_adds_to_is_shown_once() {
    let gate = Arc::new(Gate::default());
    let add = async |session: Session<Visitor>| session.flash(Level::Info, "one");
    let app = app(Sessions::new(MemoryStore::new(9)))
        .provide(Arc::clone(&gate))
        .routes([
            get("/add", add),
            get("/slow-note", slow_note),
            get("/whole", whole),
        ]);
    let browser = Browser::new(app).await;
    browser.read("/add").await;
    let slow = {
        let browser = browser.clone();
        tokio::spawn(async move { browser.open("/slow-note").await.status() })
    };
    gate.reached.notified().await;
    assert_eq!(browser.read("/whole").await, r#"- 0 "" ["one"]"#);
    gate.open.notify_one();
    assert_eq!(slow.await.unwrap(), 200);
    assert_eq!(browser.read("/whole").await, r#"- 0 "slow" ["slow"]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_different_fields_lose_nothing() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct Marks(std::collections::BTreeMap<String, bool>);
    let mark = async |session: Session<Marks>, query: crate::extract::RawQuery| {
        tokio::task::yield_now().await;
        session.update(|marks| marks.0.insert(query.0, true));
        session.get().0.len().to_string()
    };
    let sessions = Sessions::<Marks>::new(MemoryStore::new(9));
    let browser = Browser::new(App::new().wrap(sessions).routes([get("/", mark)])).await;
    browser.read("/?first").await;
    let mut running = Vec::new();
    for number in 0..8 {
        let browser = browser.clone();
        running.push(tokio::spawn(async move {
            for round in 0..25 {
                let answer = browser.open(&format!("/?{number}-{round}")).await;
                assert_eq!(answer.status(), 200);
            }
        }));
    }
    for one in running {
        one.await.unwrap();
    }
    assert_eq!(browser.read("/?last").await, "202");
}
