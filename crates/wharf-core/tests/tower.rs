//! Real tower layers as middleware, without a line of error mapping, and an app as a tower service.

#![cfg(feature = "tower")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use tower::buffer::BufferLayer;
use tower::limit::{ConcurrencyLimitLayer, RateLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::{MapErrLayer, MapRequestLayer};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use wharf_core::app::Running;
use wharf_core::extract::Scope;
use wharf_core::middleware::Layer;
use wharf_core::{App, Body, Context, HttpError, Request, get, post};
use wharf_http::{Connection, Signal};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn request(method: Method, path: &str, body: impl Into<Body>) -> Request {
    http::Request::builder()
        .method(method)
        .uri(path)
        .body(body.into())
        .unwrap()
}

async fn ask(app: &Running, method: Method, path: &str) -> (StatusCode, String) {
    let mut response = app.handle(request(method, path, "")).await;
    let text = response.body_mut().bytes(None).await.unwrap();
    (response.status(), String::from_utf8(text.to_vec()).unwrap())
}

async fn status(app: &Running, path: &str) -> u16 {
    ask(app, Method::GET, path).await.0.as_u16()
}

/// An app with a quick handler, one that never answers, and one that says what it was sent.
fn app(layer: Layer) -> App {
    App::new().wrap(layer).routes([
        get("/", async || "quick"),
        get("/late", async || pending::<&'static str>().await),
        post("/echo", async |text: String| text),
    ])
}

#[tokio::test(start_paused = true)]
async fn time_that_is_up_is_a_503() {
    let layer = wharf_core::tower::layer(TimeoutLayer::new(SECOND));
    let app = app(layer)
        .on_error(|error: &HttpError, _: &Scope| format!("{:?}", error.origin()))
        .start()
        .await
        .unwrap();
    assert_eq!(ask(&app, Method::GET, "/").await.1, "quick");
    let late = ask(&app, Method::GET, "/late").await;
    assert_eq!(late, (StatusCode::SERVICE_UNAVAILABLE, "Timeout".into()));
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_one_a_minute_lets_one_of_three_pass() {
    let limits = || {
        ServiceBuilder::new()
            .layer(TimeoutLayer::new(SECOND))
            .layer(BufferLayer::new(8))
            .layer(RateLimitLayer::new(1, MINUTE))
    };
    let app = app(wharf_core::tower::layer(limits()));
    // One limit for the whole app, the answers that no route gives included.
    let app = app.start().await.unwrap();
    assert_eq!(status(&app, "/").await, 200);
    assert_eq!(status(&app, "/echo").await, 503);
    assert_eq!(status(&app, "/nothing").await, 503);
    tokio::time::advance(MINUTE).await;
    assert_eq!(status(&app, "/nothing").await, 404);
    assert_eq!(status(&app, "/").await, 503);
}

#[tokio::test(start_paused = true)]
async fn each_layer_has_its_own_limit_and_clones_share_it() {
    let limit = || {
        let limits = ServiceBuilder::new()
            .layer(TimeoutLayer::new(SECOND))
            .layer(BufferLayer::new(8))
            .layer(RateLimitLayer::new(1, MINUTE));
        wharf_core::tower::layer(limits)
    };
    let shared = limit();
    let app = App::new().routes([
        get("/a", async || "").wrap(limit()),
        get("/b", async || "").wrap(shared.clone()),
        get("/c", async || "").wrap(shared),
    ]);
    let app = app.start().await.unwrap();
    assert_eq!(status(&app, "/a").await, 200);
    assert_eq!(status(&app, "/b").await, 200);
    assert_eq!(status(&app, "/c").await, 503);
}

#[tokio::test]
async fn load_that_is_shed_is_a_503_that_says_when_to_come_again() {
    let gate = Signal::new();
    let waits = {
        let gate = gate.clone();
        move || {
            let gate = gate.clone();
            async move {
                gate.fired().await;
                "done"
            }
        }
    };
    let limits = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1));
    let app = App::new()
        .routes([get("/", waits)])
        .wrap(wharf_core::tower::layer(limits));
    let app = app.start().await.unwrap();
    let first = tokio::spawn(app.handle(request(Method::GET, "/", "")));
    tokio::task::yield_now().await;
    let second = app.handle(request(Method::GET, "/", "")).await;
    assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(second.headers()[header::RETRY_AFTER], "1");
    gate.fire();
    assert_eq!(first.await.unwrap().status(), StatusCode::OK);
    assert_eq!(status(&app, "/").await, 200);
}

#[tokio::test]
async fn any_other_error_is_a_500_that_keeps_its_cause_to_itself() {
    #[derive(Clone)]
    struct FailingLayer;

    impl<S> tower::Layer<S> for FailingLayer {
        type Service = Failing;

        fn layer(&self, _inner: S) -> Failing {
            Failing
        }
    }

    #[derive(Clone)]
    struct Failing;

    impl tower::Service<Request> for Failing {
        type Response = http::Response<Body>;
        type Error = String;
        type Future = std::future::Ready<Result<Self::Response, String>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), String>> {
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request) -> Self::Future {
            ready(Err("password=hunter2".into()))
        }
    }

    let app = app(wharf_core::tower::layer(FailingLayer));
    let app = app.start().await.unwrap();
    let (status, text) = ask(&app, Method::GET, "/").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text, "500 Internal Server Error\n");
}

#[tokio::test]
async fn errors_that_are_mapped_or_wrapped_are_still_known() {
    #[derive(Debug)]
    struct Wrapped(tower::BoxError);
    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("wrapped")
        }
    }
    impl std::error::Error for Wrapped {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(self.0.as_ref())
        }
    }
    let layer = ServiceBuilder::new()
        .layer(MapErrLayer::new(Wrapped))
        .layer(TimeoutLayer::new(Duration::ZERO));
    let app = app(wharf_core::tower::layer(layer));
    let app = app.start().await.unwrap();
    assert_eq!(status(&app, "/late").await, 503);
}

#[tokio::test]
async fn bodies_of_any_type_pass_in_both_directions() {
    let layers = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(RequestBodyLimitLayer::new(5));
    let app = app(wharf_core::tower::layer(layers));
    let app = app.start().await.unwrap();
    let post = async |body: Body| {
        let mut response = app.handle(request(Method::POST, "/echo", body)).await;
        let text = response.body_mut().bytes(None).await.unwrap();
        (response.status().as_u16(), text)
    };
    assert_eq!(post("short".into()).await, (200, "short".into()));
    // Of a length that is known the layer refuses it by itself, of another the handler does, by the layer's limit.
    let channel = |pieces: &'static [&'static str]| {
        let (mut sender, body) = Body::channel(pieces.len());
        tokio::spawn(async move {
            for piece in pieces {
                if sender.send(*piece).await.is_err() {
                    break;
                }
            }
        });
        body
    };
    assert_eq!(post(channel(&["sho", "rt"])).await, (200, "short".into()));
    let (status, text) = post(channel(&["too", "long"])).await;
    assert_eq!(status, 413);
    assert_eq!(
        text,
        "413 Payload Too Large: the body is larger than the limit\n"
    );
}

#[tokio::test]
async fn answers_that_no_route_gives_pass_through_tower_layers() {
    let name = HeaderName::from_static("x-served-by");
    let value = HeaderValue::from_static("quay");
    let layers = ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(name, value))
        .layer(CorsLayer::permissive());
    let app = app(wharf_core::tower::layer(layers)).body_limit(3);
    let app = app.start().await.unwrap();
    for (method, path, status) in [
        (Method::GET, "/", 200),
        (Method::GET, "/nothing", 404),
        (Method::GET, "/echo", 405),
        (Method::POST, "/echo", 413),
    ] {
        let response = app.handle(request(method, path, "four")).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["x-served-by"], "quay", "{status}");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    }
    let preflight = http::Request::options("/echo")
        .header("origin", "https://quay.test")
        .header("access-control-request-method", "POST")
        .body(Body::empty())
        .unwrap();
    let response = app.handle(preflight).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["access-control-allow-methods"], "*");
}

#[tokio::test]
async fn a_layer_is_applied_once_and_before_the_first_request() {
    #[derive(Clone)]
    struct Counting(Arc<AtomicUsize>);

    impl<S> tower::Layer<S> for Counting {
        type Service = S;

        fn layer(&self, inner: S) -> S {
            self.0.fetch_add(1, Ordering::Relaxed);
            inner
        }
    }

    let layered = Arc::new(AtomicUsize::new(0));
    let app = app(wharf_core::tower::layer(Counting(Arc::clone(&layered))));
    assert_eq!(layered.load(Ordering::Relaxed), 0);
    let app = app.start().await.unwrap();
    assert_eq!(layered.load(Ordering::Relaxed), 1);
    assert_eq!(status(&app, "/").await, 200);
    assert_eq!(status(&app, "/nothing").await, 404);
    assert_eq!(layered.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_layer_that_loses_the_extensions_is_told_so() {
    let layer = MapRequestLayer::new(|request: Request| Request::new(request.into_body()));
    let app = app(wharf_core::tower::layer(layer)).debug(true);
    let app = app.start().await.unwrap();
    let (status, text) = ask(&app, Method::GET, "/").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("without the extensions"), "{text}");
}

#[tokio::test]
async fn an_app_is_a_tower_service_for_any_body() {
    async fn peer(context: Context) -> String {
        context.connection().peer().to_string()
    }
    let app = App::new().routes([post("/echo", async |text: String| text), get("/peer", peer)]);
    let running = app.start().await.unwrap();
    let service = ServiceBuilder::new()
        .layer(TimeoutLayer::new(SECOND))
        .service(running.clone());
    let request = http::Request::post("/echo")
        .body(Full::new(Bytes::from_static(b"ahoy")))
        .unwrap();
    let response = service.oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "ahoy");

    let peer: wharf_http::Peer = wharf_http::Peer::Tcp(([192, 0, 2, 7], 80).into());
    let connection = Connection::new(peer, wharf_http::connection::Local::Memory);
    let request = http::Request::get("/peer")
        .extension(connection)
        .body(Body::empty())
        .unwrap();
    let response = running.oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "192.0.2.7");
}

#[tokio::test]
async fn a_service_that_waits_for_room_is_waited_for() {
    // Readiness is asked for on the clone that is called, or this limit would panic.
    let limits = ConcurrencyLimitLayer::new(1);
    let app = app(wharf_core::tower::layer(limits));
    let app = app.start().await.unwrap();
    let calls: Vec<_> = (0..3)
        .map(|_| tokio::spawn(app.handle(request(Method::GET, "/", ""))))
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().status(), StatusCode::OK);
    }
}
