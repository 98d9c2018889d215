//! Layers of tower-http and middleware of ours on one app, over real connections: who is inside and who outside does not matter.
#![cfg(all(
    feature = "client",
    feature = "gzip",
    feature = "http1",
    feature = "server",
    feature = "tower"
))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use tower::ServiceBuilder;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;
use wharf::http::coding::{Limits, decode};
use wharf::middleware::{Compress, RequestId, SecurityHeaders};
use wharf::server::ServerHandle;
use wharf::{App, Body, Client, HttpError, Method, Server, StatusCode, get, post, tower as layers};

const PAGE: &str = "https://quay.test";

/// What the trace layer has seen.
type Seen = Arc<Mutex<Vec<u16>>>;

/// One of tower-http's and one of ours by turns, from the outermost inwards.
fn app(seen: &Seen) -> App {
    let seen = Arc::clone(seen);
    let trace = TraceLayer::new_for_http().on_response(
        move |response: &http::Response<Body>, _: Duration, _: &Span| {
            seen.lock().unwrap().push(response.status().as_u16());
        },
    );
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::exact(HeaderValue::from_static(PAGE)))
        .allow_methods([Method::POST]);
    let named = SetResponseHeaderLayer::if_not_present(
        HeaderName::from_static("x-served-by"),
        HeaderValue::from_static("quay"),
    );
    let at_once = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::ZERO);
    App::new()
        .wrap(layers::layer(trace))
        .wrap(SecurityHeaders::new())
        .wrap(layers::layer(cors))
        .wrap(RequestId::new())
        .wrap(Compress::new())
        .wrap(layers::layer(ServiceBuilder::new().layer(named)))
        .routes([
            get("/", async || "ahoy ".repeat(1000)),
            post("/echo", async |text: String| text),
            get("/fails", async || HttpError::conflict("the berth is taken")),
            get("/late", async || pending::<String>().await).wrap(layers::layer(at_once)),
        ])
}

async fn start(seen: &Seen) -> (ServerHandle, Client) {
    let server = Server::new(app(seen)).bind("127.0.0.1:0");
    let server = server.start().await.unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    let client = Client::builder().base(&base).decode(false).build().unwrap();
    (server, client)
}

async fn ask(client: &Client, method: Method, path: &str, body: &str) -> (u16, HeaderMap, Vec<u8>) {
    let request = client.request(method, path).header("origin", PAGE);
    let request = request
        .header("accept-encoding", "gzip")
        .header("access-control-request-method", "POST");
    let mut response = request.body(body.to_owned()).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

async fn decoded(headers: &HeaderMap, bytes: Vec<u8>) -> String {
    let mut body = Body::from(bytes);
    decode(&mut body, headers, Limits::new()).unwrap();
    String::from_utf8(body.bytes(None).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn every_answer_carries_what_each_of_them_adds() {
    let seen = Seen::default();
    let (server, client) = start(&seen).await;
    let long = "ahoy ".repeat(1000);
    for (method, path, body, status) in [
        (Method::GET, "/", "", 200),
        (Method::POST, "/echo", &long, 200),
        (Method::GET, "/fails", "", 409),
        (Method::GET, "/late", "", 504),
        (Method::GET, "/nothing", "", 404),
        (Method::GET, "/echo", "", 405),
        (Method::GET, "/", "", 200),
    ] {
        let (got, headers, bytes) = ask(&client, method, path, body).await;
        assert_eq!(got, status, "{path}");
        assert_eq!(headers["x-served-by"], "quay", "{path}");
        assert_eq!(headers["access-control-allow-origin"], PAGE, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-request-id"].len(), 32, "{path}");
        assert_eq!(headers.contains_key("content-encoding"), status == 200);
        match status {
            200 => assert_eq!(decoded(&headers, bytes).await, long),
            409 => assert_eq!(bytes, b"409 Conflict: the berth is taken\n"),
            _ => {}
        }
    }
    let report = server.shutdown().await.unwrap();
    assert_eq!(report.cut, 0);
    assert_eq!(*seen.lock().unwrap(), [200, 200, 409, 504, 404, 405, 200]);
}

#[tokio::test]
async fn a_preflight_is_answered_by_the_layer_with_what_stands_around_it() {
    let seen = Seen::default();
    let (server, client) = start(&seen).await;
    let (status, headers, _) = ask(&client, Method::OPTIONS, "/echo", "").await;
    assert_eq!(status, 200);
    assert_eq!(headers["access-control-allow-methods"], "POST");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    // It never came as far as those inside of the layer.
    assert!(!headers.contains_key("x-served-by") && !headers.contains_key("x-request-id"));
    assert_eq!(*seen.lock().unwrap(), [200]);
    server.shutdown().await.unwrap();
}
