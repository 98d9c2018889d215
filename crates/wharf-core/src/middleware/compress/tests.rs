use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use wharf_http::coding::{Limits, decode};

use super::*;
use crate::{App, get};

/// What an answer came as, and what it is when the coding is undone.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    sent: Option<u64>,
    plain: Bytes,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    fn coding(&self) -> Option<&str> {
        self.field("content-encoding")
    }
}

fn text(length: usize) -> String {
    "0123456789abcde\n".repeat(length / 16)
}

async fn ask(
    compress: Compress,
    accept: &str,
    answer: impl Fn() -> Response + Send + Sync + 'static,
) -> Answer {
    let answer = Arc::new(answer);
    let app = App::new()
        .routes([get("/", move || {
            let answer = Arc::clone(&answer);
            async move { answer() }
        })])
        .wrap(compress);
    let mut request = http::Request::get("/").body(Body::empty()).unwrap();
    if !accept.is_empty() {
        request
            .headers_mut()
            .insert(ACCEPT_ENCODING, accept.parse().unwrap());
    }
    let response = app.start().await.unwrap().handle(request).await;
    let (head, mut body) = response.into_parts();
    let sent = body.len();
    decode(&mut body, &head.headers, Limits::new()).unwrap();
    Answer {
        status: head.status,
        headers: head.headers,
        sent,
        plain: body.bytes(None).await.unwrap(),
    }
}

fn plain(length: usize) -> impl Fn() -> Response + Send + Sync + 'static {
    move || text(length).into_response()
}

fn with(name: &'static str, value: &'static str) -> impl Fn() -> Response + Send + Sync + 'static {
    move || {
        let mut response = text(4096).into_response();
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        response
    }
}

#[tokio::test]
async fn the_clients_weights_decide_and_then_the_servers_order() {
    let gzip = || Compress::new().codings([Coding::GZIP, Coding::DEFLATE]);
    for (accept, expected) in [
        ("", None),
        ("gzip", Some("gzip")),
        ("deflate, gzip", Some("gzip")),
        ("deflate, gzip;q=0.9", Some("deflate")),
        ("*", Some("gzip")),
        ("*, gzip;q=0", Some("deflate")),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("gzip;q=0", None),
        ("compress", None),
    ] {
        let answer = ask(gzip(), accept, plain(4096)).await;
        assert_eq!(answer.coding(), expected, "{accept:?}");
        assert_eq!(answer.plain, text(4096));
        assert_eq!(answer.field("vary"), Some("accept-encoding"), "{accept:?}");
    }
    let deflate = gzip().codings([Coding::DEFLATE, Coding::GZIP]);
    assert_eq!(
        ask(deflate, "gzip, deflate", plain(4096)).await.coding(),
        Some("deflate")
    );
}

#[tokio::test]
async fn every_coding_gives_back_what_was_put_in() {
    for coding in Coding::available() {
        for length in [1024, 65_536, 400_000] {
            let compress = Compress::new().level(*coding, 1);
            let answer = ask(compress, coding.name(), plain(length)).await;
            assert_eq!(answer.coding(), Some(coding.name()));
            assert!(answer.plain == text(length), "{coding:?} {length}");
            assert_eq!(answer.sent.is_some(), length < OFFLOAD);
            assert!(answer.sent.is_none_or(|sent| sent < 600));
        }
    }
}

#[tokio::test]
async fn the_plain_form_is_sent_where_the_other_would_not_pay() {
    let short = ask(Compress::new(), "gzip", plain(1008)).await;
    assert_eq!(
        (short.coding(), short.field("vary")),
        (None, Some("accept-encoding"))
    );
    let wanted = ask(Compress::new().minimum(0), "gzip", plain(1008)).await;
    assert_eq!(wanted.coding(), Some("gzip"));
    // Would become longer.
    let tiny = ask(Compress::new().minimum(0), "gzip", plain(16)).await;
    assert_eq!((tiny.coding(), tiny.sent), (None, Some(16)));

    for (media_type, compressed) in [
        ("text/css; charset=utf-8", true),
        ("Application/JSON", true),
        ("application/problem+json", true),
        ("image/svg+xml", true),
        ("font/ttf", true),
        ("font/woff2", false),
        ("image/png", false),
        ("application/zip", false),
        ("application/octet-stream", false),
        ("nonsense", false),
    ] {
        let answer = ask(Compress::new(), "gzip", with("content-type", media_type)).await;
        assert_eq!(answer.coding().is_some(), compressed, "{media_type}");
        assert_eq!(answer.field("vary").is_some(), compressed, "{media_type}");
    }
    let own = Compress::new().types(|media_type| media_type == "application/x-chart");
    let answer = ask(
        own,
        "gzip",
        with("content-type", "application/x-chart; scale=2"),
    )
    .await;
    assert_eq!(answer.coding(), Some("gzip"));
}

#[tokio::test]
async fn what_has_to_stay_as_it_is_stays() {
    for (name, value) in [
        ("content-encoding", "x-own"),
        ("content-range", "bytes 0-4095/9999"),
        ("cache-control", "public, no-transform"),
        ("content-digest", "sha-256=:AA==:"),
    ] {
        for accept in ["gzip", "gzip, identity;q=0"] {
            let app = App::new().routes([get("/", move || async move { with(name, value)() })]);
            let app = app.wrap(Compress::new()).start().await.unwrap();
            let mut request = Request::default();
            request
                .headers_mut()
                .insert(ACCEPT_ENCODING, accept.parse().unwrap());
            let answer = app.handle(request).await;
            assert_eq!(answer.body().len(), Some(4096), "{name}");
            assert!(!answer.headers().contains_key("vary"), "{name}");
        }
    }
    let never = || {
        let mut response = text(4096).into_response();
        response.extensions_mut().insert(NeverCompress);
        response
    };
    assert_eq!(ask(Compress::new(), "gzip", never).await.coding(), None);
    let part = || (StatusCode::PARTIAL_CONTENT, text(4096)).into_response();
    assert_eq!(ask(Compress::new(), "gzip", part).await.coding(), None);
    let nothing = || StatusCode::NO_CONTENT.into_response();
    assert_eq!(
        ask(Compress::new(), "gzip", nothing).await.field("vary"),
        None
    );
}

#[tokio::test]
async fn fields_that_were_true_of_the_plain_form_are_changed() {
    let tagged = || {
        let mut response = text(4096).into_response();
        let headers = response.headers_mut();
        headers.insert(ETAG, HeaderValue::from_static("\"v7\""));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("4096"));
        headers.insert("vary", HeaderValue::from_static("cookie, Accept-Encoding"));
        response
    };
    let answer = ask(Compress::new(), "gzip", tagged).await;
    assert_eq!(answer.field("etag"), Some("W/\"v7\""));
    assert_eq!(answer.field("accept-ranges"), None);
    assert_ne!(answer.field("content-length"), Some("4096"));
    assert_eq!(answer.headers.get_all("vary").iter().count(), 1);

    let answer = ask(Compress::new(), "", tagged).await;
    assert_eq!(answer.field("etag"), Some("\"v7\""));
    assert_eq!(answer.field("accept-ranges"), Some("bytes"));

    let weak = ask(Compress::new(), "gzip", with("etag", "W/\"v7\"")).await;
    assert_eq!(weak.field("etag"), Some("W/\"v7\""));

    let unchanged = || (StatusCode::NOT_MODIFIED, [("etag", "\"v7\"")], "").into_response();
    let answer = ask(Compress::new(), "gzip", unchanged).await;
    assert_eq!(answer.field("etag"), Some("W/\"v7\""));
    assert_eq!(
        (answer.field("vary"), answer.coding()),
        (Some("accept-encoding"), None)
    );
}

#[tokio::test]
async fn a_client_that_refuses_the_plain_form_does_not_get_it() {
    for accept in ["gzip, identity;q=0", "gzip, *;q=0"] {
        let short = ask(Compress::new(), accept, plain(16)).await;
        assert_eq!(
            (short.coding(), &short.plain[..]),
            (Some("gzip"), text(16).as_bytes())
        );
        let dense = ask(Compress::new(), accept, with("content-type", "image/png")).await;
        assert_eq!(dense.coding(), Some("gzip"));
    }
    let refused = ask(Compress::new(), "identity;q=0", plain(4096)).await;
    assert_eq!(refused.status, StatusCode::NOT_ACCEPTABLE);
    let detail = String::from_utf8_lossy(&refused.plain).into_owned();
    assert!(
        detail.contains("identity, ") && detail.contains("gzip, deflate"),
        "{detail}"
    );
    // An error is worth more than the form that it has.
    let missing = || (StatusCode::NOT_FOUND, text(4096)).into_response();
    assert_eq!(
        ask(Compress::new(), "identity;q=0", missing).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_event_can_be_read_as_soon_as_it_was_sent() {
    for coding in Coding::available() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding.name()));
        let (mut sender, body) = Body::channel(1);
        let stream = Response::new(body);
        let mut stream = ([("content-type", "text/event-stream")], stream).into_response();
        stream = Compress::new().apply(&headers, stream).await;
        assert_eq!(stream.headers()[CONTENT_ENCODING], coding.name());
        let (head, mut body) = stream.into_parts();
        decode(&mut body, &head.headers, Limits::new()).unwrap();
        for event in ["data: one\n\n", "data: two\n\n"] {
            sender.send(event).await.unwrap();
            let piece = body.chunk().await.unwrap();
            assert_eq!(piece.unwrap(), event, "{coding:?}");
        }
    }
}
