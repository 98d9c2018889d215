//! Server-sent events from one end to the other: the real client, the real server, a pipe between them.
#![cfg(all(feature = "gzip", feature = "sse", feature = "testing"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use wharf::client::ErrorKind;
use wharf::client::sse::EventSource;
use wharf::http::Tasks;
use wharf::middleware::Compress;
use wharf::response::sse::{Event, LastEventId, Sse};
use wharf::test::TestClient;
use wharf::{App, Context, State, get};

/// Counts on from the last event, three at a time, one per second.
async fn three(context: Context, last: LastEventId) -> Sse {
    let last = last.as_str().and_then(|id| id.parse().ok()).unwrap_or(0);
    Sse::channel(&context, async move |mut sink| {
        for number in last + 1..=last + 3_u64 {
            sleep(Duration::from_secs(1)).await;
            let event = Event::new(format!("number {number}"));
            sink.send(event.with_id(number)?).await?;
        }
        Ok(())
    })
}

/// One event, and silence.
async fn quiet(context: Context) -> Sse {
    Sse::channel(&context, async |mut sink| {
        sink.send(Event::new("hello")).await?;
        std::future::pending().await
    })
}

async fn data(source: &mut EventSource) -> String {
    let event = source.next().await.unwrap().unwrap();
    event.data().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_reader_goes_on_after_the_last_event_it_had() {
    let client = TestClient::new(App::new().routes([get("/three", three)])).await;
    let mut source = client.client().get("/three").events();
    for number in 1..=9 {
        assert_eq!(data(&mut source).await, format!("number {number}"));
    }
    assert_eq!((source.opens(), source.last_event_id()), (3, Some("9")));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_streams_at_once_and_cleanly() {
    let client = TestClient::new(App::new().routes([get("/quiet", quiet)])).await;
    let response = client.client().get("/quiet").send().await.unwrap();
    let mut events = response.into_events().unwrap();
    assert!(events.next().await.unwrap().is_some());
    let start = Instant::now();
    let (report, end) = tokio::join!(client.shutdown(), events.next());
    assert_eq!(end.unwrap(), None);
    assert_eq!(report.cut, 0);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_ends_what_makes_its_events() {
    let tasks = Tasks::new();
    let held = async |context: Context, running: State<Tasks>| {
        let guard = running.enter();
        Sse::channel(&context, async move |mut sink| {
            let _guard = guard;
            sink.send(Event::new("hello")).await?;
            std::future::pending().await
        })
    };
    let app = App::new()
        .provide(tasks.clone())
        .routes([get("/quiet", held)]);
    let client = TestClient::new(app).await;
    let mut source = client.client().get("/quiet").events();
    assert_eq!(data(&mut source).await, "hello");
    assert_eq!(tasks.running(), 1);
    drop(source);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(tasks.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_lasts_on_both_sides() {
    let client = TestClient::new(App::new().routes([get("/quiet", quiet)])).await;
    let mut source = client.client().get("/quiet").events();
    assert_eq!(data(&mut source).await, "hello");
    let day = Duration::from_secs(24 * 60 * 60);
    assert!(timeout(day, source.next()).await.is_err());
    assert_eq!(source.opens(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_comments_is_kept_by_the_server_and_not_by_the_client() {
    let app = App::new().routes([get("/quiet", async |context: Context| {
        quiet(context).await.keep_alive(None)
    })]);
    let client = TestClient::new(app).await;
    let mut patient = client.client().get("/quiet").events().silence(None);
    assert_eq!(data(&mut patient).await, "hello");
    let hour = Duration::from_secs(60 * 60);
    assert!(timeout(hour, patient.next()).await.is_err());
    assert_eq!(patient.opens(), 1);
    let mut source = client.client().get("/quiet").events();
    assert_eq!(data(&mut source).await, "hello");
    assert_eq!(data(&mut source).await, "hello");
    assert_eq!(source.opens(), 2);
}

#[tokio::test(start_paused = true)]
async fn events_pass_through_compression_one_by_one() {
    let app = App::new().wrap(Compress::new());
    let client = TestClient::builder()
        .client(|builder| builder.decode(true))
        .start(app.routes([get("/three", three)]))
        .await;
    let start = Instant::now();
    let request = client.client().get("/three");
    let mut events = request.send().await.unwrap().into_events().unwrap();
    for seconds in 1..=3 {
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(event.data().unwrap(), format!("number {seconds}"));
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
    assert_eq!(events.next().await.unwrap(), None);
    let raw = client.client().get("/three").decode(false);
    let raw = raw.header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(raw.headers()["content-encoding"], "gzip");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_no_stream_is_an_error_with_its_status() {
    let client = TestClient::new(App::new().routes([get("/", async || "hello")])).await;
    let error = client.client().get("/").events().next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.status(), Some(wharf::StatusCode::OK));
    let error = client.client().get("/none").events().next().await;
    assert_eq!(
        error.unwrap_err().status(),
        Some(wharf::StatusCode::NOT_FOUND)
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_event_id_is_what_the_client_says() {
    let app = App::new().routes([get("/", async |last: LastEventId| {
        format!("{:?}", last.as_str())
    })]);
    let client = TestClient::new(app).await;
    client.get("/").send().await.assert_text("None");
    for (sent, expected) in [("", "None"), ("7", "Some(\"7\")")] {
        let request = client.get("/").header("last-event-id", sent);
        request.send().await.assert_text(expected);
    }
}
