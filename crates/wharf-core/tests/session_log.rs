//! What is logged of cookies that are not used.

#![cfg(feature = "sessions")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;

use std::time::{Duration, UNIX_EPOCH};

use events::Events;
use serde::{Deserialize, Serialize};
use wharf_core::session::{Keys, MemoryStore, Session, Sessions};
use wharf_core::{App, Body, get};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Visitor {
    calls: u32,
}

async fn call(session: Session<Visitor>) {
    session.update(|visitor| visitor.calls += 1);
}

#[tokio::test]
async fn a_cookie_that_is_not_used_is_one_line_without_a_secret() {
    let events = Events::of("wharf_core::session");
    let _guard = tracing::subscriber::set_default(events.clone());
    let keys = Keys::new([[7; 32]]).unwrap();
    let store = || Sessions::<Visitor>::new(MemoryStore::new(9));
    let signed = || Sessions::<Visitor>::signed(&keys);
    let past = || UNIX_EPOCH + Duration::from_secs(1_000_000);
    // A cookie that was good once.
    let app = App::new()
        .wrap(signed().clock(past))
        .routes([get("/", call)]);
    let answer = app
        .start()
        .await
        .unwrap()
        .handle(http::Request::default())
        .await;
    let old = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let old = old.split(['=', ';']).nth(1).unwrap();
    assert!(events.take().is_empty());

    let unknown = "A".repeat(43);
    let long = "A".repeat(5_000);
    for (sessions, value, level, reason) in [
        (signed(), old, "INFO", "its session has expired"),
        (
            signed(),
            &old[1..],
            "WARN",
            "it was not set here, or changed since, or its key is gone",
        ),
        (signed(), &long, "WARN", "it is longer than cookies are"),
        (store(), &unknown, "INFO", "its session has ended"),
        (
            store(),
            old,
            "WARN",
            "it was not set here, or changed since, or its key is gone",
        ),
    ] {
        let app = App::new().wrap(sessions).routes([get("/", call)]);
        let request = http::Request::get("/").header("cookie", format!("__Host-session={value}"));
        let app = app.start().await.unwrap();
        let answer = app.handle(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 200);
        let lines = events.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].starts_with(level) && lines[0].contains(reason),
            "{lines:?}"
        );
        assert!(
            lines[0].contains("request_id=") && !lines[0].contains(&value[..20]),
            "{lines:?}"
        );
    }
}
