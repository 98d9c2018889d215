//! Requests that a limit refuses, or cuts short, as a client sees them on its connection.
#![cfg(all(feature = "client", feature = "http1", feature = "server"))]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wharf::middleware::{BodyLimit, ConcurrencyLimit, Timeout};
use wharf::{App, Body, Context, HttpError, MIB, Next, Request, Response, get, post};
use wharf_test::TestClient;

const EXPECTS: &str =
    "POST / HTTP/1.1\r\nHost: quay.test\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n";
const GET: &str = "GET /now HTTP/1.1\r\nHost: quay.test\r\n\r\n";

async fn count(mut body: Body) -> Result<String, HttpError> {
    let mut count = 0;
    while let Some(piece) = body.chunk().await {
        count += piece?.len();
    }
    Ok(count.to_string())
}

/// What comes after the head when the body is asked for, and when it is not.
async fn expect(client: &TestClient, status: u16) {
    let mut connection = client.connect();
    connection.send(EXPECTS).await;
    if status == 200 {
        connection.send("ship's log").await;
    }
    let reply = connection.reply().await;
    assert_eq!(reply.status(), Some(status), "{}", reply.text());
    let asked_for = reply.interim() == ["HTTP/1.1 100 Continue"];
    assert_eq!(asked_for, status == 200, "{:?}", reply.interim());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_announced_too_long_is_never_asked_for() {
    let app = |limit| App::new().routes([post("/", count).wrap(BodyLimit::new(limit))]);
    let client = TestClient::new(app(9)).await;
    expect(&client, 200).await;
    client.close().await;
    let client = TestClient::new(app(8)).await;
    expect(&client, 413).await;
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_on_sending_gets_to_see_that_it_is_too_much() {
    let app = App::new()
        .wrap(BodyLimit::new(MIB))
        .routes([post("/", count)]);
    let client = TestClient::new(app).await;
    for framing in ["Content-Length: 8388608", "Transfer-Encoding: chunked"] {
        let mut upload = format!("POST / HTTP/1.1\r\nHost: quay.test\r\n{framing}\r\n\r\n");
        for _ in 0..128 {
            upload.push_str("10000\r\n");
            upload.push_str(&"x".repeat(64 * 1024));
            upload.push_str("\r\n");
        }
        // As a client that does not look for an answer before it has sent all.
        let reply = client.raw(upload).await;
        assert_eq!(reply.status(), Some(413), "{framing}");
        assert!(reply.is_complete(), "{framing}");
        assert_eq!(reply.header("connection"), Some("close"), "{framing}");
        assert!(reply.text().contains("limit of 1048576 bytes"), "{framing}");
    }
    client.close().await;
}

fn busy(limit: ConcurrencyLimit) -> App {
    App::new().wrap(limit).routes([
        post("/", count),
        get("/now", async || "now"),
        get("/later", async || sleep(Duration::from_secs(10)).await),
    ])
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_is_not_asked_for_a_body_and_may_come_again_on_the_same_connection() {
    let client = TestClient::new(busy(ConcurrencyLimit::new(1).queue(0))).await;
    expect(&client, 200).await;
    let mut inside = client.connect();
    inside
        .send("GET /later HTTP/1.1\r\nHost: quay.test\r\n\r\n")
        .await;
    sleep(Duration::from_secs(1)).await;
    expect(&client, 503).await;

    let mut connection = client.connect();
    for _ in 0..3 {
        connection.send(GET).await;
        let reply = connection.reply().await;
        assert_eq!(
            (reply.status(), reply.header("retry-after")),
            (Some(503), Some("1"))
        );
        assert_eq!(reply.header("connection"), None);
    }
    assert_eq!(inside.reply().await.status(), Some(200));
    connection.send(GET).await;
    assert_eq!(connection.reply().await.text(), "now");
    drop((inside, connection));
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_the_queue_is_not_waited_for() {
    let limit = ConcurrencyLimit::new(1).queue(2).wait(None);
    let occupancy = limit.occupancy();
    let client = TestClient::new(busy(limit)).await;
    let connect = async |path: &str| {
        let mut connection = client.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: quay.test\r\n\r\n");
        connection.send(head).await;
        sleep(Duration::from_secs(1)).await;
        connection
    };
    let mut inside = connect("/later").await;
    let leaves = connect("/later").await;
    let mut stays = connect("/now").await;
    assert_eq!((occupancy.in_use(), occupancy.waiting()), (1, 2));
    drop(leaves);
    sleep(Duration::from_secs(1)).await;
    assert_eq!((occupancy.in_use(), occupancy.waiting()), (1, 1));
    let before = Instant::now();
    assert_eq!(inside.reply().await.status(), Some(200));
    assert_eq!(stays.reply().await.text(), "now");
    assert_eq!(before.elapsed().as_secs(), 6);
    assert_eq!(
        (occupancy.in_use(), occupancy.waiting(), occupancy.refused()),
        (0, 0, 0)
    );
    drop((inside, stays));
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_client_within_the_context_gives_up_in_time() {
    async fn never(_request: Request, _next: Next) -> Response {
        std::future::pending().await
    }
    let upstream = TestClient::new(App::new().wrap(never)).await;
    let calls = upstream.client().clone();
    let gave_up = Arc::<Mutex<Option<(Duration, bool)>>>::default();
    let found = Arc::clone(&gave_up);
    let app = App::new()
        .wrap(Timeout::new(Duration::from_secs(5)))
        .routes([get("/", move |context: Context| {
            let (client, found, within) = (calls.clone(), Arc::clone(&found), context.clone());
            // Protected, so that it is the client that ends it.
            let call = async move {
                let before = Instant::now();
                let error = client.get("/").within(&within).send().await.unwrap_err();
                *found.lock().unwrap() = Some((before.elapsed(), error.is_timeout()));
            };
            async move {
                context.protect(call).await;
                std::future::pending::<()>().await;
            }
        })]);
    let client = TestClient::new(app).await;
    client.get("/").send().await.assert_status(503);
    sleep(Duration::from_secs(1)).await;
    let gave_up = gave_up.lock().unwrap().take();
    assert_eq!(gave_up, Some((Duration::from_secs(5), true)));
    client.close().await;
    upstream.close().await;
}

#[cfg(feature = "rate-limit")]
#[tokio::test(start_paused = true)]
async fn who_comes_too_often_is_not_asked_for_a_body() {
    use wharf::middleware::RateLimit;

    let limit = RateLimit::new(1, Duration::from_secs(60));
    let app = App::new().wrap(limit).routes([post("/", count)]);
    let client = TestClient::new(app).await;
    expect(&client, 200).await;
    expect(&client, 429).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    expect(&client, 200).await;
    client.close().await;
}
