use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};

use bytes::Bytes;
use http::StatusCode;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;
use wharf_http::body::Sender;
use wharf_http::{Body, BoxError, Connection, Service};

use super::*;
use crate::app::Running;
use crate::middleware::when;
use crate::{App, get, post};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An app whose handler takes one second, and writes down the query of each request when it begins.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn app(&self, limit: ConcurrencyLimit) -> App {
        let log = self.clone();
        App::new()
            .wrap(limit)
            .routes([get("/", move |request: Request| {
                let query = request.uri().query().unwrap_or_default().to_owned();
                log.0.lock().unwrap().push(query);
                sleep(seconds(1))
            })])
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().concat()
    }
}

fn request(target: &str) -> Request {
    http::Request::get(target).body(Body::empty()).unwrap()
}

/// Sends a request from a task of its own, and lets it come as far as it comes.
async fn send(running: &Arc<Running>, target: &str) -> JoinHandle<Response> {
    let running = Arc::clone(running);
    let request = request(target);
    let task = tokio::spawn(async move { running.handle(request).await });
    yield_now().await;
    task
}

fn figures(occupancy: &Occupancy) -> (usize, usize, u64) {
    (occupancy.in_use(), occupancy.waiting(), occupancy.refused())
}

#[tokio::test(start_paused = true)]
async fn so_many_are_inside_and_the_others_come_in_by_the_order_of_arrival() {
    let log = Log::default();
    let limit = ConcurrencyLimit::new(2).queue(9).wait(None);
    let occupancy = limit.occupancy();
    let running = Arc::new(log.app(limit).start().await.unwrap());
    let before = Instant::now();
    let mut tasks = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        tasks.push(send(&running, &format!("/?{name}")).await);
    }
    assert_eq!(log.text(), "ab");
    assert_eq!(figures(&occupancy), (2, 5, 0));
    for task in tasks {
        assert_eq!(task.await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(log.text(), "abcdefg");
    assert_eq!(before.elapsed(), seconds(4));
    assert_eq!(figures(&occupancy), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_queue_full_is_refused_at_once() {
    let log = Log::default();
    for (retry_after, field) in [
        (Some(seconds(1)), Some("1")),
        (Some(Duration::from_millis(2001)), Some("3")),
        (None, None),
    ] {
        let limit = ConcurrencyLimit::new(1).queue(1).retry_after(retry_after);
        let occupancy = limit.occupancy();
        let running = Arc::new(log.app(limit).start().await.unwrap());
        let _inside = send(&running, "/").await;
        let _waiting = send(&running, "/").await;
        let before = Instant::now();
        let mut refused = running.handle(request("/")).await;
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        let found = refused.headers().get(RETRY_AFTER);
        assert_eq!(found.map(|value| value.to_str().unwrap()), field);
        let text = refused.body_mut().bytes(None).await.unwrap();
        assert!(text.starts_with(b"503 Service Unavailable: too many requests"));
        assert_eq!(figures(&occupancy), (1, 1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_is_allowed() {
    async fn in_time(deadline: Option<u64>, wait: Option<u64>) -> (u16, u64) {
        let limit = ConcurrencyLimit::new(1).wait(wait.map(seconds));
        let occupancy = limit.occupancy();
        let app = App::new()
            .wrap(limit)
            .routes([get("/", async || sleep(seconds(9)).await)]);
        let running = Arc::new(app.start().await.unwrap());
        let _inside = send(&running, "/").await;
        let context = Context::new(Connection::memory());
        if let Some(deadline) = deadline {
            context.shorten_deadline(Instant::now() + seconds(deadline));
        }
        let before = Instant::now();
        let answer = running.call(request("/"), &context).await;
        let refused = u64::from(answer.status() == StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(figures(&occupancy), (usize::from(refused == 1), 0, refused));
        (answer.status().as_u16(), before.elapsed().as_secs())
    }
    assert_eq!(in_time(None, Some(5)).await, (503, 5));
    assert_eq!(in_time(Some(3), Some(5)).await, (503, 3));
    assert_eq!(in_time(Some(3), None).await, (503, 3));
    // Nine seconds until there is a place, and nine inside.
    assert_eq!(in_time(None, None).await, (200, 18));
    assert_eq!(in_time(None, Some(10)).await, (200, 18));
}

#[tokio::test(start_paused = true)]
async fn whose_client_leaves_gives_its_turn_to_the_next() {
    let log = Log::default();
    let limit = ConcurrencyLimit::new(1).queue(3).wait(None);
    let occupancy = limit.occupancy();
    let running = Arc::new(log.app(limit).start().await.unwrap());
    let inside = send(&running, "/?a").await;
    let leaves = send(&running, "/?b").await;
    let stays = send(&running, "/?c").await;
    assert_eq!(figures(&occupancy), (1, 2, 0));
    leaves.abort();
    assert!(leaves.await.unwrap_err().is_cancelled());
    assert_eq!(figures(&occupancy), (1, 1, 0));
    // One that is inside leaves its place to the next, too.
    inside.abort();
    assert!(inside.await.unwrap_err().is_cancelled());
    assert_eq!(stays.await.unwrap().status(), StatusCode::OK);
    assert_eq!(log.text(), "ac");
    assert_eq!(figures(&occupancy), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_was_given_a_place_and_leaves_before_it_was_taken_passes_it_on() {
    let log = Log::default();
    let limit = ConcurrencyLimit::new(1).queue(3).wait(None);
    let occupancy = limit.occupancy();
    let running = Arc::new(log.app(limit).start().await.unwrap());
    let inside = send(&running, "/?a").await;
    let next = send(&running, "/?b").await;
    let last = send(&running, "/?c").await;
    // Both end before the scheduler comes to the one in between.
    inside.abort();
    next.abort();
    assert_eq!(last.await.unwrap().status(), StatusCode::OK);
    assert_eq!(log.text(), "ac");
    assert_eq!(figures(&occupancy), (0, 0, 0));
}

#[tokio::test]
async fn a_panic_gives_the_place_back() {
    let limit = ConcurrencyLimit::new(1).queue(0);
    let occupancy = limit.occupancy();
    let app = App::new()
        .wrap(limit)
        .routes([get("/", async |request: Request| {
            let path = request.uri().path().len();
            format!("{}", 1 / (path - 1))
        })]);
    let running = app.start().await.unwrap();
    for _ in 0..3 {
        let answer = running.handle(request("/")).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(figures(&occupancy), (0, 0, 0));
}

/// An app that answers with a body which the test writes.
fn streams(limit: ConcurrencyLimit) -> (App, Arc<Mutex<Vec<Sender>>>) {
    let senders = Arc::<Mutex<Vec<Sender>>>::default();
    let kept = Arc::clone(&senders);
    let app = App::new().wrap(limit).routes([
        get("/", move || {
            let (sender, body) = Body::channel(1);
            kept.lock().unwrap().push(sender);
            async { Response::new(body) }
        }),
        get("/memory", async || "in memory"),
    ]);
    (app, senders)
}

#[tokio::test]
async fn a_body_is_counted_on_request() {
    for with_bodies in [false, true] {
        let limit = ConcurrencyLimit::new(1).queue(0).with_bodies(with_bodies);
        let occupancy = limit.occupancy();
        let (app, senders) = streams(limit);
        let running = app.start().await.unwrap();
        let mut answer = running.handle(request("/")).await;
        assert_eq!(occupancy.in_use(), usize::from(with_bodies));
        let status = running.handle(request("/")).await.status();
        assert_eq!(status.as_u16(), if with_bodies { 503 } else { 200 });
        let mut sender = senders.lock().unwrap().remove(0);
        sender.send("last").await.unwrap();
        assert_eq!(occupancy.in_use(), usize::from(with_bodies));
        drop(sender);
        assert_eq!(answer.body_mut().bytes(None).await.unwrap(), "last");
        assert_eq!(occupancy.in_use(), 0);

        // One that is not read to its end, and one that is all there.
        drop(running.handle(request("/")).await);
        assert_eq!(occupancy.in_use(), 0);
        let answer = running.handle(request("/memory")).await;
        assert_eq!(occupancy.in_use(), 0);
        assert_eq!(answer.body().as_bytes().unwrap(), "in memory");
    }
}

#[tokio::test(start_paused = true)]
async fn clones_share_their_places() {
    let limit = ConcurrencyLimit::new(1).queue(0);
    let slow = || async || sleep(seconds(1)).await;
    let app = App::new().routes([
        get("/a", slow()).wrap(limit.clone()),
        get("/b", slow()).wrap(limit.clone()),
        get("/c", slow()).wrap(ConcurrencyLimit::new(1)),
    ]);
    let running = Arc::new(app.start().await.unwrap());
    let _inside = send(&running, "/a").await;
    assert_eq!(running.handle(request("/b")).await.status(), 503);
    assert_eq!(running.handle(request("/c")).await.status(), 200);
    assert_eq!(limit.occupancy().refused(), 1);
}

#[tokio::test(start_paused = true)]
async fn some_requests_can_stay_outside() {
    let limit = ConcurrencyLimit::new(1).queue(0);
    let app = App::new()
        .wrap(when(|request| request.uri().path() != "/health", limit))
        .routes([
            get("/", async || sleep(seconds(1)).await),
            get("/health", async || "fine"),
        ]);
    let running = Arc::new(app.start().await.unwrap());
    let _inside = send(&running, "/").await;
    assert_eq!(running.handle(request("/")).await.status(), 503);
    assert_eq!(running.handle(request("/health")).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_body_of_who_waits_or_is_refused_is_not_read() {
    /// A body that says when it is asked for a piece.
    struct Upload(Arc<AtomicBool>);
    impl futures_core::Stream for Upload {
        type Item = Result<Bytes, BoxError>;
        fn poll_next(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
            self.0.store(true, Ordering::Relaxed);
            Poll::Ready(None)
        }
    }
    async fn store(_text: String) {
        sleep(seconds(1)).await;
    }
    let limit = ConcurrencyLimit::new(1).queue(1).wait(None);
    let app = App::new().wrap(limit).routes([post("/", store)]);
    let running = Arc::new(app.start().await.unwrap());
    let mut tasks = Vec::new();
    for (asked_for, status) in [(true, 200), (false, 200), (false, 503)] {
        let flag = Arc::<AtomicBool>::default();
        let upload = http::Request::post("/")
            .body(Body::from_stream(Upload(Arc::clone(&flag))))
            .unwrap();
        let running = Arc::clone(&running);
        let task = tokio::spawn(async move { running.handle(upload).await });
        yield_now().await;
        assert_eq!(flag.load(Ordering::Relaxed), asked_for);
        tasks.push((task, flag, status));
    }
    for (task, flag, status) in tasks {
        assert_eq!(task.await.unwrap().status(), status);
        assert_eq!(flag.load(Ordering::Relaxed), status == 200);
    }
}

#[test]
fn a_limit_of_nobody_is_found_before_the_start() {
    let check = |limit| App::new().wrap(ConcurrencyLimit::new(limit)).check();
    assert!(check(0).is_err());
    assert!(check(1).is_ok());
    assert!(check(usize::MAX).is_ok());
}
