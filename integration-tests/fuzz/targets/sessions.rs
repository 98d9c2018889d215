//! Sessions: a cookie that is not exactly one that was given out is an empty session, and never a failure.
#![no_main]

use std::sync::LazyLock;

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use wharf_core::app::Running;
use wharf_core::session::{Keys, MemoryStore, Session, Sessions};
use wharf_core::{App, Body, get};

#[derive(Clone, Default, Deserialize, Serialize)]
struct Visitor {
    known: bool,
}

async fn greet(session: Session<Visitor>) -> &'static str {
    match session.update(|visitor| std::mem::replace(&mut visitor.known, true)) {
        true => "again",
        false => "new",
    }
}

/// An app for each place where sessions are kept, with a cookie that it gave out.
static APPS: LazyLock<Vec<(Running, String)>> = LazyLock::new(|| {
    let keys = Keys::new([[7; 64], [8; 64]]).unwrap();
    let kept = [
        Sessions::<Visitor>::signed(&keys),
        Sessions::<Visitor>::encrypted(&keys),
        Sessions::<Visitor>::new(MemoryStore::new(1000)),
    ];
    let apps = kept.into_iter().map(|sessions| {
        let app = App::new().wrap(sessions).routes([get("/", greet)]);
        let app = fuzz::run(app.start()).unwrap();
        let first = fuzz::run(app.handle(http::Request::new(Body::empty())));
        let set = first.headers()["set-cookie"].to_str().unwrap();
        (app, set.split(';').next().unwrap().to_owned())
    });
    apps.collect()
});

fuzz_target!(|data: &[u8]| {
    let [choice, at, input @ ..] = data else {
        return;
    };
    let (app, given) = &APPS[usize::from(*choice) % 3];
    // The given one with something else from a place on, or in the place of its beginning.
    let (head, tail) = given.split_at(usize::from(*at) % given.len());
    let cookie = match choice / 3 % 3 {
        0 => [head.as_bytes(), input].concat(),
        1 => [
            head.as_bytes(),
            input,
            tail.get(input.len()..).unwrap_or_default().as_bytes(),
        ]
        .concat(),
        _ => [b"__Host-session=", input].concat(),
    };
    let Ok(value) = HeaderValue::from_bytes(&cookie) else {
        return;
    };
    let mut request = http::Request::new(Body::empty());
    request.headers_mut().insert("cookie", value);
    fuzz::run(async {
        let mut answer = app.handle(request).await;
        assert_eq!(answer.status(), 200);
        let text = answer.body_mut().bytes(None).await.unwrap();
        let session = |pair: &[u8]| pair.trim_ascii() == given.as_bytes();
        let known = cookie.split(|&byte| byte == b';').any(session);
        assert!(
            text == "new" || known,
            "{}",
            String::from_utf8_lossy(&cookie)
        );
    });
});
