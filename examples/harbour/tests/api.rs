//! harbour as its clients see it, without a network: the real application, on a database in memory.

use harbour::Config;
use harbour::config::Database;
use wharf_test::{Mode, TestClient, json};

/// Starts harbour with an empty database. Every test begins with it, so that none knows of the others.
async fn harbour() -> TestClient {
    in_mode(Mode::default()).await
}

async fn in_mode(mode: Mode) -> TestClient {
    let mut config = Config::default();
    config.database = Database::Sqlite(":memory:".into());
    TestClient::builder()
        .mode(mode)
        .start(harbour::app(config))
        .await
}

#[tokio::test]
async fn harbour_answers_however_it_is_reached() {
    for &mode in Mode::ALL {
        let client = in_mode(mode).await;
        let draft = json!({ "name": "crane" });
        let created = client.post("/resources").json(&draft).send().await;
        created
            .assert_status(201)
            .assert_header("location", "/resources/1")
            .assert_json_contains(&draft);
        client.close().await;
    }
}

#[tokio::test]
async fn the_start_page_is_html() {
    let client = harbour().await;
    let page = client.get("/").send().await;
    page.assert_status(200)
        .assert_header("content-type", "text/html; charset=utf-8")
        .assert_text_contains("<h1>harbour</h1>");
    client.close().await;
}

#[tokio::test]
async fn a_resource_is_created_read_replaced_and_removed() {
    let client = harbour().await;

    let draft = json!({ "name": "crane", "note": "lifts 40 t" });
    let created = client.post("/resources").json(&draft).send().await;
    let crane = json!({ "id": 1, "name": "crane", "note": "lifts 40 t" });
    created
        .assert_status(201)
        .assert_header("location", "/resources/1")
        .assert_json(&crane);
    // From the store, then from the cache.
    for _ in 0..2 {
        let read = client.get("/resources/1").send().await;
        read.assert_status(200).assert_json(&crane);
    }

    let draft = json!({ "name": "crane", "note": "lifts 60 t" });
    let replaced = client.put("/resources/1").json(&draft).send().await;
    let crane = json!({ "id": 1, "name": "crane", "note": "lifts 60 t" });
    replaced.assert_status(200).assert_json(&crane);
    client.get("/resources/1").send().await.assert_json(&crane);
    client
        .get("/resources")
        .send()
        .await
        .assert_json(&json!([crane]));

    client
        .delete("/resources/1")
        .send()
        .await
        .assert_status(204)
        .assert_text("");
    client.get("/resources/1").send().await.assert_status(404);
    client
        .get("/resources")
        .send()
        .await
        .assert_json(&json!([]));
    client.close().await;
}

#[tokio::test]
async fn the_list_comes_in_parts() {
    let client = harbour().await;
    for name in ["buoy", "crane", "tug"] {
        let created = client
            .post("/resources")
            .json(&json!({ "name": name }))
            .send()
            .await;
        created.assert_status(201);
    }

    let part = client
        .get("/resources")
        .query("after", 1)
        .query("limit", 1)
        .send()
        .await;
    part.assert_status(200)
        .assert_json(&json!([{ "id": 2, "name": "crane", "note": "" }]));
    for limit in [0, 101] {
        let refused = client.get("/resources").query("limit", limit).send().await;
        refused
            .assert_status(400)
            .assert_json_at("/error", &json!("`limit` is 1 to 100"));
    }
    client
        .get("/resources?limit=many")
        .send()
        .await
        .assert_status(400);
    client.close().await;
}

#[tokio::test]
async fn a_bad_resource_is_refused_with_the_reason() {
    let client = harbour().await;
    let long = "x".repeat(101);
    let cases = [
        (
            r#"{"name": ""}"#,
            422,
            "a name has 1 to 100 characters, not 0",
        ),
        (&format!(r#"{{"name": "{long}"}}"#), 422, "not 101"),
        (r#"{"note": "lifts 40 t"}"#, 422, "missing field `name`"),
        (
            r#"{"name": "crane", "colour": "red"}"#,
            422,
            "unknown field `colour`",
        ),
        (r#"{"name": "crane""#, 400, "JSON"),
    ];
    for (body, status, reason) in cases {
        let post = client
            .post("/resources")
            .header("content-type", "application/json");
        let refused = post.body(body.to_owned()).send().await;
        refused.assert_status(status).assert_text_contains(reason);
    }
    let refused = client.post("/resources").body("crane").send().await;
    refused.assert_status(415);
    client
        .get("/resources")
        .send()
        .await
        .assert_json(&json!([]));
    client.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_404_for_every_method() {
    let client = harbour().await;
    let missing = json!({ "status": 404, "error": "no resource has the id 7" });
    let get = client.get("/resources/7").send().await;
    get.assert_status(404).assert_json(&missing);
    let put = client
        .put("/resources/7")
        .json(&json!({ "name": "crane" }))
        .send()
        .await;
    put.assert_status(404).assert_json(&missing);
    let delete = client.delete("/resources/7").send().await;
    delete.assert_status(404).assert_json(&missing);
    // The refused PUT has left nothing behind, in the cache either.
    client.get("/resources/7").send().await.assert_status(404);

    // A number can be too large for an id; a word is none, and there is no such path at all.
    let large = client.get("/resources/9223372036854775808").send().await;
    large.assert_status(400);
    let word = client.get("/resources/seven").send().await;
    word.assert_json(&json!({ "status": 404, "error": "Not Found" }));
    client.close().await;
}

#[tokio::test]
async fn another_method_is_405_with_the_ones_there_are() {
    let client = harbour().await;
    let refused = client.patch("/resources/1").send().await;
    refused
        .assert_status(405)
        .assert_header("allow", "DELETE, GET, HEAD, OPTIONS, PUT")
        .assert_json_at("/status", &json!(405));
    client.close().await;
}

#[tokio::test]
async fn every_answer_is_timed_and_every_error_names_its_request() {
    let client = harbour().await;
    let good = client.get("/").send().await;
    assert!(
        good.header("server-timing")
            .unwrap()
            .starts_with("app;dur=")
    );
    good.assert_no_header("x-request-id");
    let bad = client.get("/nowhere").send().await;
    assert!(bad.header("server-timing").unwrap().starts_with("app;dur="));
    assert_eq!(bad.header("x-request-id").unwrap().len(), 32);
    client.close().await;
}

#[tokio::test]
async fn harbour_without_its_storages_does_not_start() {
    let error = TestClient::try_new(harbour::bare()).await.unwrap_err();
    let text = format!("{error:#}");
    for missing in [
        "Config",
        "Client",
        "dyn harbour::store::Store",
        "dyn harbour::cache::Cache",
    ] {
        assert!(text.contains(missing), "{missing} in {text}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_keeps_harbour_from_starting() {
    let mut config = Config::default();
    config.database = Database::Sqlite("/nowhere/harbour.db".into());
    let error = TestClient::try_new(harbour::app(config)).await.unwrap_err();
    assert!(error.to_string().contains("open_store"), "{error}");
}
