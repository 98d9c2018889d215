//! Requests and responses as bytes.

use http::Method;

use super::*;

#[tokio::test]
async fn a_request_is_written_in_origin_form() {
    let (client, mut server) = pair_with(|builder| builder.decode(false));
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
        "POST /a/b?c=d HTTP/1.1\r\nx-a: 1\r\nx-a: 2\r\naccept: */*\r\nuser-agent: wharf/{version}\r\nhost: quay.test\r\ncontent-length: 5\r\n\r\n"
    );
    assert_eq!(head, (expected, "hello".to_owned()));
}

#[tokio::test]
async fn an_empty_body_has_a_length_where_the_method_expects_one() {
    for (method, told) in [
        ("POST", true),
        ("PUT", true),
        ("PATCH", true),
        ("GET", false),
        ("DELETE", false),
    ] {
        let (client, mut server) = pair();
        let request = client.request(method.parse().unwrap(), "/");
        let (_, head) = tokio::join!(request.send(), async {
            server.accept().await.answer(OK).await
        });
        assert_eq!(head.contains("content-length: 0\r\n"), told, "{head}");
    }
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

#[tokio::test]
async fn a_body_of_unknown_length_is_sent_with_every_method() {
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::POST] {
        let (client, mut server) = pair();
        let (mut sender, body) = Body::channel(1);
        let request = client.request(method.clone(), "/").body(body);
        let (response, ()) = tokio::join!(request.send(), async {
            sender.send("cargo").await.unwrap();
            drop(sender);
            let mut peer = server.accept().await;
            let head = peer.head().await;
            assert_eq!(field(&head, "transfer-encoding"), Some("chunked"));
            assert_eq!(peer.read(15).await, "5\r\ncargo\r\n0\r\n\r\n");
            peer.write("HTTP/1.1 204 No Content\r\n\r\n").await;
        });
        assert_eq!(response.unwrap().status(), 204, "{method}");
    }
}

#[tokio::test]
async fn two_hosts_are_none() {
    let (client, mut server) = pair();
    let request = client
        .get("/")
        .header("host", "a.test")
        .header("host", "b.test");
    let error = request.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(
        error
            .to_string()
            .ends_with("it has more than one `host` field"),
        "{error}"
    );
    drop(server.accept().await);
}
