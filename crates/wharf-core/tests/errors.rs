//! One format for all errors of an app: whatever goes wrong, the answer has the same shape, its status and its fields.

#![cfg(feature = "json")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and so does the handler that has to"
)]

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use wharf_core::app::Running;
use wharf_core::error::ErrorKind;
use wharf_core::extract::Scope;
use wharf_core::response::problem;
use wharf_core::{App, Body, HttpError, Json, Path, Query, Response, get, post};
use wharf_http::service::{Refusal, Rejected, RejectedKind};
use wharf_http::{Connection, Context, Service};

#[derive(Deserialize)]
struct Ship {
    #[expect(dead_code, reason = "only has to be there")]
    masts: u8,
}

#[derive(Deserialize)]
struct Page {
    #[expect(dead_code, reason = "only has to be there")]
    number: u32,
}

fn app() -> App {
    async fn build(_ship: Json<Ship>) {}
    async fn show(_id: Path<u32>) {}
    async fn list(_page: Query<Page>) {}
    async fn fails() -> Result<(), HttpError> {
        Err(std::io::Error::other("password=hunter2").into())
    }
    async fn panics() -> &'static str {
        panic!("password=hunter2")
    }
    async fn late() {
        std::future::pending::<()>().await;
    }
    App::new().routes([
        post("/ships", build).body_limit(20),
        get("/ships/{id}", show),
        get("/ships", list),
        get("/fail", fails),
        get("/panic", panics),
        get("/late", late).timeout(Duration::from_secs(1)),
    ])
}

/// What goes wrong, how, and what the answer must be.
struct Row {
    what: &'static str,
    request: (Method, &'static str),
    content_type: &'static str,
    body: &'static str,
    status: u16,
    kind: ErrorKind,
}

const fn row(
    what: &'static str,
    request: (Method, &'static str),
    (content_type, body): (&'static str, &'static str),
    status: u16,
    kind: ErrorKind,
) -> Row {
    Row {
        what,
        request,
        content_type,
        body,
        status,
        kind,
    }
}

const JSON: &str = "application/json";
const NOTHING: (&str, &str) = ("", "");

const ROWS: &[Row] = &[
    row(
        "bad JSON",
        (Method::POST, "/ships"),
        (JSON, "{"),
        400,
        ErrorKind::Extraction,
    ),
    row(
        "JSON of another shape",
        (Method::POST, "/ships"),
        (JSON, r#"{"masts":"x"}"#),
        422,
        ErrorKind::Extraction,
    ),
    row(
        "wrong content type",
        (Method::POST, "/ships"),
        ("text/css", "a{}"),
        415,
        ErrorKind::Extraction,
    ),
    row(
        "oversize body",
        (Method::POST, "/ships"),
        (JSON, r#"{"masts":                 3}"#),
        413,
        ErrorKind::TooLarge,
    ),
    row(
        "bad path parameter",
        (Method::GET, "/ships/seven"),
        NOTHING,
        400,
        ErrorKind::Extraction,
    ),
    row(
        "malformed path",
        (Method::GET, "/ships/%zz"),
        NOTHING,
        400,
        ErrorKind::Refused,
    ),
    row(
        "bad query",
        (Method::GET, "/ships?number=x"),
        NOTHING,
        400,
        ErrorKind::Extraction,
    ),
    row(
        "unknown path",
        (Method::GET, "/nothing"),
        NOTHING,
        404,
        ErrorKind::NoRoute,
    ),
    row(
        "wrong method",
        (Method::DELETE, "/ships"),
        NOTHING,
        405,
        ErrorKind::NoMethod,
    ),
    row(
        "failure",
        (Method::GET, "/fail"),
        NOTHING,
        500,
        ErrorKind::Returned,
    ),
    row(
        "panic",
        (Method::GET, "/panic"),
        NOTHING,
        500,
        ErrorKind::Panic,
    ),
    row(
        "time-out",
        (Method::GET, "/late"),
        NOTHING,
        503,
        ErrorKind::Timeout,
    ),
];

async fn text(response: &mut Response) -> String {
    let bytes = response.body_mut().bytes(None).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Sends all rows, and what a server refuses or cannot even read; hands each answer to `check`.
async fn each_error(
    app: &Running,
    accept: &'static str,
    check: impl Fn(&str, StatusCode, ErrorKind, &HeaderMap, &str),
) {
    for row in ROWS {
        let (method, path) = &row.request;
        let mut request = http::Request::builder().method(method).uri(*path);
        if !row.content_type.is_empty() {
            request = request.header("content-type", row.content_type);
        }
        let request = request
            .header("accept", accept)
            .body(Body::from(row.body))
            .unwrap();
        let mut response = app.handle(request).await;
        let body = text(&mut response).await;
        assert_eq!(
            response.status().as_u16(),
            row.status,
            "{}: {body}",
            row.what
        );
        let fields = response.headers();
        assert_eq!(
            fields.contains_key("allow"),
            row.status == 405,
            "{}",
            row.what
        );
        assert!(!body.contains("hunter2"), "{body}");
        check(row.what, response.status(), row.kind, fields, &body);
    }
    for (what, status) in [("no host", 400), ("expectation", 417)] {
        let status = StatusCode::from_u16(status).unwrap();
        let request = http::Request::get("/fail").header("accept", accept);
        let context = Context::new(Connection::memory());
        let refusal = Refusal::new(status, "a rule is broken");
        let answer = app.refuse(request.body(Body::empty()).unwrap(), refusal, &context);
        let mut response = answer.await;
        let body = text(&mut response).await;
        assert_eq!(response.status(), status);
        check(what, status, ErrorKind::Refused, response.headers(), &body);
    }
}

fn rejected(kind: RejectedKind) -> Rejected {
    Rejected::new(kind, "a rule is broken", Bytes::new(), Connection::memory())
}

fn members(problem: &str) -> Vec<String> {
    let problem: Value = serde_json::from_str(problem).unwrap();
    problem.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn one_hook_gives_all_errors_one_shape() {
    let hook = |error: &HttpError, scope: &Scope| {
        let body = serde_json::json!({
            "code": error.status().as_u16(),
            "kind": format!("{:?}", error.origin()),
            "message": error.detail_text().unwrap_or_default(),
            "request": scope.context().request_id().to_string(),
        });
        (
            [("content-type", "application/problem+json")],
            body.to_string(),
        )
    };
    let app = app().on_error(hook).start().await.unwrap();
    each_error(&app, "text/html", |what, status, kind, fields, body| {
        assert_eq!(fields["content-type"], "application/problem+json", "{what}");
        assert_eq!(
            members(body),
            ["code", "kind", "message", "request"],
            "{what}"
        );
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], status.as_u16(), "{what}");
        assert_eq!(body["kind"], format!("{kind:?}"), "{what}");
    })
    .await;
    for kind in [
        RejectedKind::Malformed,
        RejectedKind::Timeout,
        RejectedKind::HeadTooLarge,
        RejectedKind::PlainOnTlsPort,
    ] {
        let rejected = rejected(kind);
        let mut response = app.reject(&rejected);
        assert_eq!(response.status(), rejected.status());
        assert_eq!(
            members(&text(&mut response).await),
            ["code", "kind", "message", "request"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn by_default_all_errors_are_problem_details_for_those_who_take_json() {
    let app = app().start().await.unwrap();
    each_error(&app, "application/json", |what, status, _, fields, body| {
        assert_eq!(fields["content-type"], "application/problem+json", "{what}");
        assert_eq!(fields["cache-control"], "no-store", "{what}");
        let problem: Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["type"], "about:blank", "{what}");
        assert_eq!(problem["status"], status.as_u16(), "{what}");
        assert_eq!(
            problem["title"],
            status.canonical_reason().unwrap(),
            "{what}"
        );
        assert_eq!(problem["request_id"].as_str().unwrap().len(), 32, "{what}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn by_default_all_errors_are_pages_for_browsers_and_text_for_all_others() {
    let app = app().start().await.unwrap();
    each_error(
        &app,
        "text/html,*/*;q=0.8",
        |what, status, _, fields, body| {
            assert_eq!(fields["content-type"], "text/html; charset=utf-8", "{what}");
            let heading = format!("<h1>{}</h1>", status.canonical_reason().unwrap());
            assert!(body.contains(&heading), "{what}: {body}");
        },
    )
    .await;
    each_error(&app, "*/*", |what, status, _, fields, body| {
        assert_eq!(
            fields["content-type"], "text/plain; charset=utf-8",
            "{what}"
        );
        assert!(body.starts_with(&status.to_string()), "{what}: {body}");
        assert!(
            body.ends_with('\n') && body.lines().count() == 1,
            "{what}: {body}"
        );
    })
    .await;
    // What did not parse has no `Accept`.
    let mut response = app.reject(&rejected(RejectedKind::UriTooLong));
    assert_eq!(
        text(&mut response).await,
        "414 URI Too Long: a rule is broken\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_mounted_app_inherits_the_hook_unless_it_has_its_own() {
    let root = App::new()
        .on_error(problem::json)
        .mount("/inherits", app())
        .mount("/own", app().on_error(problem::html));
    let root = root.start().await.unwrap();
    for (path, content_type) in [
        ("/inherits/fail", "application/problem+json"),
        ("/inherits/nothing", "application/problem+json"),
        ("/own/fail", "text/html; charset=utf-8"),
        ("/own/nothing", "text/html; charset=utf-8"),
        ("/nothing", "application/problem+json"),
    ] {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let response = root.handle(request).await;
        assert_eq!(response.headers()["content-type"], content_type, "{path}");
    }
}
