//! Bytes that never become a request, by the sections of RFC 9110 and RFC 9112.

use super::*;
use http::StatusCode;

#[tokio::test]
async fn malformed_heads_are_refused_with_the_reason() {
    let line = "does not begin with a method";
    let version = "a version of HTTP";
    let target = "the request target is malformed";
    for (section, head, status, says) in [
        (
            "9112 §2.2 no CRLF after the version",
            "GET / HTTP/1.1\rHost: quay\r\n\r\n",
            400,
            "",
        ),
        (
            "9112 §2.2 space before the first field",
            "GET / HTTP/1.1\r\n Host: quay\r\n\r\n",
            400,
            "folded",
        ),
        (
            "9112 §2.3 no version",
            "GET /\r\nHost: quay\r\n\r\n",
            400,
            version,
        ),
        (
            "9112 §2.3 version in lower case",
            "GET / http/1.1\r\nHost: quay\r\n\r\n",
            400,
            version,
        ),
        (
            "9112 §2.3 version of two digits",
            "GET / HTTP/1.10\r\nHost: quay\r\n\r\n",
            400,
            version,
        ),
        (
            "9110 §15.6.6 HTTP/2.0",
            "GET / HTTP/2.0\r\nHost: quay\r\n\r\n",
            505,
            "1.1 and 1.0",
        ),
        (
            "9110 §15.6.6 HTTP/0.9",
            "GET / HTTP/0.9\r\nHost: quay\r\n\r\n",
            505,
            "1.1 and 1.0",
        ),
        (
            "9113 §3.4 preface",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            505,
            "1.1 and 1.0",
        ),
        (
            "9112 §3 two spaces",
            "GET  / HTTP/1.1\r\nHost: quay\r\n\r\n",
            400,
            target,
        ),
        (
            "9112 §3 leading space",
            " GET / HTTP/1.1\r\nHost: quay\r\n\r\n",
            400,
            line,
        ),
        (
            "9112 §3 tab",
            "GET\t/ HTTP/1.1\r\nHost: quay\r\n\r\n",
            400,
            line,
        ),
        (
            "9112 §3.1 bytes that are no token",
            "G@T / HTTP/1.1\r\nHost: quay\r\n\r\n",
            400,
            line,
        ),
        (
            "9112 §3.2 control byte",
            "GET /\x01 HTTP/1.1\r\nHost: quay\r\n\r\n",
            400,
            target,
        ),
        ("9112 §5 no colon", &with_field("Accept"), 400, "no colon"),
        ("9112 §5 no name", &with_field(": x"), 400, "not a token"),
        (
            "9112 §5.1 space before the colon",
            &with_field("Accept : x"),
            400,
            "white space",
        ),
        (
            "9112 §5.1 space in the name",
            &with_field("Ac cept: x"),
            400,
            "not a token",
        ),
        (
            "9112 §5.2 folded line",
            &with_field("Accept: a\r\n b"),
            400,
            "folded",
        ),
        (
            "9110 §5.5 NUL in a value",
            &with_field("Accept: a\0b"),
            400,
            "field Accept",
        ),
        (
            "9110 §5.5 DEL in a value",
            &with_field("Accept: a\x7fb"),
            400,
            "field Accept",
        ),
        (
            "9110 §5.5 bare CR in a value",
            &with_field("Accept: a\rb"),
            400,
            "field Accept",
        ),
        (
            "8446 §5.1 TLS",
            "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03",
            400,
            "TLS handshake",
        ),
        (
            "9110 §8.6 not a number",
            &with_field("Content-Length: 1x"),
            400,
            "Content-Length",
        ),
        (
            "9110 §8.6 a sign",
            &with_field("Content-Length: +1"),
            400,
            "Content-Length",
        ),
        (
            "9110 §8.6 too large",
            &with_field("Content-Length: 18446744073709551616"),
            400,
            "Content-Length",
        ),
        (
            "9112 §6.3 two that differ",
            &with_field("Content-Length: 1\r\nContent-Length: 2"),
            400,
            "Content-Length",
        ),
        (
            "9112 §6.1 coding in HTTP/1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "HTTP/1.0",
        ),
        (
            "9112 §6.3 not chunked at the end",
            &with_field("Transfer-Encoding: chunked, gzip"),
            400,
            "chunked",
        ),
        (
            "9112 §6.1 chunked twice",
            &with_field("Transfer-Encoding: chunked, chunked"),
            400,
            "twice",
        ),
        (
            "9112 §6.1 chunked on two lines",
            &with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            400,
            "twice",
        ),
        (
            "9112 §6.1 a coding that is unknown",
            &with_field("Transfer-Encoding: gzip, chunked"),
            501,
            "coding",
        ),
    ] {
        check(section, head, status, says).await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_414_or_431() {
    let limits = crate::Limits::new().request_head_size(8 * 1024);
    for (head, status, says) in [
        (
            with_target(&format!("/{}", "a".repeat(9_000))),
            414,
            "target is too long",
        ),
        (
            with_field(&format!("Accept: {}", "a".repeat(9_000))),
            431,
            "larger than 8192 bytes",
        ),
        (
            with_field(&"A: b\r\n".repeat(100)),
            431,
            "more than 100 header fields",
        ),
        (with_field(&"A: b\r\n".repeat(90)), 200, "GET /"),
    ] {
        let mut client = Client::open(config(echo).limits(limits.clone()));
        client.send(&head).await;
        let answer = client.answer().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains(says), "{answer}");
    }
}

#[tokio::test]
async fn the_default_limit_of_a_head_is_64_kib() {
    for (length, status) in [(65_000, 200), (66_000, 431)] {
        let head = with_field(&format!("Accept: {}", "a".repeat(length)));
        check("6585 §5", &head, status, "").await;
    }
    let more = config(echo).limits(crate::Limits::new().header_count(300));
    let mut client = Client::open(more);
    client.send(with_field(&"A: b\r\n".repeat(250))).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn the_answer_to_a_malformed_head_is_the_services_own() {
    struct Own;
    impl Service for Own {
        type Future = std::future::Ready<Response>;

        fn call(&self, _request: Request, _context: &Context) -> Self::Future {
            std::future::ready(Response::new(Body::empty()))
        }

        fn reject(&self, rejected: &wharf_http::service::Rejected) -> Response {
            let line = rejected.request_line().unwrap_or("no line").to_owned();
            let text = format!(
                "{:?} {line} {}",
                rejected.kind(),
                rejected.connection().peer()
            );
            let mut response = Response::new(Body::from_stream(Pieces(vec![text])));
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            let fields = response.headers_mut();
            fields.insert("transfer-encoding", "chunked".parse().unwrap());
            fields.insert("x-own", "yes".parse().unwrap());
            response
        }
    }
    for (head, text) in [
        ("GET /\x01 HTTP/1.1\r\n\r\n", "Malformed no line memory"),
        (
            "GET / HTTP/1.1\r\nA b\r\n\r\n",
            "Malformed GET / HTTP/1.1 memory",
        ),
        // The head is gone when hyper finds this; what follows it must not be taken for it.
        (
            "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\nGET /other HTTP/1.1\r\n\r\n",
            "Malformed no line memory",
        ),
    ] {
        let mut client = Client::open(ConnectionConfig::new(Own));
        client.send(head).await;
        client.io.shutdown().await.unwrap();
        assert_eq!(
            client.rest().await,
            format!(
                "HTTP/1.1 418 I'm a teapot\r\nx-own: yes\r\nconnection: close\r\ncontent-length: {}\r\n\
                 date: now\r\n\r\n{text}",
                text.len()
            )
        );
    }
    let mut client = Client::open(ConnectionConfig::new(Own));
    client.send("HEAD / HTTP/1.1\r\nA b\r\n\r\n").await;
    client.io.shutdown().await.unwrap();
    assert!(client.rest().await.ends_with("\r\ndate: now\r\n\r\n")); // RFC 9110 §9.3.2
}
