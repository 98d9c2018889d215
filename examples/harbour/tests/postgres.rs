//! harbour on PostgreSQL. It needs a database of its own, whose URL is in `TEST_DATABASE_URL`; without one nothing is tested.
//! `integration-tests/peers/run postgres` starts a server and makes one.
#![cfg(feature = "postgres")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::time::Duration;

use harbour::config::{Config, Database};
use tokio_postgres::NoTls;
use wharf_test::{TestClient, json};

/// Returns the URL of the database for tests, if there is one.
fn database() -> Option<String> {
    let url = std::env::var("TEST_DATABASE_URL").ok();
    if url.is_none() {
        println!("skipped: TEST_DATABASE_URL is not set");
    }
    url
}

async fn harbour(url: String) -> TestClient {
    let mut config = Config::default();
    config.database = Database::Postgres(url);
    // Every answer has to come from the database.
    config.cache_age = Duration::ZERO;
    TestClient::new(harbour::app(config)).await
}

#[tokio::test]
async fn a_resource_is_created_read_replaced_and_removed() {
    let Some(url) = database() else { return };
    let client = harbour(url).await;
    let draft = json!({ "name": "crane", "note": "lifts 40 t" });
    let created = client.post("/resources").json(&draft).send().await;
    let url = created
        .assert_status(201)
        .header("location")
        .unwrap()
        .to_owned();
    let id = &created.json::<wharf_test::Value>()["id"];
    let crane = json!({ "id": id, "name": "crane", "note": "lifts 40 t" });
    created.assert_json(&crane);
    client
        .get(&url)
        .send()
        .await
        .assert_status(200)
        .assert_json(&crane);

    let draft = json!({ "name": "crane", "note": "lifts 60 t" });
    let replaced = client.put(&url).json(&draft).send().await;
    let crane = json!({ "id": id, "name": "crane", "note": "lifts 60 t" });
    replaced.assert_status(200).assert_json(&crane);
    let before = id.as_i64().unwrap() - 1;
    let list = client
        .get("/resources")
        .query("after", before)
        .query("limit", 1)
        .send()
        .await;
    list.assert_status(200).assert_json(&json!([crane]));

    client.delete(&url).send().await.assert_status(204);
    client.get(&url).send().await.assert_status(404);
    client
        .put(&url)
        .json(&draft)
        .send()
        .await
        .assert_status(404);
    client.delete(&url).send().await.assert_status(404);
    client.close().await;
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let Some(url) = database() else { return };
    let separator = if url.contains('?') { '&' } else { '?' };
    let client = harbour(format!(
        "{url}{separator}application_name=harbour_that_is_lost"
    ))
    .await;
    client.get("/resources").send().await.assert_status(200);

    // The server ends the connection of this harbour, as a restart of it would.
    let (database, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where application_name = 'harbour_that_is_lost'";
    database.batch_execute(end).await.unwrap();

    // A request that comes before harbour has noticed fails; soon one does not.
    let recovery = async { while client.get("/resources").send().await.status() != 200 {} };
    tokio::time::timeout(Duration::from_secs(30), recovery)
        .await
        .unwrap();
    client.close().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_keeps_harbour_from_starting() {
    // Nobody listens on the port any more.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut config = Config::default();
    config.database = Database::Postgres(format!("postgres://harbour@{free}/harbour"));
    let error = TestClient::try_new(harbour::app(config)).await.unwrap_err();
    assert!(error.to_string().contains("open_store"), "{error}");
}
