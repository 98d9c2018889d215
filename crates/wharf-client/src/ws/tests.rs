use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderName, Method, StatusCode, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;
use wharf_http::ws::handshake::Offer;
use wharf_http::{BoxError, BoxFuture};

use super::*;
use crate::connect::{Stream, Target};
use crate::{Client, Connector, ErrorKind};

/// A server in memory: `serve` gets the number of the connection, from 0, and the stream.
struct Served<F>(Arc<F>, AtomicU32);

impl<F> Connector for Served<F>
where
    F: Fn(u32, DuplexStream) -> BoxFuture<'static, ()> + Send + Sync + 'static,
{
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        let (near, far) = duplex(64 * 1024);
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        tokio::spawn((self.0)(number, far));
        Ok(Stream::new(near))
    }
}

fn client<Fut>(serve: impl Fn(u32, DuplexStream) -> Fut + Send + Sync + 'static) -> Client
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let serve = move |number, stream| -> BoxFuture<'static, ()> { Box::pin(serve(number, stream)) };
    let connector = Served(Arc::new(serve), AtomicU32::new(0));
    Client::builder().connector(connector).build().unwrap()
}

/// Reads the head of a request.
async fn head(stream: &mut DuplexStream) -> (String, HeaderMap) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.unwrap());
    }
    let text = String::from_utf8(bytes).unwrap();
    let (line, fields) = text.split_once("\r\n").unwrap();
    let fields = fields.lines().filter_map(|line| line.split_once(": "));
    let fields = fields.map(|(name, value)| {
        let name: HeaderName = name.parse().unwrap();
        (name, value.parse().unwrap())
    });
    (line.to_owned(), fields.collect())
}

/// Accepts a WebSocket, with the fields of the answer as `change` makes them.
async fn accept(mut stream: DuplexStream, change: impl FnOnce(&mut HeaderMap)) -> WebSocket {
    let (_, fields) = head(&mut stream).await;
    let offer = Offer::upgrade(&Method::GET, Version::HTTP_11, &fields).unwrap();
    let config = WebSocketConfig::new();
    let (_, mut fields, negotiated) = offer.accept(&config, None).into_parts();
    change(&mut fields);
    let mut answer = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
    for (name, value) in &fields {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"\r\n");
    stream.write_all(&answer).await.unwrap();
    WebSocket::server(stream, &config, negotiated)
}

async fn refuse(mut stream: DuplexStream, status: &str) {
    head(&mut stream).await;
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 9\r\n\r\nnot today");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn the_request_is_that_of_the_standard() {
    let client = client(async |_, mut stream: DuplexStream| {
        let (line, fields) = head(&mut stream).await;
        assert_eq!(line, "GET /chat?room=quay HTTP/1.1");
        for (name, value) in [
            ("host", "quay.test"),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "v2, v1"),
            ("origin", "https://quay.test"),
        ] {
            assert_eq!(fields[name], value, "{name}");
        }
        assert!(!fields.contains_key("accept-encoding"));
        stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
            .await
            .unwrap();
    });
    let opening = client
        .ws("ws://quay.test/chat")
        .protocols(["v2", "v1"])
        .query("room", "quay")
        .header("origin", "https://quay.test");
    let error = opening.connect().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::FORBIDDEN));
    assert_eq!(
        format!("{error:#}"),
        "the server refused the WebSocket with status 403 Forbidden (quay.test:80)"
    );
    assert_eq!(error.body_excerpt().unwrap(), "no");
}

#[tokio::test]
async fn an_answer_that_was_not_asked_for_opens_nothing() {
    for (name, value, why) in [
        ("sec-websocket-accept", "AAAA", "does not fit the key"),
        ("sec-websocket-protocol", "other", "subprotocol"),
        ("sec-websocket-extensions", "x-other", "extension"),
        ("upgrade", "h2c", "another protocol"),
    ] {
        let client = client(move |_, stream| async move {
            let change = |fields: &mut HeaderMap| drop(fields.insert(name, value.parse().unwrap()));
            let _socket = accept(stream, change).await;
        });
        let error = client.ws("ws://quay.test/").connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Upgrade, "{name}");
        assert!(error.to_string().contains(why), "{error}");
    }
    let client = client(async |_, stream| refuse(stream, "200 OK").await);
    let error = client.ws("ws://quay.test/").connect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Upgrade, Some(StatusCode::OK))
    );
    assert_eq!(error.body_excerpt().unwrap(), "not today");
}

#[tokio::test]
async fn a_url_may_have_either_scheme_and_a_redirect_is_followed() {
    let client = client(async |number, mut stream: DuplexStream| {
        if number == 0 {
            head(&mut stream).await;
            let answer = b"HTTP/1.1 307 Elsewhere\r\nlocation: /there\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            return;
        }
        accept(stream, |_| ()).await.send("here").await.unwrap();
    });
    let opening = client.ws("http://quay.test/").connect_with_response().await;
    let (mut socket, response) = opening.unwrap();
    assert_eq!(response.url().as_str(), "http://quay.test/there");
    assert_eq!(response.history().len(), 1);
    assert_eq!(socket.recv().await.unwrap(), Some("here".into()));
    let error = client.ws("ftp://quay.test/").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Url);
}

#[tokio::test(start_paused = true)]
async fn a_lost_socket_is_opened_again_and_subscribed_again_after_a_while() {
    let client = client(async |number, stream| match number {
        // Nobody says why, then two refusals that may pass, then a connection that lasts for two messages.
        0 => drop(accept(stream, |_| ()).await),
        1 | 2 => refuse(stream, "503 Later").await,
        _ => {
            let mut socket = accept(stream, |_| ()).await;
            let wish = socket.recv_text().await.unwrap().unwrap();
            socket.send(format!("{wish} {number}")).await.unwrap();
            if number == 4 {
                socket.close(CloseCode::NORMAL, "").await.unwrap();
            }
        }
    });
    let mut prices = Reconnecting::new(move || client.ws("ws://quay.test/"))
        .backoff(Duration::from_secs(1), Duration::from_secs(30))
        .on_open(async |mut socket| {
            socket.send("herring").await?;
            Ok(socket)
        });
    let since = Instant::now();
    assert_eq!(prices.recv().await.unwrap(), Some("herring 3".into()));
    // 1 s, 2 s and 4 s, each between half and all of it.
    let waited = since.elapsed().as_secs_f64();
    assert!((3.5..=7.1).contains(&waited), "{waited}");
    assert_eq!(prices.recv().await.unwrap(), Some("herring 4".into()));
    assert_eq!(prices.recv().await.unwrap(), None);
    assert_eq!(prices.recv().await.unwrap(), None);
    assert!(prices.opens() >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_will_not_pass_is_returned_and_others_when_there_were_too_many() {
    let denied = client(async |_, stream| refuse(stream, "401 Who").await);
    let mut socket = Reconnecting::new(move || denied.ws("ws://quay.test/"));
    assert_eq!(
        socket.recv().await.unwrap_err().status(),
        Some(StatusCode::UNAUTHORIZED)
    );
    let busy = client(async |_, stream| refuse(stream, "503 Later").await);
    let mut socket = Reconnecting::new(move || busy.ws("ws://quay.test/")).max_attempts(4);
    let since = Instant::now();
    assert_eq!(
        socket.send("x").await.unwrap_err().status(),
        Some(StatusCode::SERVICE_UNAVAILABLE)
    );
    assert!(since.elapsed() >= Duration::from_millis(1750));
    socket.close().await;
    assert_eq!(socket.recv().await.unwrap(), None);
}
