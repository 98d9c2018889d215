use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use wharf_http::{Body, Request};

use super::*;
use crate::{App, IntoResponse, get};

/// A handshake as RFC 6455 §1.2 has it.
fn handshake() -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = "/chat".parse().unwrap();
    let fields = request.headers_mut();
    for (name, value) in [
        (header::HOST, "quay.test"),
        (header::UPGRADE, "websocket"),
        (header::CONNECTION, "keep-alive, Upgrade"),
        (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        (header::SEC_WEBSOCKET_VERSION, "13"),
        (header::SEC_WEBSOCKET_PROTOCOL, "chat.v2, chat.v1"),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
    // One that never comes about.
    let upgrade = hyper::upgrade::on(&mut request);
    request.extensions_mut().insert(upgrade);
    request
}

fn with(name: header::HeaderName, value: &'static str) -> Request {
    let mut request = handshake();
    let value = HeaderValue::from_static(value);
    request.headers_mut().insert(name, value);
    request
}

async fn chat(ws: WebSocketUpgrade) -> impl IntoResponse {
    ws.protocols(["chat.v1"])
        .origins(["https://app.test"])
        .on_upgrade(async |_socket| ())
}

async fn either(ws: Option<WebSocketUpgrade>) -> impl IntoResponse {
    match ws {
        Some(ws) => ws.on_upgrade(async |_socket| ()),
        None => "a page".into_response(),
    }
}

async fn ask(request: Request) -> (StatusCode, HeaderMap, String) {
    let routes = [
        get("/chat", chat),
        get("/either", either),
        get("/page", async || "a page"),
    ];
    let running = App::new().routes(routes).start().await.unwrap();
    let (head, mut body) = running.handle(request).await.into_parts();
    let text = String::from_utf8(body.bytes(None).await.unwrap().to_vec()).unwrap();
    (head.status, head.headers, text)
}

#[tokio::test]
async fn a_handshake_is_answered_as_the_standard_has_it() {
    let (status, fields, text) = ask(handshake()).await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::SWITCHING_PROTOCOLS, "")
    );
    assert_eq!(
        fields[header::SEC_WEBSOCKET_ACCEPT],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert_eq!(fields[header::SEC_WEBSOCKET_PROTOCOL], "chat.v1");
    assert_eq!(fields[header::UPGRADE], "websocket");
    assert_eq!(fields[header::CONNECTION], "upgrade");
}

#[tokio::test]
async fn what_is_wrong_with_a_handshake_is_told() {
    for (request, status, why) in [
        (
            with(header::UPGRADE, "h2c"),
            426,
            "expected a WebSocket handshake",
        ),
        (
            with(header::CONNECTION, "close"),
            426,
            "expected a WebSocket handshake",
        ),
        (
            with(header::SEC_WEBSOCKET_VERSION, "8"),
            426,
            "expected version 13",
        ),
        (
            with(header::SEC_WEBSOCKET_KEY, "short"),
            400,
            "`Sec-WebSocket-Key`",
        ),
    ] {
        let (given, fields, text) = ask(request).await;
        assert_eq!(given, status, "{text}");
        assert!(text.contains(why), "{text}");
        let upgrade = fields.get(header::UPGRADE).is_some();
        assert_eq!(upgrade, status == 426, "{text}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    for (origin, status) in [
        ("http://quay.test", 101),
        ("https://app.test", 101),
        ("https://evil.test", 403),
        ("null", 403),
    ] {
        let (given, _, text) = ask(with(header::ORIGIN, origin)).await;
        assert_eq!(given, status, "{origin}: {text}");
        assert_eq!(text.contains("may not open this WebSocket"), status == 403);
    }
}

#[tokio::test]
async fn a_route_can_answer_with_a_page_or_a_web_socket() {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = "/either".parse().unwrap();
    let (status, _, text) = ask(request).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "a page"));
    let mut request = handshake();
    *request.uri_mut() = "/either".parse().unwrap();
    assert_eq!(ask(request).await.0, StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn a_server_that_hands_over_no_connection_is_a_mistake_of_the_app() {
    let mut request = handshake();
    request.extensions_mut().clear();
    assert_eq!(ask(request).await.0, StatusCode::INTERNAL_SERVER_ERROR);
}

#[cfg(feature = "http2")]
fn tunnel(path: &'static str) -> Request {
    let mut request = handshake();
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = path.parse().unwrap();
    for name in [
        header::UPGRADE,
        header::CONNECTION,
        header::SEC_WEBSOCKET_KEY,
    ] {
        request.headers_mut().remove(name);
    }
    let protocol = hyper::ext::Protocol::from_static("websocket");
    request.extensions_mut().insert(protocol);
    request
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn an_extended_connect_is_routed_like_a_get() {
    let (status, fields, _) = ask(tunnel("/chat")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(fields[header::SEC_WEBSOCKET_PROTOCOL], "chat.v1");
    assert!(!fields.contains_key(header::UPGRADE));
    assert!(!fields.contains_key(header::SEC_WEBSOCKET_ACCEPT));
    let (status, _, text) = ask(tunnel("/page")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("this resource is no WebSocket"), "{text}");
    assert_eq!(ask(tunnel("/nowhere")).await.0, StatusCode::NOT_FOUND);
    let mut other = tunnel("/chat");
    let protocol = hyper::ext::Protocol::from_static("connect-udp");
    other.extensions_mut().insert(protocol);
    assert_eq!(ask(other).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
