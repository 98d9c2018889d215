//! The chat without a network.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use wharf::StatusCode;
use wharf::rooms::Rooms;
use wharf::ws::{CloseCode, WebSocket};
use wharf_test::TestClient;

async fn enter(client: &TestClient, room: &str, name: &str) -> WebSocket {
    let opening = client.ws(format!("/rooms/{room}")).query("name", name);
    opening.connect().await.unwrap()
}

/// Receives what was said next, as `name: text`.
async fn heard(socket: &mut WebSocket) -> String {
    let said: serde_json::Value = socket.recv_json().await.unwrap().unwrap();
    format!(
        "{}: {}",
        said["from"].as_str().unwrap(),
        said["text"].as_str().unwrap()
    )
}

#[tokio::test]
async fn what_one_says_all_in_the_room_hear() {
    let client = TestClient::new(chat::app(Rooms::new())).await;
    let mut ann = enter(&client, "quay", "ann").await;
    assert_eq!(heard(&mut ann).await, "ann: has come");
    let mut carl = enter(&client, "pier", "carl").await;
    assert_eq!(heard(&mut carl).await, "carl: has come");
    let mut ben = enter(&client, "quay", "ben").await;
    assert_eq!(heard(&mut ann).await, "ben: has come");
    assert_eq!(heard(&mut ben).await, "ben: has come");
    ann.send("<b>high tide</b>").await.unwrap();
    assert_eq!(heard(&mut ann).await, "ann: <b>high tide</b>");
    assert_eq!(heard(&mut ben).await, "ann: <b>high tide</b>");
    ben.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(heard(&mut ann).await, "ben: has left");
    carl.send(vec![1, 2, 3]).await.unwrap();
    assert_eq!(carl.recv().await.unwrap(), None);
    assert_eq!(carl.close_frame().unwrap().code(), CloseCode::UNSUPPORTED);
}

#[tokio::test]
async fn a_visitor_needs_a_name_and_the_page_is_there() {
    let client = TestClient::new(chat::app(Rooms::new())).await;
    let error = client
        .ws("/rooms/quay")
        .query("name", " ")
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::BAD_REQUEST));
    let page = client.get("/").send().await;
    page.assert_status(200);
}

#[tokio::test]
async fn a_shutdown_sends_everybody_away_with_1001() {
    let client = TestClient::new(chat::app(Rooms::new())).await;
    let mut ann = enter(&client, "quay", "ann").await;
    assert_eq!(heard(&mut ann).await, "ann: has come");
    let watcher = tokio::spawn(async move {
        while ann.recv().await.unwrap().is_some() {}
        ann.close_frame().unwrap().code()
    });
    client.close().await;
    assert_eq!(watcher.await.unwrap(), CloseCode::AWAY);
}
