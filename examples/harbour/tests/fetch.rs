//! `/fetch` and its upstream. Both run in this process, so that time can be paused.

use std::net::TcpListener;

use harbour::config::{Config, Database};
use wharf::{App, Client, HttpError, get};
use wharf_test::{TestClient, json};

/// Starts harbour; the upstream is whatever `client` leads to.
async fn harbour(client: &Client, upstream: &str) -> TestClient {
    let mut config = Config::default();
    config.database = Database::Sqlite(":memory:".into());
    config.upstream = Some(upstream.to_owned());
    let app = harbour::app(config).override_state(client.clone());
    TestClient::new(app).await
}

#[tokio::test]
async fn the_body_of_the_upstream_is_sent_on() {
    let quay = App::new().routes([get("/ships", async || "tug, ferry")]);
    let upstream = TestClient::new(quay).await;
    let client = harbour(upstream.client(), "http://quay.test/ships").await;

    let fetched = client.get("/fetch").send().await;
    fetched
        .assert_status(200)
        .assert_header("content-type", "text/plain; charset=utf-8")
        .assert_text("tug, ferry");
    client.close().await;
    upstream.close().await;
}

#[tokio::test]
async fn an_upstream_that_fails_is_a_502_which_keeps_the_cause_to_itself() {
    let quay = App::new().routes([get("/ships", async || {
        HttpError::unavailable("the tide is out")
    })]);
    let upstream = TestClient::new(quay).await;
    let client = harbour(upstream.client(), "http://quay.test/ships").await;

    let answer = json!({ "status": 502, "error": "the upstream cannot be fetched" });
    let failed = client.get("/fetch").send().await;
    failed.assert_status(502).assert_json(&answer);
    client.close().await;
    upstream.close().await;

    // Nobody listens on the port any more.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let client = harbour(&Client::new(), &format!("http://{free}/ships")).await;
    let failed = client.get("/fetch").send().await;
    failed.assert_status(502).assert_json(&answer);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_says_nothing_is_a_504_after_five_seconds() {
    let quay = App::new().routes([get("/ships", async || {
        std::future::pending::<()>().await;
    })]);
    let upstream = TestClient::new(quay).await;
    let client = harbour(upstream.client(), "http://quay.test/ships").await;

    let started = tokio::time::Instant::now();
    let failed = client.get("/fetch").send().await;
    assert_eq!(started.elapsed().as_secs(), 5);
    failed
        .assert_status(504)
        .assert_json_at("/error", &json!("the upstream did not answer in time"));
}

#[tokio::test]
async fn without_a_socket_harbour_has_no_list_of_its_own_to_fetch() {
    let mut config = Config::default();
    config.database = Database::Sqlite(":memory:".into());
    let client = TestClient::new(harbour::app(config)).await;
    let failed = client.get("/fetch").send().await;
    failed
        .assert_status(502)
        .assert_text_contains("set UPSTREAM");
    client.close().await;
}
