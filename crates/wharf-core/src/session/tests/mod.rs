mod cancellation;
mod concurrency;
mod cookie;
mod failures;
mod life;
mod lifetime;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use wharf_http::{Body, BoxError, Response};

use super::*;
use crate::app::Running;
use crate::{App, get};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Visitor {
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    calls: u32,
    #[serde(default)]
    note: String,
}

/// Sends back what it was given, as a browser does.
#[derive(Clone)]
struct Browser {
    app: Running,
    cookie: Arc<Mutex<Option<String>>>,
}

impl Browser {
    async fn new(app: App) -> Self {
        Self::of(&app.start().await.unwrap())
    }

    fn of(app: &Running) -> Self {
        Self {
            app: app.clone(),
            cookie: Arc::default(),
        }
    }

    fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    fn bring(&self, cookie: Option<String>) {
        *self.cookie.lock().unwrap() = cookie;
    }

    async fn open(&self, path: &str) -> Response {
        let mut request = http::Request::get(path);
        if let Some(cookie) = self.cookie() {
            request = request.header("cookie", cookie);
        }
        let answer = self.app.handle(request.body(Body::empty()).unwrap()).await;
        if let Some(set) = set(&answer) {
            let pair = set.split(';').next().unwrap().to_owned();
            self.bring((!set.contains("Max-Age=0")).then_some(pair));
        }
        answer
    }

    /// Asserts on the status, and returns the text.
    async fn read(&self, path: &str) -> String {
        let mut answer = self.open(path).await;
        let body = answer.body_mut().bytes(None).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}: {body:?}");
        String::from_utf8(body.to_vec()).unwrap()
    }
}

fn set(answer: &Response) -> Option<&str> {
    let mut lines = answer.headers().get_all("set-cookie").iter();
    let first = lines.next().map(|line| line.to_str().unwrap());
    assert!(lines.next().is_none(), "more than one cookie is set");
    first
}

async fn peek(session: Session<Visitor>) -> String {
    let visitor = session.get();
    format!(
        "{:?} {}",
        visitor.user.as_deref().unwrap_or("-"),
        visitor.calls
    )
}

async fn call(session: Session<Visitor>) -> String {
    session.update(|visitor| visitor.calls += 1);
    peek(session).await
}

async fn nothing(session: Session<Visitor>) -> &'static str {
    session.update(|_visitor| ());
    session.rotate();
    session.destroy();
    "nothing"
}

async fn login(session: Session<Visitor>) -> String {
    session.sign_in(|visitor| visitor.user = Some("ann".to_owned()));
    peek(session).await
}

async fn rotate(session: Session<Visitor>) -> &'static str {
    session.rotate();
    "rotated"
}

async fn logout(session: Session<Visitor>) -> &'static str {
    session.destroy();
    "bye"
}

fn app(sessions: Sessions<Visitor>) -> App {
    App::new().wrap(sessions).routes([
        get("/plain", async || "plain"),
        get("/peek", peek),
        get("/call", call),
        get("/nothing", nothing),
        get("/login", login),
        get("/rotate", rotate),
        get("/logout", logout),
    ])
}

fn keys() -> Keys {
    Keys::new([[7; 32]]).unwrap()
}

/// One of each kind, by name; the folder has to live as long.
fn all() -> (Vec<(&'static str, Sessions<Visitor>)>, TempDir) {
    let folder = TempDir::new().unwrap();
    let kinds = vec![
        ("signed", Sessions::signed(&keys())),
        #[cfg(feature = "encrypted-sessions")]
        ("encrypted", Sessions::encrypted(&keys())),
        ("memory", Sessions::new(MemoryStore::new(100))),
        (
            "file",
            Sessions::new(FileStore::open(folder.path()).unwrap()),
        ),
    ];
    (kinds, folder)
}

/// A time that only tests move.
#[derive(Clone)]
struct Clock(Arc<AtomicU64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_000_000)))
    }

    fn pass(&self, time: Duration) {
        self.0.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    fn read(&self) -> impl Fn() -> SystemTime + Send + Sync + 'static {
        let seconds = Arc::clone(&self.0);
        move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed))
    }
}

/// A store in memory that counts what is asked of it, and fails or hangs on request.
#[derive(Clone)]
struct Observed {
    inner: MemoryStore,
    calls: Arc<Mutex<Vec<&'static str>>>,
    fails: Arc<Mutex<Option<&'static str>>>,
    hangs: bool,
}

impl Observed {
    fn new() -> Self {
        Self {
            inner: MemoryStore::new(1_000),
            calls: Arc::default(),
            fails: Arc::default(),
            hangs: false,
        }
    }

    fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn fail(&self, what: Option<&'static str>) {
        *self.fails.lock().unwrap() = what;
    }

    async fn note(&self, what: &'static str) -> Result<(), BoxError> {
        self.calls.lock().unwrap().push(what);
        let fails = *self.fails.lock().unwrap() == Some(what);
        match (fails, self.hangs) {
            (true, true) => std::future::pending().await,
            (true, false) => Err("the shelf has fallen down".into()),
            (false, _) => Ok(()),
        }
    }
}

impl SessionStore for Observed {
    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, BoxError> {
        self.note("load").await?;
        SessionStore::load(&self.inner, key).await
    }

    async fn insert(&self, key: &SessionKey, data: Bytes, keep: Duration) -> Result<(), BoxError> {
        self.note("insert").await?;
        SessionStore::insert(&self.inner, key, data, keep).await
    }

    async fn replace(
        &self,
        key: &SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> Result<Replaced, BoxError> {
        self.note("replace").await?;
        SessionStore::replace(&self.inner, key, version, data, keep).await
    }

    async fn remove(&self, key: &SessionKey) -> Result<(), BoxError> {
        self.note("remove").await?;
        SessionStore::remove(&self.inner, key).await
    }
}
