use http::StatusCode;
use http::Version;
use http::header::{
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION,
};

use super::super::config::WebSocketConfig;
use super::*;

const NONE: &[&str] = &[];

/// The request of RFC 6455 §1.2.
fn request() -> HeaderMap {
    fields(&[
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-version", "13"),
    ])
}

fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn read(headers: &HeaderMap) -> Result<Offer, Refusal> {
    Offer::upgrade(&Method::GET, Version::HTTP_11, headers)
}

#[test]
fn the_request_of_the_standard_is_accepted() {
    assert!(is_upgrade(&Method::GET, &request()));
    let offer = read(&request()).unwrap();
    assert_eq!(offer.protocols().collect::<Vec<_>>(), ["chat", "superchat"]);
    let answer = offer.accept(
        &WebSocketConfig::new(),
        offer.choose(&["superchat", "chat"]),
    );
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(answer.headers()["connection"], "upgrade");
    assert_eq!(answer.headers()["upgrade"], "websocket");
    assert_eq!(
        answer.headers()[SEC_WEBSOCKET_ACCEPT],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert_eq!(answer.headers()[SEC_WEBSOCKET_PROTOCOL], "chat");
    assert!(!answer.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS));
    assert_eq!(answer.negotiated().protocol(), Some("chat"));
}

#[test]
fn a_subprotocol_that_nobody_offered_is_not_answered() {
    let offer = read(&request()).unwrap();
    assert_eq!(offer.choose(&["other"]), None);
    let answer = offer.accept(&WebSocketConfig::new(), Some("other"));
    assert!(!answer.headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    assert_eq!(answer.negotiated().protocol(), None);
}

#[test]
fn requests_that_lack_something_are_refused() {
    for (name, value, status) in [
        ("upgrade", Some("h2c"), 426),
        ("upgrade", None, 426),
        ("connection", Some("keep-alive"), 426),
        ("sec-websocket-version", Some("8"), 426),
        ("sec-websocket-version", None, 426),
        ("sec-websocket-key", None, 400),
        ("sec-websocket-key", Some("c2hvcnQ="), 400),
        ("sec-websocket-key", Some("not base64"), 400),
        ("sec-websocket-protocol", Some("a b"), 400),
        ("sec-websocket-protocol", Some("a, a"), 400),
        ("sec-websocket-extensions", Some("a;="), 400),
    ] {
        let mut headers = request();
        headers.remove(name);
        if let Some(value) = value {
            headers.insert(name, value.parse().unwrap());
        }
        let refusal = read(&headers).unwrap_err();
        assert_eq!(refusal.status(), status, "{name}: {value:?}");
        let version = refusal.headers().get(SEC_WEBSOCKET_VERSION).cloned();
        assert_eq!(version.is_some(), status == 426, "{name}: {value:?}");
    }
    let mut twice = request();
    twice.append(
        SEC_WEBSOCKET_KEY,
        "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap(),
    );
    assert_eq!(read(&twice).unwrap_err().status(), 400);
    let post = Offer::upgrade(&Method::POST, Version::HTTP_11, &request());
    assert_eq!(post.unwrap_err().status(), 400);
    let old = Offer::upgrade(&Method::GET, Version::HTTP_10, &request());
    assert_eq!(old.unwrap_err().status(), 400);
}

#[test]
fn an_extended_connect_needs_no_key() {
    let config = WebSocketConfig::new();
    let challenge = Challenge::connect(&config, &["chat"]).unwrap();
    let headers = challenge.headers();
    assert!(!headers.contains_key(SEC_WEBSOCKET_KEY));
    assert!(!headers.contains_key("upgrade"));
    let offer = Offer::connect("websocket", &headers).unwrap();
    let answer = offer.accept(&config, Some("chat"));
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key(SEC_WEBSOCKET_ACCEPT));
    let negotiated = challenge.check(answer.status(), answer.headers()).unwrap();
    assert_eq!(&negotiated, answer.negotiated());
    assert_eq!(negotiated.protocol(), Some("chat"));
    assert_eq!(
        Offer::connect("connect-udp", &headers)
            .unwrap_err()
            .status(),
        501
    );
}

#[test]
fn answers_that_were_not_asked_for_are_refused() {
    let challenge = Challenge::upgrade(&WebSocketConfig::new(), &["chat"]).unwrap();
    let offer = read(&challenge.headers()).unwrap();
    let (status, good, _) = offer.accept(&WebSocketConfig::new(), None).into_parts();
    assert!(challenge.check(status, &good).is_ok());
    let refused = challenge.check(StatusCode::OK, &good).unwrap_err();
    assert_eq!(refused.kind(), HandshakeErrorKind::Status);
    for (name, value, kind) in [
        ("upgrade", "h2c", HandshakeErrorKind::Upgrade),
        ("connection", "close", HandshakeErrorKind::Upgrade),
        ("sec-websocket-accept", "AAAA", HandshakeErrorKind::Accept),
        (
            "sec-websocket-protocol",
            "other",
            HandshakeErrorKind::Protocol,
        ),
        ("sec-websocket-protocol", "", HandshakeErrorKind::Protocol),
        (
            "sec-websocket-extensions",
            "foo",
            HandshakeErrorKind::Extension,
        ),
        (
            "sec-websocket-extensions",
            "a;=",
            HandshakeErrorKind::Extension,
        ),
    ] {
        let mut headers = good.clone();
        headers.insert(name, value.parse().unwrap());
        let error = challenge.check(status, &headers).unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {value}");
    }
}

#[test]
fn subprotocols_that_could_not_be_asked_for_are_refused() {
    let config = WebSocketConfig::new();
    for bad in [&["a b"][..], &["a", "a"], &[""]] {
        let error = Challenge::upgrade(&config, bad).unwrap_err();
        assert_eq!(error.kind(), HandshakeErrorKind::BadProtocol);
    }
    assert!(Challenge::upgrade(&config, NONE).is_ok());
}
