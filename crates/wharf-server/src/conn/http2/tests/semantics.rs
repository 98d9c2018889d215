//! What a service sees of a request, and a client of an answer.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll, ready};

use http::{HeaderMap, Method, StatusCode};
use http_body_util::StreamBody;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::*;
use crate::conn::serve_connection;

/// Answers with all that a service sees of the head.
async fn describe(request: Request, context: Context) -> Response {
    let mut text = format!(
        "{} {} #{}",
        request.method(),
        request.uri(),
        context.sequence()
    );
    for (name, value) in request.headers() {
        text += &format!(" {name}={}", value.to_str().unwrap());
    }
    Response::new(Body::from(text))
}

#[tokio::test]
async fn a_service_sees_what_it_sees_with_http1() {
    let mut client = Raw::open(config(describe)).await;
    client.send(get(1, "/a?b")).await;
    assert_eq!(client.answer(1).await.unwrap(), "GET /a?b #0 host=quay");
    let cookies = fields(&[
        (":method", "OPTIONS"),
        (":scheme", "https"),
        (":path", "*"),
        ("host", "pier:80"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
    ]);
    let block = frame(HEADERS, END_STREAM | END_HEADERS, 3, cookies);
    client.send(block).await;
    assert_eq!(
        client.answer(3).await.unwrap(),
        "OPTIONS * #1 host=pier:80 cookie=a=1; b=2"
    );
    assert_eq!(client.end().await, ConnectionEnd::Finished);
}

#[tokio::test]
async fn requests_that_break_a_rule_are_refused_alone() {
    let mut client = Client::open(config(echo)).await;
    let request = |uri: &str| http::Request::get(uri);
    for (section, request, status, says) in [
        (
            "9113 §8.3.1",
            request("http://quay/").header("host", "pier"),
            400,
            "differs from :authority",
        ),
        ("9110 §4.2.4", request("http://me@quay/"), 400, "not a host"),
        (
            "9110 §5.3",
            request("http://quay/")
                .header("range", "a")
                .header("range", "b"),
            400,
            "more than one range",
        ),
        (
            "9110 §10.1.1",
            request("http://quay/").header("expect", "miracles"),
            417,
            "expectation",
        ),
        (
            "9110 §9.3.6",
            request("quay:443").method(Method::CONNECT),
            501,
            "tunnel",
        ),
    ] {
        let response = client.send(request.body("").unwrap()).await;
        assert_eq!(response.status(), status, "{section}");
        assert!(response.body().contains(says), "{section}: {response:?}");
    }
    assert_eq!(client.get("/").await.body(), "GET / ");
}

#[tokio::test]
async fn an_oversized_head_is_431_and_too_many_fields_are() {
    let limits = crate::Limits::new()
        .request_head_size(2_000)
        .header_count(20);
    let mut client = Client::open(config(echo).limits(limits)).await;
    let long = "a".repeat(2_100);
    let request = http::Request::get("http://quay/").header("long", long);
    let response = client.send(request.body("").unwrap()).await;
    assert_eq!(
        response.status(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    );
    let mut request = http::Request::get("http://quay/");
    for number in 0..21 {
        request = request.header(format!("n{number}"), "");
    }
    let response = client.send(request.body("").unwrap()).await;
    assert_eq!(
        response.status(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    );
    assert!(response.body().contains("more than 20 header fields"));
    assert_eq!(client.get("/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn fields_of_the_connection_are_never_sent() {
    let config = config(|_, _| async {
        let mut response = Response::new(Body::from("here"));
        for (name, value) in [
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "1"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "parrot"),
            ("proxy-connection", "close"),
        ] {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    });
    let server = http::HeaderValue::from_static("wharf");
    let mut client = Client::open(config.server_header(server)).await;
    let mut response = client.get("/").await;
    response.headers_mut().remove("date").unwrap();
    assert_eq!(
        format!("{:?}", response.headers()),
        r#"{"server": "wharf", "content-length": "4"}"#
    );
}

#[tokio::test]
async fn answers_that_have_no_content_have_none() {
    let config = config(|request: Request, _| async move {
        let mut response = Response::new(Body::from("content"));
        *response.status_mut() = request.uri().path()[1..].parse().unwrap();
        response
    });
    let mut client = Client::open(config).await;
    for (method, status, length) in [
        (Method::GET, "200", Some("7")),
        (Method::HEAD, "200", Some("7")),
        (Method::GET, "204", None),
        (Method::GET, "304", None),
    ] {
        let request = http::Request::builder()
            .method(&method)
            .uri(format!("http://quay/{status}"));
        let response = client.send(request.body("").unwrap()).await;
        let header = response.headers().get("content-length");
        assert_eq!(header.map(|length| length.to_str().unwrap()), length);
        let content = method == Method::GET && status == "200";
        assert_eq!(response.body(), if content { "content" } else { "" });
    }
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let (io, server) = duplex(1 << 16);
    let config = config(|request: Request, _| async { Response::new(request.into_body()) });
    tokio::spawn(serve_connection(server, Connection::memory(), config));
    let (mut sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(io))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut trailers = HeaderMap::new();
    trailers.insert("checksum", "7".parse().unwrap());
    let frames = crate::conn::tests::Pieces(vec![
        hyper::body::Frame::data(Bytes::from("some")),
        hyper::body::Frame::trailers(trailers.clone()),
    ]);
    let request = http::Request::post("http://quay/");
    let request = request.body(StreamBody::new(frames)).unwrap();
    let body = sender.send_request(request).await.unwrap().into_body();
    let all = body.collect().await.unwrap();
    assert_eq!(all.trailers(), Some(&trailers));
    assert_eq!(all.to_bytes(), "some");
}

#[tokio::test]
async fn an_early_answer_is_whole_and_then_the_rest_of_the_request_is_declined() {
    let mut client = Raw::open(config(|_, _| async {
        let mut response = Response::new(Body::from("too large"));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        response
    }))
    .await;
    client.send(post(1, "/")).await;
    client.send(frame(DATA, 0, 1, vec![0; 10_000])).await;
    assert_eq!(client.answer(1).await.unwrap(), "too large");
    let reset = client.frame().await.unwrap();
    // RFC 9113 §8.1
    assert_eq!((reset.kind, code(&reset)), (RST_STREAM, NO_ERROR));
    client.send(frame(DATA, 0, 1, vec![0; 10_000])).await;
    client.send(get(3, "/")).await;
    assert_eq!(client.answer(3).await.unwrap(), "too large");
}

/// Keeps apart what was written in one call each.
struct Noted {
    io: DuplexStream,
    written: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.written.lock().unwrap().push(bytes[..taken].to_vec());
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn an_early_answer_shares_no_record_with_what_declines_the_rest() {
    let config = config(|_, _| async { Response::new(Body::from("too early")) });
    let (io, server) = duplex(1 << 20);
    let written = Arc::new(Mutex::new(Vec::new()));
    let noted = Noted {
        io: server,
        written: Arc::clone(&written),
    };
    let serving = serve_connection_as(noted, Connection::memory(), config, Protocol::Http2);
    let serving = tokio::spawn(serving);
    let mut client = Raw { io, serving };
    client.send(PREFACE).await;
    client.send(frame(SETTINGS, 0, 0, [])).await;
    // Both are answered before anything is sent.
    client.send([post(1, "/"), post(3, "/")].concat()).await;
    let mut came = Vec::new();
    for _ in 0..6 {
        came.push(client.frame().await.unwrap().kind);
    }
    came.sort_unstable();
    assert_eq!(came, [DATA, DATA, HEADERS, HEADERS, RST_STREAM, RST_STREAM]);
    for bytes in written.lock().unwrap().iter() {
        let kinds = kinds(bytes);
        let in_front = kinds.is_sorted_by(|first, second| *second != RST_STREAM || first == second);
        assert!(in_front, "{kinds:?}");
    }
}

/// Returns the kinds of the frames in what was written in one call.
fn kinds(mut bytes: &[u8]) -> Vec<u8> {
    let mut kinds = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<9>() {
        kinds.push(head[3]);
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        bytes = &rest[length as usize..];
    }
    kinds
}

#[tokio::test]
async fn prior_knowledge_is_told_by_the_preface_however_it_is_cut() {
    let bytes = [&PREFACE[..], &frame(SETTINGS, 0, 0, []), &get(1, "/a")].concat();
    for cut in 0..bytes.len() {
        let signals = Signals::default();
        let mut client = pipe(config(echo), &signals, 1 << 16, Protocol::Detect);
        client.send(&bytes[..cut]).await;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        client.send(&bytes[cut..]).await;
        assert_eq!(client.answer(1).await.unwrap(), "GET /a ");
        assert_eq!(client.end().await, ConnectionEnd::Finished);
    }
}

#[cfg(feature = "http1")]
#[tokio::test]
async fn the_preface_is_505_where_http2_is_switched_off_or_comes_too_late() {
    let off = Http2Config::new().prior_knowledge(false);
    let get = "GET / HTTP/1.1\r\nHost: quay\r\n\r\n";
    for (before, config) in [("", config(echo).http2(off)), (get, config(echo))] {
        let mut client = pipe(config, &Signals::default(), 1 << 16, Protocol::Detect);
        client.send(before).await;
        client.send(PREFACE).await;
        client.io.shutdown().await.unwrap();
        let mut answer = String::new();
        client.io.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("HTTP/1.1 505"), "{answer}");
    }
}

#[tokio::test]
async fn another_protocol_can_be_spoken_on_a_stream() {
    let config = config(|mut request: Request, _| async move {
        let protocol = request.extensions().get::<hyper::ext::Protocol>();
        assert_eq!(protocol.unwrap().as_str(), "websocket");
        assert_eq!(request.uri(), "/chat");
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut io = TokioIo::new(upgrade.await.unwrap());
            let mut bytes = [0; 5];
            io.read_exact(&mut bytes).await.unwrap();
            io.write_all(&bytes).await.unwrap();
            io.shutdown().await.unwrap();
        });
        Response::new(Body::empty())
    });
    let on = Http2Config::new().extended_connect(true);
    let mut client = Client::open(config.http2(on)).await;
    // The settings of the server have to arrive first.
    tokio::task::yield_now().await;
    let request = http::Request::connect("http://quay/chat");
    let protocol = hyper::ext::Protocol::from_static("websocket");
    let request = request.extension(protocol).body(Full::default()).unwrap();
    let mut response = client.sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut io = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    io.write_all(b"hello").await.unwrap();
    let mut echoed = String::new();
    io.read_to_string(&mut echoed).await.unwrap();
    assert_eq!(echoed, "hello");
}

#[tokio::test]
async fn another_protocol_is_refused_where_that_is_switched_off() {
    let off = Http2Config::new().extended_connect(false);
    let mut client = Raw::open(config(echo).http2(off)).await;
    let block = fields(&[
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":authority", "quay"),
        (":path", "/"),
    ]);
    client.send(frame(HEADERS, END_HEADERS, 1, block)).await;
    assert_eq!(client.answer(1).await, Err(PROTOCOL_ERROR));
    client.send(get(3, "/")).await;
    assert_eq!(client.answer(3).await.unwrap(), "GET / ");
}
