//! Clients that do not speak TLS where it is spoken, and those that do where it is not.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wharf_server::Timeouts;

use super::*;

async fn server() -> ServerHandle {
    let authority = Authority::new("quay");
    start(identity(&authority.issue(&["a.test"])).into()).await
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told_to_use_https() {
    let server = server().await;
    for (request, expected) in [
        (
            "GET /a HTTP/1.1\r\nHost: quay.test:8443\r\nAccept: */*\r\n\r\n",
            "400 Bad Request: this port speaks HTTPS, and the request came unencrypted: try https://quay.test:8443/\n",
        ),
        (
            "POST / HTTP/1.1\r\nhost: <script>\r\ncontent-length: 5\r\n\r\nhello",
            "400 Bad Request: this port speaks HTTPS, and the request came unencrypted: write https:// in front\n",
        ),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "400 Bad Request: this port speaks HTTPS, and the request came unencrypted: write https:// in front\n",
        ),
    ] {
        let mut raw = Raw::connect(server.addrs()[0]).await;
        let answer = raw.send(request).await.rest().await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        assert!(
            head.contains("content-type: text/plain; charset=utf-8"),
            "{head}"
        );
        assert!(head.contains("connection: close"), "{head}");
        assert_eq!(body, expected);
    }
    assert_eq!(server.stats().tls_handshake_failures(), 0);
}

#[tokio::test]
async fn a_plain_head_that_comes_in_pieces_or_breaks_off_is_answered_too() {
    let server = server().await;
    let mut raw = Raw::connect(server.addrs()[0]).await;
    raw.send("G")
        .await
        .send("ET / HTTP/1.1\r\n")
        .await
        .send("Host: a.test\r\n\r")
        .await;
    let answer = raw.send("\n").await.rest().await;
    assert!(answer.ends_with("try https://a.test/\n"), "{answer}");

    let mut stream = TcpStream::connect(server.addrs()[0]).await.unwrap();
    stream.write_all(b"GET / HT").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn what_is_neither_is_refused_and_counted() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.addrs()[0]).await.unwrap();
    stream
        .write_all(b"\x80\x2e\x01\x03\x01 and so on")
        .await
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    // RFC 8446 §6: a fatal alert.
    assert_eq!((answer[0], answer[5]), (0x15, 2), "{answer:?}");
    assert_eq!(server.stats().tls_handshake_failures(), 1);

    // Somebody who only looks whether the port is open has not failed.
    drop(TcpStream::connect(server.addrs()[0]).await.unwrap());
    let _asked = Raw::connect(server.addrs()[0])
        .await
        .send("GET / HTTP/1.1\r\n\r\n")
        .await
        .rest()
        .await;
    assert_eq!(server.stats().tls_handshake_failures(), 1);
}

#[tokio::test]
async fn tls_on_a_plain_port_is_answered_in_words() {
    let server = Server::new(what())
        .bind("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let client = connector(Authority::new("quay").client(None));
    let error = connect(&server, &client, "a.test").await.unwrap_err();
    assert!(error.to_string().contains("InvalidContentType"), "{error}");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_handshake() {
    let authority = Authority::new("quay");
    let server = Server::new(what())
        .bind("127.0.0.1:0")
        .tls(identity(&authority.issue(&["a.test"])))
        .timeouts(Timeouts::new().tls_handshake(None).shutdown(None));
    let server = server.start().await.unwrap();
    let mut silent = TcpStream::connect(server.addrs()[0]).await.unwrap();
    let mut begun = TcpStream::connect(server.addrs()[0]).await.unwrap();
    begun.write_all(b"\x16\x03\x01\x01\x00").await.unwrap();
    let report = tokio::time::timeout(Duration::from_secs(20), server.shutdown());
    let report = report.await.expect("nobody is waited for").unwrap();
    assert_eq!(report.cut, 0);
    for stream in [&mut silent, &mut begun] {
        // The end or a reset.
        assert!(matches!(stream.read(&mut [0; 16]).await, Ok(0) | Err(_)));
    }
}
