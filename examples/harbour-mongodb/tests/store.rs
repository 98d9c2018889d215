//! harbour on MongoDB, whose part is played by a stub: the driver is the real one, and so is what it says on the wire.

mod stub;

use harbour::Config;
use wharf_test::{TestClient, json};

use stub::Stub;

#[tokio::test]
async fn a_resource_is_created_read_replaced_and_removed() {
    let stub = Stub::start().await;
    let client = TestClient::new(harbour_mongodb::app(Config::default(), stub.url())).await;

    for name in ["buoy", "crane", "tug"] {
        let created = client
            .post("/resources")
            .json(&json!({ "name": name }))
            .send()
            .await;
        created.assert_status(201);
    }
    let part = client.get("/resources?after=1&limit=1").send().await;
    part.assert_json(&json!([{ "id": 2, "name": "crane", "note": "" }]));

    let draft = json!({ "name": "crane", "note": "lifts 60 t" });
    client
        .put("/resources/2")
        .json(&draft)
        .send()
        .await
        .assert_status(200);
    client
        .put("/resources/7")
        .json(&draft)
        .send()
        .await
        .assert_status(404);
    client
        .delete("/resources/1")
        .send()
        .await
        .assert_status(204);
    client
        .delete("/resources/1")
        .send()
        .await
        .assert_status(404);
    client.get("/resources/1").send().await.assert_status(404);
    client.close().await;

    // Another harbour, whose cache is empty, reads what the database has, and no id is given twice.
    let client = TestClient::new(harbour_mongodb::app(Config::default(), stub.url())).await;
    let read = client.get("/resources/2").send().await;
    read.assert_json(&json!({ "id": 2, "name": "crane", "note": "lifts 60 t" }));
    let created = client
        .post("/resources")
        .json(&json!({ "name": "buoy" }))
        .send()
        .await;
    created.assert_header("location", "/resources/4");
    client.close().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_keeps_harbour_from_starting() {
    let stub = Stub::start().await;
    let url = format!("{}?serverSelectionTimeoutMS=100", stub.url());
    drop(stub);
    let app = harbour_mongodb::app(Config::default(), url);
    let error = TestClient::try_new(app).await.unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.starts_with("resource `open_store` failed: "),
        "{error}"
    );
    assert!(error.contains("Server selection timeout"), "{error}");
}
