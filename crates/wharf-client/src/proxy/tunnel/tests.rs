use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::Instant;

use super::*;

const BACK: usize = 256 << 10;

fn target(authority: &str) -> Target {
    Target::of(&format!("http://{authority}/").parse().unwrap())
        .unwrap()
        .0
}

fn proxy(url: &str) -> Proxy {
    Proxy::new(url).unwrap()
}

/// A proxy that reads the head of a request and sends some bytes; it gives the head, and what keeps the stream open.
async fn answering(mut far: DuplexStream, answer: Vec<u8>) -> io::Result<(String, DuplexStream)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(far.read_u8().await?);
    }
    far.write_all(&answer).await?;
    Ok((String::from_utf8_lossy(&head).into_owned(), far))
}

/// Asks a proxy for `quay.test:443`, which gives an answer and leaves the stream open.
async fn ask(answer: impl Into<Vec<u8>>) -> Result<Stream, Error> {
    let (near, far) = duplex(BACK);
    let far = tokio::spawn(answering(far, answer.into()));
    let through = proxy("http://proxy.test:3128");
    let tunnelled = tunnel(Stream::new(near), &target("quay.test:443"), &[], &through).await;
    drop(far.await.unwrap());
    tunnelled
}

#[tokio::test]
async fn a_tunnel_is_asked_for_with_the_fields_of_the_proxy() {
    for (authority, through, head) in [
        (
            "quay.test:443",
            proxy("http://proxy.test"),
            "CONNECT quay.test:443 HTTP/1.1\r\nhost: quay.test:443\r\n\r\n",
        ),
        (
            "[2001:db8::1]:80",
            proxy("https://me:secret@proxy.test")
                .header("x-team", "quay")
                .unwrap()
                .header("host", "other.test")
                .unwrap()
                .header("content-length", "5")
                .unwrap(),
            "CONNECT [2001:db8::1]:80 HTTP/1.1\r\nx-team: quay\r\nhost: [2001:db8::1]:80\r\n\
             proxy-authorization: Basic bWU6c2VjcmV0\r\n\r\n",
        ),
    ] {
        let (near, far) = duplex(BACK);
        let far = tokio::spawn(answering(far, b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
        tunnel(Stream::new(near), &target(authority), &[], &through)
            .await
            .unwrap();
        assert_eq!(far.await.unwrap().unwrap().0, head);
    }
}

#[tokio::test]
async fn a_tunnel_begins_after_the_empty_line_whatever_the_head_says() {
    for head in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 204 Fine\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Wait\r\nx: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        // RFC 9110 §9.3.6: neither is looked at.
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    ] {
        let mut stream = ask(format!("{head}SSH-2.0")).await.unwrap();
        let mut greeting = String::new();
        stream.read_to_string(&mut greeting).await.unwrap();
        assert_eq!(greeting, "SSH-2.0", "{head}");
    }
}

#[tokio::test]
async fn the_tunnel_is_the_stream_that_led_to_the_proxy() {
    for early in ["", "early"] {
        let peer = "192.0.2.1:3128".parse().unwrap();
        let (near, far) = duplex(BACK);
        let stream = Stream::new(near)
            .with_peer_addr(peer)
            .with_probe(Box::new(|| true));
        let answer = format!("HTTP/1.1 200 OK\r\n\r\n{early}");
        let far = tokio::spawn(answering(far, answer.into_bytes()));
        let through = proxy("http://proxy.test");
        let mut stream = tunnel(stream, &target("quay.test:443"), &[], &through)
            .await
            .unwrap();
        assert_eq!(stream.peer_addr(), Some(peer));
        assert!(stream.take_probe().is_some());

        let (_, mut far) = far.await.unwrap().unwrap();
        stream.write_all(b"ping").await.unwrap();
        let mut got = [0; 4];
        far.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"ping");
        far.write_all(b" pong").await.unwrap();
        far.shutdown().await.unwrap();
        let mut got = String::new();
        stream.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, format!("{early} pong"));
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_status_body_and_what_is_asked_for() {
    let error = ask(
        "HTTP/1.1 407 Proxy Authentication Required\r\n\
         proxy-authenticate: Digest realm=\"a\", nonce=\"b\"\r\nproxy-authenticate: Basic realm=\"a\"\r\n\
         content-length: 12\r\n\r\nwho are you?",
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Proxy);
    assert_eq!(error.status().unwrap(), 407);
    assert_eq!(error.body_excerpt().unwrap(), "who are you?");
    assert_eq!(
        error.to_string(),
        "the proxy answered with status 407 Proxy Authentication Required (proxy.test:3128): \
         it asks for credentials of the scheme Digest or Basic"
    );
    let challenges: &Challenges = error.find_cause().unwrap();
    let values: Vec<_> = challenges.values().iter().collect();
    assert_eq!(
        values,
        [r#"Digest realm="a", nonce="b""#, r#"Basic realm="a""#]
    );

    for head in [
        "HTTP/1.1 503 Busy",
        "HTTP/1.1 302 Found",
        "HTTP/1.1 101 Switching",
    ] {
        let error = ask(format!(
            "{head}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        ))
        .await
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Proxy, "{head}");
        assert_eq!(error.status().unwrap().as_str(), &head[9..12]);
        assert_eq!(error.body_excerpt().unwrap(), "");
    }
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_refusal_is_kept_up_to_a_kibibyte_and_waited_for_one_second() {
    let head = "HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n";
    let long = format!("{head}fff\r\n{}", "a".repeat(0xfff));
    let started = Instant::now();
    let error = ask(long).await.unwrap_err();
    assert_eq!(error.body_excerpt().unwrap().len(), 1024);
    assert_eq!(started.elapsed().as_secs(), 0);

    let (near, far) = duplex(BACK);
    let slow = tokio::spawn(answering(far, format!("{head}4\r\nslow\r\n").into_bytes()));
    let through = proxy("http://proxy.test");
    let error = tunnel(Stream::new(near), &target("quay.test:443"), &[], &through)
        .await
        .unwrap_err();
    assert_eq!(error.body_excerpt().unwrap(), "slow");
    assert_eq!(started.elapsed().as_secs(), 1);
    drop(slow.await);
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_of_the_proxy() {
    let fields = "a: b\r\n".repeat(101);
    let long = format!("a: {}\r\n", "b".repeat(70 << 10));
    for answer in [
        String::new(),
        "HTTP/1.1 200 OK\r\n".to_owned(),
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        "\x15\x03\x01\x00\x02\x02\x32".to_owned(),
        format!("HTTP/1.1 200 OK\r\n{fields}\r\n"),
        format!("HTTP/1.1 200 OK\r\n{long}\r\n"),
        // As many as it likes, but no answer.
        "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000),
    ] {
        let (near, far) = duplex(BACK);
        let begin = answer.get(..30).unwrap_or(&answer).to_owned();
        let far = tokio::spawn(async move { drop(answering(far, answer.into_bytes()).await) });
        let through = proxy("http://proxy.test");
        let error = tunnel(Stream::new(near), &target("quay.test:443"), &[], &through)
            .await
            .unwrap_err();
        far.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Proxy, "{begin:?}");
        assert_eq!(error.status(), None);
        let text = error.to_string();
        let start = "could not connect through the proxy (proxy.test:1080): ";
        assert!(text.starts_with(start), "{text}");
    }
}

#[tokio::test]
async fn a_tunnel_that_is_given_up_closes_the_stream() {
    let (near, mut far) = duplex(BACK);
    let (through, quay) = (proxy("http://proxy.test"), target("quay.test:443"));
    let mut asking = Box::pin(tunnel(Stream::new(near), &quay, &[], &through));
    tokio::select! {
        biased;
        _ = &mut asking => panic!("there is no answer yet"),
        () = tokio::task::yield_now() => {}
    }
    drop(asking);
    let mut request = String::new();
    far.read_to_string(&mut request).await.unwrap();
    assert!(request.starts_with("CONNECT quay.test:443 "), "{request}");
}

#[cfg(feature = "socks")]
mod socks {
    use super::*;

    /// What a proxy reads, and what it writes then.
    type Script = &'static [(&'static [u8], &'static [u8])];

    /// Plays the part of a proxy, and then gives its stream, which is that of the target.
    async fn play(mut far: DuplexStream, script: Script) -> DuplexStream {
        for (expected, answer) in script {
            let mut read = vec![0; expected.len()];
            far.read_exact(&mut read).await.unwrap();
            assert_eq!(read, *expected);
            // In pieces, as a network may have it.
            for byte in *answer {
                if far.write_u8(*byte).await.is_err() {
                    return far; // nobody wants to know more
                }
                tokio::task::yield_now().await;
            }
        }
        far
    }

    async fn ask(url: &str, script: Script) -> Result<String, Error> {
        let (near, far) = duplex(BACK);
        let far = tokio::spawn(async move { play(far, script).await.shutdown().await });
        let known = ["192.0.2.7:443".parse().unwrap()];
        let (through, quay) = (proxy(url), target("quay.test:443"));
        let tunnelled = tunnel(Stream::new(near), &quay, &known, &through).await;
        drop(far.await.unwrap());
        let mut rest = String::new();
        tunnelled?.read_to_string(&mut rest).await.unwrap();
        Ok(rest)
    }

    #[tokio::test]
    async fn a_proxy_that_speaks_socks_is_given_a_name_or_an_address() {
        // What follows the reply is from the target, and none of it is lost.
        const SCRIPTS: [(&str, Script); 5] = [
            (
                "socks5h://proxy.test",
                &[
                    (b"\x05\x01\x00", b"\x05\x00"),
                    (
                        b"\x05\x01\x00\x03\x09quay.test\x01\xbb",
                        b"\x05\x00\x00\x01\x7f\0\0\x01\x1f\x90hello",
                    ),
                ],
            ),
            (
                "socks5://proxy.test",
                &[
                    (b"\x05\x01\x00", b"\x05\x00"),
                    (
                        b"\x05\x01\x00\x01\xc0\x00\x02\x07\x01\xbb",
                        b"\x05\x00\x00\x03\x04pier\x1f\x90hello",
                    ),
                ],
            ),
            (
                "socks5h://me:secret@proxy.test",
                &[
                    (b"\x05\x02\x00\x02", b"\x05\x02"),
                    (b"\x01\x02me\x06secret", b"\x01\x00"),
                    (
                        b"\x05\x01\x00\x03\x09quay.test\x01\xbb",
                        b"\x05\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90hello",
                    ),
                ],
            ),
            (
                "socks4://me@proxy.test",
                &[(
                    b"\x04\x01\x01\xbb\xc0\x00\x02\x07me\0",
                    b"\x00\x5a\0\0\0\0\0\0hello",
                )],
            ),
            (
                "socks4a://proxy.test",
                &[(
                    b"\x04\x01\x01\xbb\0\0\0\x01\0quay.test\0",
                    b"\x00\x5a\0\0\0\0\0\0hello",
                )],
            ),
        ];
        for (url, script) in SCRIPTS {
            assert_eq!(ask(url, script).await.unwrap(), "hello", "{url}");
        }
    }

    #[tokio::test]
    async fn a_refusal_says_why() {
        const SCRIPTS: [(&str, Script, &str); 7] = [
            (
                "socks5h://proxy.test",
                &[(b"\x05\x01\x00", b"\x05\xff")],
                "it asks for credentials",
            ),
            (
                "socks5h://proxy.test",
                &[(b"\x05\x01\x00", b"\x05\x02")],
                "it chose method 2 to authenticate, which was not offered",
            ),
            (
                "socks5h://proxy.test",
                &[(b"\x05\x01\x00", b"HTTP/1.1 400 Bad Request")],
                "its answer is not SOCKS5: version 72",
            ),
            (
                "socks5h://me:wrong@proxy.test",
                &[
                    (b"\x05\x02\x00\x02", b"\x05\x02"),
                    (b"\x01\x02me\x05wrong", b"\x01\x01"),
                ],
                "it does not accept the user name and password",
            ),
            (
                // A reply that ends after what is wrong.
                "socks5h://proxy.test",
                &[
                    (b"\x05\x01\x00", b"\x05\x00"),
                    (b"\x05\x01\x00\x03\x09quay.test\x01\xbb", b"\x05\x05"),
                ],
                "the target refused the connection",
            ),
            (
                "socks5h://proxy.test",
                &[(b"\x05\x01\x00", b"\x05")],
                "it closed the connection before its answer was whole",
            ),
            (
                "socks4a://proxy.test",
                &[(
                    b"\x04\x01\x01\xbb\0\0\0\x01\0quay.test\0",
                    b"\x00\x5b\0\0\0\0\0\0",
                )],
                "it refused the connection, or could not make it",
            ),
        ];
        for (url, script, why) in SCRIPTS {
            let error = ask(url, script).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Proxy);
            assert_eq!(
                error.to_string(),
                format!("could not connect through the proxy (proxy.test:1080): {why}")
            );
        }
    }
}
