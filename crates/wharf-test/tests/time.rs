//! Limits of seconds and minutes, met in no time: nothing here sleeps while the clock runs.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use wharf_client::Phase;
use wharf_core::{App, Body, Context, get, post};
use wharf_server::Timeouts;
use wharf_test::{Mode, TestClient};

const MINUTE: Duration = Duration::from_secs(60);

/// Answers after a minute.
async fn slow() -> &'static str {
    sleep(MINUTE).await;
    "late"
}

fn app() -> App {
    App::new().routes([
        get("/", async || "hi"),
        get("/slow", slow),
        get("/limited", slow).timeout(Duration::from_secs(5)),
        post("/upload", async |text: String| text),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_expires() {
    let timeouts = Timeouts::new().idle(Duration::from_secs(5));
    let client = TestClient::builder()
        .server_timeouts(timeouts)
        .start(app())
        .await;
    let mut connection = client.connect();
    connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(connection.reply().await.text(), "hi");
    let start = Instant::now();
    assert_eq!(connection.rest().await, "");
    assert_eq!(start.elapsed().as_secs(), 5);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_answered_408() {
    let client = TestClient::new(app()).await;
    let start = Instant::now();
    let reply = client.raw("GET / HTTP/1.1\r\nHost: ").await;
    assert_eq!(reply.status_line(), "HTTP/1.1 408 Request Timeout");
    assert_eq!(start.elapsed().as_secs(), 15);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_answered_503_when_its_time_is_up() {
    for &mode in Mode::WITHOUT_SOCKETS {
        let client = TestClient::builder().mode(mode).start(app()).await;
        let start = Instant::now();
        client.get("/limited").send().await.assert_status(503);
        assert_eq!(start.elapsed().as_secs(), 5, "{mode}");
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_gives_up_waiting_for_a_head() {
    for &mode in Mode::WITHOUT_SOCKETS {
        let client = TestClient::builder().mode(mode).start(app()).await;
        let start = Instant::now();
        let error = client.get("/slow").send_streaming().await.unwrap_err();
        assert_eq!(error.phase(), Some(Phase::ResponseHead));
        assert_eq!(start.elapsed().as_secs(), 30, "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_comes_too_slowly_is_answered_408() {
    let whole = Timeouts::new(); // 240 bytes a second on average, after ten seconds
    let gaps = Timeouts::new().min_rate(None); // 30 seconds between two pieces
    for (timeouts, seconds) in [(whole, 10), (gaps, 30)] {
        let builder = TestClient::builder().server_timeouts(timeouts);
        let client = builder.start(app()).await;
        let (mut sender, body) = Body::channel(1);
        let request = tokio::spawn(client.post("/upload").body(body).send());
        sender.send("a first piece, and no second").await.unwrap();
        let start = Instant::now();
        request.await.unwrap().assert_status(408);
        assert_eq!(start.elapsed().as_secs(), seconds);
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_runs() {
    for &mode in Mode::WITHOUT_SOCKETS {
        let timeouts = Timeouts::new().shutdown(2 * MINUTE);
        let builder = TestClient::builder().mode(mode).server_timeouts(timeouts);
        let client = builder.client_timeouts(patient()).start(app()).await;
        let running = tokio::spawn(client.get("/slow").send());
        sleep(Duration::from_secs(1)).await;

        let report = client.shutdown().await;
        assert_eq!((report.drained, report.cut), (1, 0), "{mode}");
        assert_eq!(report.duration.as_secs(), 59);
        running.await.unwrap().assert_text("late");
        assert!(client.get("/").send_streaming().await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_cuts_what_takes_too_long() {
    for &mode in Mode::WITHOUT_SOCKETS {
        let timeouts = Timeouts::new().shutdown(Duration::from_secs(10));
        let builder = TestClient::builder().mode(mode).server_timeouts(timeouts);
        let client = builder.client_timeouts(patient()).start(app()).await;
        let running = tokio::spawn(client.get("/slow").send_streaming());
        sleep(Duration::from_secs(1)).await;

        let report = client.shutdown().await;
        assert_eq!((report.drained, report.cut), (0, 1), "{mode}");
        assert_eq!(report.duration.as_secs(), 10);
        assert!(running.await.unwrap().is_err());
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_await_the_shutdown() {
    let app = || {
        App::new().routes([get("/", async |context: Context| {
            context.shutdown().fired().await;
            "bye"
        })])
    };
    for &mode in Mode::WITHOUT_SOCKETS {
        let client = TestClient::builder().mode(mode).start(app()).await;
        let running = tokio::spawn(client.get("/").send());
        sleep(Duration::from_secs(1)).await;
        let report = client.shutdown().await;
        assert_eq!((report.cut, report.duration.as_secs()), (0, 0), "{mode}");
        running.await.unwrap().assert_text("bye");
    }
}

/// Limits of a client that waits for ever.
fn patient() -> wharf_client::Timeouts {
    wharf_client::Timeouts::new().response_head(None)
}
