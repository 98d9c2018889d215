//! What the two ends agree on, and what is said when they do not.

use rustls::version::{TLS12, TLS13};
use tokio::io::duplex;

use super::*;

fn told(error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.is_connect());
    let text = error.to_string();
    let start = "could not agree on TLS (quay.test:443): ";
    text.strip_prefix(start).expect(&text).to_owned()
}

#[tokio::test]
async fn either_version_is_spoken_and_the_least_can_be_set() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let config = trusting(&authority);
    for (version, name) in [(&TLS12, "TLSv1.2"), (&TLS13, "TLSv1.3")] {
        let secured = connect(&config, "quay.test", Peer::new(&pair).only(version)).await;
        assert_eq!(secured.unwrap().info.version(), name);
    }
    let new = config.min_version(TlsVersion::Tls13);
    connect(&new, "quay.test", Peer::new(&pair)).await.unwrap();
    let text = told(&failure(&new, Peer::new(&pair).only(&TLS12)).await);
    assert!(
        text.contains("speaks no version of TLS that is allowed here"),
        "{text}"
    );
}

#[tokio::test]
async fn the_first_protocol_that_both_speak_is_chosen() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let config = trusting(&authority);
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    for (spoken, offered, protocol) in [
        (&["h2", "http/1.1"][..], both, Some("h2")),
        (&["http/1.1"], both, Some("http/1.1")),
        (&["h2", "http/1.1"], &both[1..], Some("http/1.1")),
        (&["h2", "http/1.1"], &[], None),
        (&[], both, None),
    ] {
        let (stream, accepting) = Peer::new(&pair).protocols(spoken).start();
        let secured = config
            .connect(stream, &target("quay.test"), offered)
            .await
            .unwrap();
        assert_eq!(secured.info.protocol(), protocol);
        assert_eq!(secured.http2, protocol == Some("h2"));
        accepting.await.unwrap().unwrap();
    }
    let (stream, _accepting) = Peer::new(&pair).protocols(&["h2"]).start();
    let error = config
        .connect(stream, &target("quay.test"), &[b"http/1.1"])
        .await
        .unwrap_err();
    assert_eq!(
        told(&error),
        "the server refused with the alert NoApplicationProtocol: it speaks none of the protocols that were offered"
    );
}

/// Connects to something that says `words` and then ends, or reads on until the client does.
async fn told_by(words: &[u8], end: bool) -> String {
    let (near, mut far) = duplex(4096);
    far.write_all(words).await.unwrap();
    if end {
        far.shutdown().await.unwrap();
    }
    let _reading = tokio::spawn(async move { far.read_to_end(&mut Vec::new()).await });
    let config = trusting(&Authority::new("quay"));
    let connecting = shake(&config, Stream::new(near));
    told(&connecting.await.unwrap_err())
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told_as_that() {
    let why = "the server does not speak TLS on this port: is it http:// there?";
    for words in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        for end in [false, true] {
            assert_eq!(told_by(words, end).await, why);
        }
    }
}

#[tokio::test]
async fn a_server_that_leaves_is_told_as_that() {
    let why = "the server closed the connection during the handshake";
    assert_eq!(told_by(b"", true).await, why);
    // The begin of a record with a server hello.
    assert_eq!(told_by(b"\x16\x03\x03\x00\x7a\x02\x00", true).await, why);
}

#[tokio::test]
async fn an_alert_is_told_with_its_meaning() {
    assert_eq!(
        told_by(b"\x15\x03\x03\x00\x02\x02\x70", false).await,
        "the server refused with the alert UnrecognisedName: it has no certificate for this name"
    );
    assert_eq!(
        told_by(b"\x15\x03\x03\x00\x02\x02\x50", false).await,
        "the server refused with the alert InternalError"
    );
    assert_eq!(
        told_by(b"\x15\x03\x03\x00\x02\x02\xee", false).await,
        "the server refused with the alert unknown"
    );
}

#[tokio::test]
async fn the_cause_of_a_broken_stream_is_kept() {
    let (near, far) = duplex(16);
    drop(far);
    let config = trusting(&Authority::new("quay"));
    let connecting = shake(&config, Stream::new(near));
    let error = connecting.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    let cause = error.find_cause::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_session_is_taken_up_again_by_clones_and_by_nobody_else() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    for version in [&TLS12, &TLS13] {
        let server = Peer::new(&pair).only(version).config();
        let config = trusting(&authority);
        let mut resumed = Vec::new();
        for config in [&config, &config.clone(), &trusting(&authority)] {
            let (stream, accepting) = peer::start(Arc::clone(&server));
            let target = target("quay.test");
            let mut secured = config.connect(stream, &target, &[]).await.unwrap();
            let mut server = accepting.await.unwrap().unwrap();
            server.write_all(b"hi").await.unwrap();
            // Tickets come before the first answer.
            secured.stream.read_exact(&mut [0; 2]).await.unwrap();
            assert_eq!(secured.info.peer_certificate().unwrap()[..], *pair.der());
            resumed.push(secured.info.is_resumed());
        }
        assert_eq!(resumed, [false, true, false], "{version:?}");
    }
}
