use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::*;
use crate::connect::Stream;
use crate::{Client, ClientBuilder, Connector, PoolConfig, Response};

/// Hands the far end of each connection to the test.
struct Pipes(mpsc::UnboundedSender<DuplexStream>);

impl Connector for Pipes {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        let (near, far) = duplex(64 * 1024);
        self.0.send(far)?;
        Ok(Stream::new(near))
    }
}

/// The far ends of all connections of a client.
struct Server(mpsc::UnboundedReceiver<DuplexStream>);

impl Server {
    async fn accept(&mut self) -> Peer {
        Peer(self.0.recv().await.unwrap())
    }

    /// Tells whether no connection was opened that the test did not accept.
    fn is_quiet(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

/// The far end of one connection.
struct Peer(DuplexStream);

impl Peer {
    /// Reads a request head, byte by byte so that nothing of the body is taken.
    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    async fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn answer(&mut self, text: &str) -> String {
        let head = self.head().await;
        self.write(text).await;
        head
    }

    /// Waits until the client has closed its end.
    async fn closed(&mut self) -> bool {
        self.0.read_u8().await.is_err()
    }
}

fn pair_with(change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Client, Server) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let builder = Client::builder()
        .base("http://quay.test/")
        .connector(Pipes(sender));
    (change(builder).build().unwrap(), Server(receiver))
}

fn pair() -> (Client, Server) {
    pair_with(|builder| builder)
}

/// Sends a `GET /` that a new connection answers with `bytes` and then stays open.
async fn get(client: &Client, server: &mut Server, bytes: &str) -> (Result<Response, Error>, Peer) {
    tokio::join!(client.get("/").send(), async {
        let mut peer = server.accept().await;
        peer.answer(bytes).await;
        peer
    })
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

#[tokio::test]
async fn a_request_is_written_in_origin_form() {
    let (client, mut server) = pair();
    let request = client
        .post("a/b?c=d#e")
        .header("x-a", "1")
        .header("x-a", "2")
        .body("hello");
    let (response, head) = tokio::join!(request.send(), async {
        let mut peer = server.accept().await;
        let head = peer.answer(OK).await;
        (head, peer.read(5).await)
    });
    assert_eq!(response.unwrap().status(), 200);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "POST /a/b?c=d HTTP/1.1\r\nx-a: 1\r\nx-a: 2\r\nhost: quay.test\r\naccept: */*\r\nuser-agent: wharf/{version}\r\ncontent-length: 5\r\n\r\n"
    );
    assert_eq!(head, (expected, "hello".to_owned()));
}

#[tokio::test]
async fn the_port_is_in_the_host_field_unless_it_is_the_default() {
    for (url, host) in [
        ("http://quay.test:80", "host: quay.test\r\n"),
        ("http://quay.test:81", "host: quay.test:81\r\n"),
        ("http://[::1]:82", "host: [::1]:82\r\n"),
    ] {
        let (client, mut server) = pair();
        let (_, head) = tokio::join!(client.get(url).send(), async {
            server.accept().await.answer(OK).await
        });
        assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(host), "{head}");
    }
}

#[tokio::test]
async fn fields_that_are_set_replace_the_automatic_ones() {
    let (client, mut server) = pair();
    let request = client
        .get("/")
        .header("host", "other.test")
        .header("user-agent", "me");
    let (_, head) = tokio::join!(request.send(), async {
        server.accept().await.answer(OK).await
    });
    assert!(
        head.contains("host: other.test\r\nuser-agent: me\r\n"),
        "{head}"
    );
    assert_eq!(head.matches("host:").count(), 1);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_sent_in_chunks() {
    let (client, mut server) = pair();
    let (mut sender, body) = Body::channel(1);
    let (response, sent, ()) = tokio::join!(
        client.put("/").body(body).send(),
        async {
            let mut peer = server.accept().await;
            let head = peer.head().await;
            assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
            let body = peer.read("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".len()).await;
            peer.write(OK).await;
            body
        },
        async move {
            sender.send("abc").await.unwrap();
            sender.send("de").await.unwrap();
        }
    );
    assert_eq!(response.unwrap().text().await.unwrap(), "hi");
    assert_eq!(sent, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
}

#[tokio::test]
async fn bodies_are_read_however_they_are_framed() {
    for (bytes, text) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nx: y\r\n\r\n",
            "hello",
        ),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", ""),
        (
            "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            "hi",
        ),
    ] {
        let (client, mut server) = pair();
        let (response, peer) = get(&client, &mut server, bytes).await;
        drop(peer);
        let mut response = response.unwrap();
        assert_eq!(response.text().await.unwrap(), text);
        assert_eq!(
            response.bytes().await.unwrap(),
            text,
            "kept for a second reader"
        );
    }
}

#[tokio::test]
async fn a_body_can_be_read_piece_by_piece() {
    let (client, mut server) = pair();
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n";
    let (response, mut peer) = get(&client, &mut server, head).await;
    let mut response = response.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "he");
    peer.write("3\r\nllo\r\n0\r\n\r\n").await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "llo");
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn the_answer_to_head_has_no_body() {
    let (client, mut server) = pair();
    let (response, mut peer) = tokio::join!(client.head("/").send(), async {
        let mut peer = server.accept().await;
        peer.answer("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n")
            .await;
        peer
    });
    let mut response = response.unwrap();
    assert_eq!(response.headers()["content-length"], "999");
    assert_eq!(response.bytes().await.unwrap(), "");
    // The connection is free for the next request.
    let (second, _) = tokio::join!(client.get("/").send(), peer.answer(OK));
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_connection_is_used_again_after_the_last_byte() {
    for bytes in [
        OK,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nhi",
    ] {
        let (client, mut server) = pair();
        let (first, mut peer) = get(&client, &mut server, bytes).await;
        assert_eq!(first.unwrap().text().await.unwrap(), "hi");
        let (second, _) = tokio::join!(client.get("/").send(), peer.answer(bytes));
        assert_eq!(second.unwrap().text().await.unwrap(), "hi");
        assert!(server.is_quiet());
    }
}

#[tokio::test]
async fn a_connection_is_not_shared_between_hosts() {
    let (client, mut server) = pair();
    let (first, _peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, _) = tokio::join!(client.get("http://other.test/").send(), async {
        server.accept().await.answer(OK).await
    });
    assert!(second.is_ok());
}

#[tokio::test]
async fn a_body_that_nobody_reads_closes_the_connection() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe";
    let (response, mut peer) = get(&client, &mut server, bytes).await;
    drop(response);
    assert!(peer.closed().await);
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_not_used_again() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
    let (first, mut peer) = get(&client, &mut server, bytes).await;
    assert_eq!(first.unwrap().text().await.unwrap(), "hi");
    assert!(peer.closed().await);
    let (second, _peer) = get(&client, &mut server, OK).await;
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_idle_for_too_long_is_not_used_again() {
    let (client, mut server) =
        pair_with(|builder| builder.pool(PoolConfig::new().idle(Duration::from_secs(5))));
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    sleep(Duration::from_secs(4)).await;
    let (second, _) = tokio::join!(client.get("/").send(), peer.answer(OK));
    second.unwrap().text().await.unwrap();
    assert!(server.is_quiet());
    sleep(Duration::from_secs(5)).await;
    let (third, _fresh) = get(&client, &mut server, OK).await;
    assert!(third.is_ok());
    assert!(peer.closed().await);
}

#[tokio::test]
async fn an_idempotent_request_is_repeated_when_a_kept_connection_ends() {
    let (client, mut server) = pair();
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, repeated) = tokio::join!(client.put("/").body("new").send(), async {
        peer.head().await;
        drop(peer); // after the request came, before a byte of the response
        let mut peer = server.accept().await;
        let head = peer.answer(OK).await;
        (head, peer.read(3).await)
    });
    assert_eq!(second.unwrap().text().await.unwrap(), "hi");
    assert!(repeated.0.starts_with("PUT / HTTP/1.1\r\n"));
    assert_eq!(repeated.1, "new");
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_request_that_may_have_had_an_effect_is_not_repeated() {
    let (client, mut server) = pair();
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, ()) = tokio::join!(client.post("/").send(), async {
        peer.head().await;
        drop(peer);
    });
    let error = second.unwrap_err();
    assert!(error.is_reused_connection_closed());
    assert_eq!(
        error.to_string(),
        "the connection ended before the response (quay.test:80)"
    );
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_request_on_a_new_connection_is_not_repeated() {
    let (client, mut server) = pair();
    let (response, ()) = tokio::join!(client.get("/").send(), async {
        server.accept().await.head().await;
    });
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    assert!(!error.is_reused_connection_closed());
    assert!(server.is_quiet());
}

#[tokio::test]
async fn a_half_finished_head_is_not_followed_by_a_repetition() {
    let (client, mut server) = pair();
    let (first, mut peer) = get(&client, &mut server, OK).await;
    first.unwrap().text().await.unwrap();
    let (second, ()) = tokio::join!(client.get("/").send(), async {
        peer.answer("HTTP/1.1 200 OK\r\ncont").await;
        drop(peer);
    });
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(server.is_quiet());
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    let (client, mut server) = pair();
    let (response, _peer) = get(&client, &mut server, "SSH-2.0-OpenSSH\r\n\r\n").await;
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(format!("{error:#}").starts_with("the response is malformed (quay.test:80): "));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    for (bytes, cause) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe",
            "the connection ended before the body did",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe",
            "the connection ended before the body did",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxx\r\nhe",
            "the body is malformed",
        ),
    ] {
        let (client, mut server) = pair();
        let (response, peer) = get(&client, &mut server, bytes).await;
        drop(peer);
        let error = response.unwrap().bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResponseBody);
        let chain = format!("{error:#}");
        let expected = format!("could not read the response body (quay.test:80): {cause}: ");
        assert!(chain.starts_with(&expected), "{chain}");
    }
}

#[tokio::test]
async fn a_body_larger_than_the_limit_is_an_error_and_can_still_be_streamed() {
    let (client, mut server) = pair_with(|builder| builder.body_limit(4));
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let (response, _peer) = get(&client, &mut server, bytes).await;
    let mut response = response.unwrap();
    let error = response.text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { limit: 4 });
    assert_eq!(response.chunk().await.unwrap().unwrap(), "hello");
}

#[tokio::test]
async fn a_request_body_that_fails_is_named() {
    let (client, mut server) = pair();
    let (sender, body) = Body::channel(1);
    let (response, _peer, ()) = tokio::join!(
        client.put("/").body(body).send(),
        server.accept(),
        async move { sender.abort("the file is gone").await.unwrap() }
    );
    let error = response.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RequestBody);
    assert!(
        format!("{error:#}").ends_with(": the file is gone"),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_status_of_400_or_above_is_an_error_that_keeps_the_start_of_the_body() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 8\r\n\r\nno name!";
    let (response, _peer) = get(&client, &mut server, bytes).await;
    let error = response.unwrap().ok().unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNPROCESSABLE_ENTITY));
    assert_eq!(error.body_excerpt().unwrap(), "no name!");
    let text = format!("{error:#}");
    assert_eq!(
        text,
        "the response has status 422 Unprocessable Entity (quay.test:80)"
    );
}

#[tokio::test]
async fn the_body_of_an_error_can_be_read_in_full_all_the_same() {
    for framing in ["content-length: 3000", "connection: close"] {
        let (client, mut server) = pair();
        let body = "x".repeat(3000);
        let bytes = format!("HTTP/1.1 500 Internal Server Error\r\n{framing}\r\n\r\n{body}");
        let (response, peer) = get(&client, &mut server, &bytes).await;
        drop(peer);
        let mut response = response.unwrap();
        assert_eq!(response.text().await.unwrap(), body);
        let error = response.ok().unwrap_err();
        assert_eq!(error.body_excerpt().unwrap().len(), 1024);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_body_is_slow_is_not_held_back_for_long() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let bytes = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 8\r\n\r\nback";
    let (response, mut peer) = get(&client, &mut server, bytes).await;
    assert_eq!(start.elapsed().as_secs(), 1);
    peer.write(" at").await;
    let mut response = response.unwrap();
    peer.write(" 9").await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "back");
    drop(peer);
    let error = response.ok().unwrap_err();
    assert_eq!(error.body_excerpt().unwrap(), "back");
}

#[tokio::test]
async fn a_connection_that_is_refused_names_host_port_and_cause() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/secret?token=secret");
    let error = Client::new().get(url).send().await.unwrap_err();
    assert!(error.is_connect());
    assert_eq!(
        error.to_string(),
        format!("could not connect (127.0.0.1:{port})")
    );
    let chain = format!("{error:#}");
    assert!(chain.contains("): Connection refused"), "{chain}");
    assert!(!format!("{chain} {error:?}").contains("secret"));
}

/// A connector that never gets anywhere.
struct BlackHole;

impl Connector for BlackHole {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn connecting_is_limited_to_ten_seconds() {
    let client = Client::builder().connector(BlackHole).build().unwrap();
    let start = Instant::now();
    let error = client.get("http://quay.test/").send().await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(error.is_connect() && error.is_timeout());
    assert_eq!(
        error.to_string(),
        "timed out after 10s while connecting (quay.test:80)"
    );
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_response_head_is_limited_to_thirty_seconds() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, mut peer) = get(&client, &mut server, "HTTP/1.1 200").await;
    assert_eq!(start.elapsed().as_secs(), 30);
    let error = response.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::ResponseHead));
    let text = "timed out after 30s while waiting for the response head (quay.test:80)";
    assert_eq!(error.to_string(), text);
    assert!(peer.closed().await);
}

#[tokio::test(start_paused = true)]
async fn the_head_is_not_due_while_the_request_is_still_being_made() {
    let (client, mut server) = pair();
    let (mut sender, body) = Body::channel(1);
    let start = Instant::now();
    let (response, _peer, ()) = tokio::join!(
        client.put("/").body(body).send(),
        server.accept(),
        async move {
            for _ in 0..4 {
                sleep(Duration::from_secs(25)).await;
                sender.send("piece").await.unwrap();
            }
            sleep(Duration::from_secs(100)).await;
        }
    );
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 230);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_byte_of_the_request_runs_into_the_limit() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, _peer) = tokio::join!(
        client.put("/").body(vec![0; 1 << 20]).send(),
        server.accept()
    );
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_slow_upload_that_goes_on_is_not_cut() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let (response, ()) = tokio::join!(client.put("/").body(vec![b'x'; 640 * 1024]).send(), async {
        let mut peer = server.accept().await;
        peer.head().await;
        for _ in 0..10 {
            sleep(Duration::from_secs(20)).await;
            peer.read(64 * 1024).await;
        }
        peer.write(OK).await;
    });
    assert_eq!(response.unwrap().text().await.unwrap(), "hi");
    assert_eq!(start.elapsed().as_secs(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_pause_in_the_response_body_is_limited_to_thirty_seconds() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc";
    let (response, mut peer) = get(&client, &mut server, bytes).await;
    let mut response = response.unwrap();
    let start = Instant::now();
    let (error, ()) = tokio::join!(response.bytes(), async {
        sleep(Duration::from_secs(29)).await;
        peer.write("def").await;
    });
    let error = error.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 59);
    let text = "timed out after 30s while reading the response body (quay.test:80)";
    assert_eq!(format!("{error:#}"), text);
    assert!(peer.closed().await);
}

#[tokio::test(start_paused = true)]
async fn a_long_download_that_goes_on_is_not_cut() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
    let (response, mut peer) = get(&client, &mut server, bytes).await;
    let mut response = response.unwrap();
    let (body, ()) = tokio::join!(response.bytes(), async {
        for _ in 0..100 {
            sleep(Duration::from_secs(20)).await;
            peer.write("x").await;
        }
    });
    assert_eq!(body.unwrap().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn the_limits_of_a_request_replace_those_of_the_client() {
    let (client, mut server) = pair();
    let start = Instant::now();
    let limits = Timeouts::new().response_head(Duration::from_secs(3));
    let (response, _peer) = tokio::join!(client.get("/").timeouts(limits).send(), server.accept());
    assert_eq!(response.unwrap_err().phase(), Some(Phase::ResponseHead));
    assert_eq!(start.elapsed().as_secs(), 3);

    let limits = Timeouts::new().response_head(None);
    let request = client.get("/").timeouts(limits);
    let (response, ()) = tokio::join!(request.send(), async {
        let mut peer = server.accept().await;
        sleep(Duration::from_secs(3600)).await;
        peer.answer(OK).await;
    });
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test]
async fn a_tcp_connection_that_ended_while_idle_is_noticed_before_it_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder()
        .base(format!("http://{}/", listener.local_addr().unwrap()))
        .build()
        .unwrap();
    let serve = async |count: usize| {
        let (mut socket, _) = listener.accept().await.unwrap();
        for _ in 0..count {
            let mut buffer = [0; 1024];
            let read = socket.read(&mut buffer).await.unwrap();
            assert!(buffer[..read].ends_with(b"\r\n\r\n"));
            socket.write_all(OK.as_bytes()).await.unwrap();
        }
        socket
    };
    let fetch = async || client.post("/").send().await.unwrap().text().await.unwrap();
    let (_, socket) = tokio::join!(
        async {
            assert_eq!(fetch().await, "hi");
            assert_eq!(fetch().await, "hi"); // by the same connection
        },
        serve(2)
    );
    // Closed without the client's runtime getting a chance to look: a POST must not be lost to it.
    socket
        .into_std()
        .unwrap()
        .shutdown(std::net::Shutdown::Both)
        .unwrap();
    let (text, _) = tokio::join!(fetch(), serve(1));
    assert_eq!(text, "hi");
}

#[cfg(feature = "json")]
#[tokio::test]
async fn json_is_sent_and_read() {
    let (client, mut server) = pair();
    let request = client.post("/").json(&[1, 2]);
    let (response, sent) = tokio::join!(request.send(), async {
        let mut peer = server.accept().await;
        let head = peer.head().await;
        assert!(
            head.contains("content-type: application/json\r\n"),
            "{head}"
        );
        let body = peer.read(5).await;
        peer.write("HTTP/1.1 200 OK\r\ncontent-type: application/problem+json\r\ncontent-length: 5\r\n\r\n[3,4]").await;
        body
    });
    assert_eq!(sent, "[1,2]");
    assert_eq!(response.unwrap().json::<Vec<u8>>().await.unwrap(), [3, 4]);
}

#[cfg(feature = "json")]
#[tokio::test]
async fn json_that_is_none_or_of_another_shape_is_an_error() {
    for (head, body, cause) in [
        (
            "content-type: text/html\r\n",
            "[1]",
            "expected JSON, got `text/html`",
        ),
        (
            "",
            "[1",
            "not valid JSON: EOF while parsing a list at line 1 column 2",
        ),
        (
            "",
            "[\"a\"]",
            "unexpected JSON at `[0]`: invalid type: string \"a\", expected u8 at line 1 column 4",
        ),
    ] {
        let (client, mut server) = pair();
        let length = body.len();
        let bytes = format!("HTTP/1.1 200 OK\r\n{head}content-length: {length}\r\n\r\n{body}");
        let (response, _peer) = get(&client, &mut server, &bytes).await;
        let error = response.unwrap().json::<Vec<u8>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(
            format!("{error:#}"),
            format!("could not decode the response body (quay.test:80): {cause}")
        );
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_an_error() {
    let (client, mut server) = pair();
    let bytes = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=\"ISO-8859-1\"\r\ncontent-length: 2\r\n\r\nhi";
    let (response, _peer) = get(&client, &mut server, bytes).await;
    let mut response = response.unwrap();
    assert_eq!(
        format!("{:#}", response.text().await.unwrap_err()),
        "could not decode the response body (quay.test:80): the charset `ISO-8859-1` is not supported"
    );
    assert_eq!(response.bytes().await.unwrap(), "hi");
}
