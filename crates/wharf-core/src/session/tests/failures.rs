//! Stores that fail, and sessions that cannot be kept.

use super::*;
use crate::HttpError;

#[tokio::test]
async fn a_store_that_fails_is_told_and_no_login_is_lost_in_silence() {
    let store = Observed::new();
    let browser = Browser::new(app(Sessions::new(store.clone()))).await;
    // What fails, at a visitor who is known or not, and whether the answer says so.
    for (what, known, path, status) in [
        ("insert", false, "/login", 503),
        ("insert", false, "/peek", 200),
        ("load", true, "/peek", 503),
        ("load", true, "/plain", 200),
        ("replace", true, "/call", 503),
        ("replace", true, "/peek", 200),
        ("insert", true, "/login", 503),
        ("remove", true, "/login", 503),
        ("remove", true, "/logout", 503),
    ] {
        store.fail(None);
        browser.bring(None);
        if known {
            browser.read("/call").await;
        }
        let cookie = browser.cookie();
        store.fail(Some(what));
        let mut answer = browser.open(path).await;
        assert_eq!(answer.status(), status, "{what} {path}");
        assert_eq!(browser.cookie(), cookie, "{what} {path}");
        if status == 503 {
            let text = answer.body_mut().bytes(None).await.unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(
                text.contains("sessions are not available at the moment"),
                "{text}"
            );
            assert!(!text.contains("shelf"), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_nobody_for_long() {
    let mut store = Observed::new();
    store.hangs = true;
    for (limit, seconds) in [(None, 5), (Some(1), 1)] {
        let mut sessions = Sessions::new(store.clone());
        if let Some(limit) = limit {
            sessions = sessions.store_timeout(Duration::from_secs(limit));
        }
        let browser = Browser::new(app(sessions)).await;
        store.fail(Some("insert"));
        let start = tokio::time::Instant::now();
        assert_eq!(browser.open("/login").await.status(), 503);
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn too_much_is_an_error_that_names_size_and_limit() {
    let fill = async |session: Session<Visitor>, query: crate::extract::RawQuery| {
        let bytes = query.0.parse::<usize>().unwrap();
        session.update(|visitor| visitor.note = "x".repeat(bytes));
    };
    let (kinds, _folder) = all();
    for (kind, sessions) in kinds {
        let (most, limit) = match kind {
            "signed" | "encrypted" => (2_800, "4096"),
            _ => (65_000, "65536"),
        };
        let app = app(sessions).debug(true).routes([get("/fill", fill)]);
        let browser = Browser::new(app).await;
        assert_eq!(
            browser.open(&format!("/fill?{most}")).await.status(),
            200,
            "{kind}"
        );
        let before = browser.cookie();
        let mut answer = browser.open(&format!("/fill?{}", most + 600)).await;
        assert_eq!(answer.status(), 500, "{kind}");
        assert_eq!(browser.cookie(), before);
        let text = answer.body_mut().bytes(None).await.unwrap();
        let text = String::from_utf8_lossy(&text);
        let (_, rest) = text.split_once("the session has ").unwrap();
        let (size, rest) = rest.split_once(" bytes, and may have ").unwrap();
        assert!(
            size.parse::<usize>().unwrap() > limit.parse().unwrap(),
            "{kind} {size}"
        );
        assert!(rest.starts_with(limit), "{kind} {rest}");
    }
}

#[tokio::test]
async fn what_cannot_be_json_is_an_error() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    struct Odd(std::collections::HashMap<Vec<u8>, u8>);
    let odd = async |session: Session<Odd>| {
        session
            .update(|odd| odd.0.insert(vec![1], 1))
            .map_or("", |_| "")
    };
    let sessions = Sessions::<Odd>::new(MemoryStore::new(9));
    let browser = Browser::new(App::new().wrap(sessions).routes([get("/", odd)])).await;
    let answer = browser.open("/").await;
    assert_eq!((answer.status().as_u16(), set(&answer)), (500, None));
}

#[tokio::test]
async fn what_a_handler_that_fails_has_changed_is_not_kept_but_an_end_is() {
    async fn change(session: Session<Visitor>) -> Result<(), HttpError> {
        session.update(|visitor| visitor.calls = 99);
        Err(HttpError::internal("not now"))
    }
    async fn panics(session: Session<Visitor>) {
        session.update(|visitor| visitor.calls = 99);
        panic!("on purpose")
    }
    async fn refuse(session: Session<Visitor>) -> Result<(), HttpError> {
        session.update(|visitor| visitor.calls = 5);
        Err(HttpError::forbidden("no"))
    }
    async fn end(session: Session<Visitor>) -> Result<(), HttpError> {
        session.destroy();
        Err(HttpError::internal("not now"))
    }
    let store = MemoryStore::new(9);
    let app = app(Sessions::new(store.clone())).routes([
        get("/change", change),
        get("/panics", panics),
        get("/refuse", refuse),
        get("/end", end),
    ]);
    let browser = Browser::new(app).await;
    browser.read("/call").await;
    for (path, status, calls) in [
        ("/change", 500, 1),
        ("/panics", 500, 1),
        ("/refuse", 403, 5),
    ] {
        assert_eq!(browser.open(path).await.status(), status);
        assert_eq!(browser.read("/peek").await, format!("\"-\" {calls}"));
    }
    assert_eq!(browser.open("/end").await.status(), 500);
    assert_eq!((browser.cookie(), store.len()), (None, 0));
}

#[tokio::test]
async fn a_change_after_the_head_is_lost_and_harms_nobody() {
    let kept: Arc<Mutex<Option<Session<Visitor>>>> = Arc::default();
    let keeps = Arc::clone(&kept);
    let keep = move |session: Session<Visitor>| {
        session.update(|visitor| visitor.calls = 1);
        *keeps.lock().unwrap() = Some(session);
        std::future::ready("kept")
    };
    let browser =
        Browser::new(app(Sessions::new(MemoryStore::new(9))).routes([get("/keep", keep)])).await;
    browser.read("/keep").await;
    let session = kept.lock().unwrap().take().unwrap();
    session.update(|visitor| visitor.calls = 2);
    session.destroy();
    assert_eq!(browser.read("/peek").await, "\"-\" 1");
}
