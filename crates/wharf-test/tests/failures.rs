//! What the message of a failed assertion shows.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wharf_core::{App, HttpError, Path, Redirect, get, post};
use wharf_server::AccessLog;
use wharf_test::{Mode, TestClient, TestResponse, json};

async fn show(Path(id): Path<u32>) -> Result<(), HttpError> {
    Err(std::io::Error::other(format!("ship {id} has sunk")).into())
}

fn app() -> App {
    App::new().routes([
        get("/ships/{id}", show).name("ship"),
        get("/old", async || Redirect::found("/ships/7")),
        post("/ships", async || "made"),
    ])
}

/// Starts the application; its log has lines that are the same each day.
async fn client(mode: Mode) -> TestClient {
    let format = r#""%r" %s"#.parse().expect("the format is one");
    TestClient::builder()
        .mode(mode)
        .client(|client| client.user_agent("test"))
        .access_log(AccessLog::new().format(format))
        .errors_to_stderr(false)
        .start(app())
        .await
}

/// The message of an assertion that fails, with the ids of requests left out.
fn message(response: &TestResponse, assertion: impl FnOnce(&TestResponse)) -> String {
    let failed = catch_unwind(AssertUnwindSafe(|| assertion(response)));
    let panic = failed.expect_err("the assertion fails");
    let message = panic.downcast_ref::<String>();
    let message = message.expect("it fails with a text").clone();
    match message.split_once("(request ") {
        Some((before, after)) => format!("{before}(request ID){}", &after[33..]),
        None => message,
    }
}

#[tokio::test]
async fn a_failure_shows_both_ends() {
    let client = client(Mode::Memory).await;
    let request = client.get("/ships/7").query("full", 1);
    let request = request.bearer_auth("secret").cookie("sid", "secret");
    let response = request.send().await;
    // The line of the access log comes after the last byte.
    while response.log().len() < 2 {
        tokio::task::yield_now().await;
    }
    let message = message(&response, |response| {
        response.assert_status(200);
    });
    let (before, after) = message.split_once("date: ").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    assert_eq!(
        format!("{before}{after}"),
        "\
the status is 500 Internal Server Error, expected 200 OK

GET http://localhost/ships/7?full=1
authorization: Bearer [hidden]
accept: */*
user-agent: test
cookie: sid=[hidden]
host: localhost

HTTP/1.1 500 Internal Server Error
cache-control: no-store
content-type: text/plain; charset=utf-8
x-content-type-options: nosniff
vary: accept
content-length: 26

500 Internal Server Error

route: GET /ships/{id} (handler failures::show)
log:
  GET /ships/{id} failed (request ID): 500 Internal Server Error: ship 7 has sunk
  \"GET /ships/7?full=1 HTTP/1.1\" 500"
    );
    client.close().await;
}

#[tokio::test]
async fn a_failure_shows_the_body_that_was_sent_and_where_redirects_have_led() {
    let client = client(Mode::Direct).await;
    let response = client
        .post("/ships")
        .json(&json!({ "name": "Ada" }))
        .send()
        .await;
    let text = message(&response, |response| {
        response.assert_status(201);
    });
    assert!(text.contains("host: localhost\n"), "{text}");
    assert!(
        text.contains("\n\n{\"name\":\"Ada\"}\n\nHTTP/1.1 200 OK\n"),
        "{text}"
    );
    assert!(
        text.contains("\n\nmade\n\nroute: POST /ships (handler "),
        "{text}"
    );

    let (sender, body) = wharf_core::Body::channel(1);
    drop(sender);
    let response = client.post("/ships").body(body).send().await;
    let text = message(&response, |response| {
        response.assert_status(201);
    });
    assert!(text.contains("\n\n(a stream)\n\n"), "{text}");

    let response = client.get("/old").follow_redirects().send().await;
    let text = message(&response, |response| {
        response.assert_status(201);
    });
    assert!(text.contains("\nGET http://localhost/ships/7\n"), "{text}");
    assert!(
        text.contains("\n(302 Found from http://localhost/old)\n"),
        "{text}"
    );
    assert!(text.contains("ship 7 has sunk"), "{text}");
}

#[tokio::test]
async fn requests_at_the_same_time_have_logs_of_their_own() {
    for &mode in Mode::ALL {
        let client = client(mode).await;
        let (one, two) = tokio::join!(client.get("/ships/1").send(), client.get("/ships/2").send());
        for (response, sunk) in [(one, "ship 1 has sunk"), (two, "ship 2 has sunk")] {
            let log = response.log();
            let errors: Vec<_> = log.iter().filter(|line| line.contains("sunk")).collect();
            assert_eq!(errors.len(), 1, "{mode}: {log:?}");
            assert!(errors[0].ends_with(sunk), "{mode}: {log:?}");
        }
        client.close().await;
    }
}

#[tokio::test]
async fn a_request_without_response_shows_what_the_server_has_logged() {
    let lost = wharf_core::http::service::service_fn(
        |_: wharf_core::Request, context: wharf_core::Context| async move {
            context.connection().report("the quay is closed");
            panic!("nobody is here");
        },
    );
    let builder = TestClient::builder().errors_to_stderr(false);
    let client = builder.start(lost).await;
    let request = client.get("/quay").send();
    let panic = tokio::spawn(request).await.unwrap_err().into_panic();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(
        text.starts_with("no response to `GET /quay`, sent at "),
        "{text}"
    );
    assert!(text.contains("\n\nGET http://localhost/quay\n"), "{text}");
    assert!(text.contains("\nlog:\n  the quay is closed"), "{text}");
}

#[cfg(feature = "tracing")]
#[tokio::test]
async fn a_failure_shows_what_handlers_told_tracing_where_that_is_asked_for() {
    let app = || {
        App::new().routes([get("/", async || {
            tracing::info!(ships = 7, "loaded");
            tokio::task::yield_now().await;
            tracing::debug!("sorted");
            tracing::trace!("not shown");
        })])
    };
    for &mode in Mode::ALL {
        let builder = TestClient::builder().mode(mode).show_events();
        let client = builder.access_log(AccessLog::off()).start(app()).await;
        let response = client.get("/").send().await;
        assert_eq!(
            response.log(),
            ["INFO failures: loaded ships=7", "DEBUG failures: sorted"],
            "{mode}"
        );
        client.close().await;
    }
}
