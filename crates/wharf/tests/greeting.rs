//! The test file that the guide's chapter on testing shows, so that what is shown there runs.
#![cfg(all(feature = "http1", feature = "json", feature = "server"))]

use wharf::{App, Json, get, post};
use wharf_test::{TestClient, json};

fn app() -> App {
    App::new().routes([
        get("/", async || "Hello, wharf!"),
        post("/echo", async |Json(value): Json<serde_json::Value>| {
            Json(value)
        }),
    ])
}

#[tokio::test]
async fn the_index_greets() {
    let client = TestClient::new(app()).await;
    let reply = client.get("/").send().await;
    reply.assert_status(200).assert_text("Hello, wharf!");
}

#[tokio::test]
async fn an_echo_says_what_it_heard() {
    let client = TestClient::new(app()).await;
    let heard = json!({ "ships": [1, 2] });
    let reply = client.post("/echo").json(&heard).send().await;
    reply
        .assert_status(200)
        .assert_header("content-type", "application/json")
        .assert_json_at("/ships/1", &json!(2));
}

#[test]
fn this_file_is_what_the_guide_shows() {
    let file = include_str!("greeting.rs");
    let (_, shown) = file.split_once("\n\n").expect("a blank line ends the head");
    let (shown, _) = shown
        .split_once("\n#[test]\n")
        .expect("this test is the only plain one");
    let chapter = include_str!("../src/guide/testing.md");
    assert!(chapter.contains(&format!("```rust,no_run\n{shown}```\n")));
}
