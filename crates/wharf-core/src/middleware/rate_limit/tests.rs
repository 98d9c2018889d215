use std::net::SocketAddr;
use std::sync::Mutex;

use http::StatusCode;
use tokio::time::advance;
use wharf_http::connection::{Local, Peer};
use wharf_http::{Body, Connection, Context, Service};

use super::*;
use crate::app::Running;
use crate::{App, get};

const MINUTE: Duration = Duration::from_secs(60);

async fn start(limit: RateLimit) -> Running {
    let app = App::new().wrap(limit).routes([get("/", async || "index")]);
    app.start().await.unwrap()
}

/// Sends a request from an address, with header fields.
async fn ask(running: &Running, peer: &str, fields: &[(&str, &str)]) -> Response {
    let peer: SocketAddr = peer.parse().unwrap();
    let connection = Connection::new(Peer::Tcp(peer), Local::Memory);
    let mut request = http::Request::get("/");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    running.call(request, &Context::new(connection)).await
}

/// Status, what is left, and when to come again.
async fn left(running: &Running, peer: &str) -> (u16, String, Option<String>) {
    let answer = ask(running, peer, &[]).await;
    let text = |name: &str| {
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let left = text("ratelimit").unwrap_or_default();
    (answer.status().as_u16(), left, text("retry-after"))
}

#[tokio::test(start_paused = true)]
async fn a_client_has_its_burst_and_earns_one_request_after_the_other() {
    let running = start(RateLimit::new(6, MINUTE).burst(3)).await;
    // Milliseconds that go by, the answer, what is left, and in how many seconds there is more.
    for (step, (by, status, remaining, more_in)) in [
        (0, 200, 2, 10),
        (0, 200, 1, 10),
        (0, 200, 0, 10),
        (0, 429, 0, 10),
        (0, 429, 0, 10),
        (4_000, 429, 0, 6),
        (5_500, 429, 0, 1),
        (500, 200, 0, 10),
        (0, 429, 0, 10),
        (25_000, 200, 1, 5),
        (5_000, 200, 1, 10),
        (1_000_000, 200, 2, 10),
    ]
    .into_iter()
    .enumerate()
    {
        advance(Duration::from_millis(by)).await;
        let found = left(&running, "192.0.2.7:1").await;
        let expected = (
            status,
            format!("\"default\";r={remaining};t={more_in}"),
            (status == 429).then(|| more_in.to_string()),
        );
        assert_eq!(found, expected, "step {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_evenly_is_never_refused() {
    let running = start(RateLimit::new(10, Duration::from_secs(1)).burst(1)).await;
    for _ in 0..1000 {
        assert_eq!(left(&running, "192.0.2.7:1").await.0, 200);
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(left(&running, "192.0.2.7:1").await.0, 200);
    assert_eq!(left(&running, "192.0.2.7:1").await.0, 429);
}

#[tokio::test]
async fn clients_are_told_apart_by_their_addresses() {
    let running = start(RateLimit::new(1, MINUTE)).await;
    for (peer, status) in [
        ("192.0.2.7:1", 200),
        ("192.0.2.7:2", 429),
        ("192.0.2.8:1", 200),
        ("[::ffff:192.0.2.8]:1", 429),
        ("[2001:db8:0:1::1]:1", 200),
        ("[2001:db8:0:1:2:3:4:5]:1", 429),
        ("[2001:db8:0:2::1]:1", 200),
    ] {
        assert_eq!(left(&running, peer).await.0, status, "{peer}");
    }
    let memory = async || running.handle(Request::default()).await.status().as_u16();
    assert_eq!((memory().await, memory().await), (200, 429));
}

#[tokio::test]
async fn the_client_that_a_trusted_proxy_names_is_the_one_that_counts() {
    let running = start(RateLimit::new(1, MINUTE)).await;
    let mut statuses = Vec::new();
    for client in ["198.51.100.1:0", "198.51.100.2:0", "198.51.100.1:0"] {
        let proxy = Peer::Tcp("10.0.0.1:4711".parse().unwrap());
        let context = Context::new(Connection::new(proxy, Local::Memory));
        let client = Peer::Tcp(client.parse().unwrap());
        context.set_client(client, http::uri::Scheme::HTTPS);
        let answer = running.call(Request::default(), &context).await;
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn requests_can_be_told_apart_by_a_header_field() {
    let name = HeaderName::from_static("x-api-key");
    let running = start(RateLimit::new(1, MINUTE).by_header(name)).await;
    for (fields, status) in [
        (&[("x-api-key", "ada")][..], 200),
        (&[("x-api-key", "ada")], 429),
        (&[("x-api-key", "grace")], 200),
        (&[("x-api-key", "ada"), ("x-api-key", "grace")], 200),
        (&[], 200),
        (&[("x-other", "ada")], 429),
    ] {
        let answer = ask(&running, "192.0.2.7:1", fields).await;
        assert_eq!(answer.status().as_u16(), status, "{fields:?}");
    }
}

#[tokio::test]
async fn requests_can_be_told_apart_by_anything() {
    let by_route_and_user = RateLimit::new(1, MINUTE).by(|request, scope| {
        let user = request.headers().get("x-user")?.clone();
        Some((scope.route()?.pattern().to_owned(), user))
    });
    let app = App::new()
        .wrap(by_route_and_user)
        .routes([get("/{ship}", async || ""), get("/{ship}/log", async || "")]);
    let running = app.start().await.unwrap();
    for (path, user, status) in [
        ("/a", "ada", 200),
        ("/b", "ada", 429),
        ("/a", "grace", 200),
        ("/a/log", "ada", 200),
    ] {
        let request = http::Request::get(path).header("x-user", user);
        let answer = running.handle(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status().as_u16(), status, "{path} {user}");
    }
    for _ in 0..3 {
        let request = http::Request::get("/a").body(Body::empty()).unwrap();
        let answer = running.handle(request).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(!answer.headers().contains_key("ratelimit"));
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_says_what_is_left() {
    let limit = RateLimit::new(2, MINUTE).name("per client");
    let running = start(limit.clone()).await;
    let found = ask(&running, "192.0.2.7:1", &[]).await;
    assert_eq!(
        found.headers()["ratelimit-policy"],
        "\"per client\";q=2;w=60"
    );
    assert_eq!(found.headers()["ratelimit"], "\"per client\";r=1;t=30");
    assert!(!found.headers().contains_key("retry-after"));
    // One that no route gives, and one that is refused.
    let request = http::Request::get("/nothing").body(Body::empty()).unwrap();
    let missing = running.handle(request).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(missing.headers()["ratelimit"], "\"per client\";r=1;t=30");
    ask(&running, "192.0.2.7:1", &[]).await;
    let mut refused = ask(&running, "192.0.2.7:1", &[("accept", "application/json")]).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["ratelimit"], "\"per client\";r=0;t=30");
    assert_eq!(
        refused.headers()["ratelimit-policy"],
        "\"per client\";q=2;w=60"
    );
    assert_eq!(
        refused.headers()["content-type"],
        "application/problem+json"
    );
    let text = refused.body_mut().bytes(None).await.unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(
        text.contains("too many requests, try again in 30 s"),
        "{text}"
    );

    let quiet = start(RateLimit::new(1, MINUTE).fields(false)).await;
    for retry_after in [None, Some("60")] {
        let answer = ask(&quiet, "192.0.2.7:1", &[]).await;
        assert!(!answer.headers().contains_key("ratelimit"));
        assert!(!answer.headers().contains_key("ratelimit-policy"));
        let found = answer.headers().get("retry-after");
        assert_eq!(found.map(|value| value.to_str().unwrap()), retry_after);
    }
}

#[tokio::test(start_paused = true)]
async fn nested_limits_each_speak_for_themselves() {
    let app = App::new()
        .wrap(RateLimit::new(100, MINUTE).name("app"))
        .routes([
            get("/", async || "").wrap(RateLimit::new(2, Duration::from_secs(1)).name("route"))
        ]);
    let running = app.start().await.unwrap();
    let answer = running.handle(Request::default()).await;
    let left = answer.headers().get_all("ratelimit").iter();
    let left: Vec<_> = left.map(|line| line.to_str().unwrap()).collect();
    assert_eq!(left, ["\"route\";r=1;t=1", "\"app\";r=99;t=1"]);
    running.handle(Request::default()).await;
    let answer = running.handle(Request::default()).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let left = answer.headers().get_all("ratelimit").iter();
    let left: Vec<_> = left.map(|line| line.to_str().unwrap()).collect();
    assert_eq!(left, ["\"route\";r=0;t=1", "\"app\";r=97;t=1"]);
}

#[tokio::test(start_paused = true)]
async fn when_there_is_no_place_for_a_new_client_known_ones_go_on() {
    for (fail_open, status) in [(false, 503), (true, 200)] {
        let limit = RateLimit::new(2, Duration::from_secs(10)).max_keys(2);
        let limit = limit.fail_open(fail_open);
        let keys = limit.clone();
        let running = start(limit).await;
        assert_eq!(left(&running, "192.0.2.1:1").await.0, 200);
        assert_eq!(left(&running, "192.0.2.2:1").await.0, 200);
        for _ in 0..5 {
            let (found, fields, retry_after) = left(&running, "192.0.2.3:1").await;
            assert_eq!((found, fields.as_str()), (status, ""));
            assert_eq!(retry_after.is_some_and(|after| after == "5"), !fail_open);
        }
        assert_eq!(keys.keys(), 2);
        assert_eq!(left(&running, "192.0.2.2:1").await.0, 200);
        assert_eq!(left(&running, "192.0.2.2:1").await.0, 429);
        // The first client has earned its quota again, and makes room.
        advance(Duration::from_secs(5)).await;
        let (status, fields, _) = left(&running, "192.0.2.3:1").await;
        assert_eq!((status, fields.as_str()), (200, "\"default\";r=1;t=5"));
        assert_eq!(keys.keys(), 2);
    }
}

#[tokio::test]
async fn the_quota_is_exact_when_many_ask_at_once() {
    let limit = RateLimit::new(100, MINUTE);
    let app = App::new().wrap(limit).routes([get("/", async || "")]);
    let running = Arc::new(app.start().await.unwrap());
    let passed = Arc::<Mutex<u32>>::default();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (running, passed) = (Arc::clone(&running), Arc::clone(&passed));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                runtime.unwrap().block_on(async {
                    for _ in 0..100 {
                        let answer = running.handle(Request::default()).await;
                        *passed.lock().unwrap() += u32::from(answer.status() == StatusCode::OK);
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    // A hundred at once; and one more each 0.6 seconds, should the machine be slow.
    let passed = *passed.lock().unwrap();
    assert!((100..=110).contains(&passed), "{passed}");
}

#[tokio::test]
async fn clones_share_their_quotas() {
    let limit = RateLimit::new(1, MINUTE);
    let app = App::new().routes([
        get("/a", async || "").wrap(limit.clone()),
        get("/b", async || "").wrap(limit.clone()),
        get("/c", async || "").wrap(limit.burst(1)),
    ]);
    let running = app.start().await.unwrap();
    for (path, status) in [("/a", 200), ("/b", 429), ("/c", 200)] {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(running.handle(request).await.status().as_u16(), status);
    }
}

#[test]
fn settings_that_cannot_work_are_found_before_the_start() {
    let is_fine = |limit: RateLimit| App::new().wrap(limit).check().is_ok();
    let minute = |requests| RateLimit::new(requests, MINUTE);
    assert!(is_fine(minute(1)));
    assert!(!is_fine(minute(0)));
    assert!(!is_fine(minute(1).burst(0)));
    assert!(!is_fine(RateLimit::new(1, Duration::ZERO)));
    assert!(!is_fine(RateLimit::new(u32::MAX, Duration::from_nanos(1))));
    assert!(!is_fine(RateLimit::new(1, Duration::MAX)));
    assert!(!is_fine(minute(1).max_keys(0)));
    for (name, fine) in [
        ("per client", true),
        ("", true),
        ("a\"b", false),
        ("a\\b", false),
        ("a\r\nb", false),
        ("größe", false),
    ] {
        assert_eq!(is_fine(minute(1).name(name)), fine, "{name}");
    }
}
