//! Which certificate is shown, and what is agreed on.

use wharf_server::listener::Listener;
use wharf_server::tls::{TlsConfig, TlsVersion};

use super::*;

#[tokio::test]
async fn the_certificate_is_chosen_by_the_name_that_the_client_asks_for() {
    let authority = Authority::new("quay");
    let main = authority.issue(&["a.test", "127.0.0.1", "crane.wild.test"]);
    let other = authority.issue(&["b.test", "B2.test"]);
    let wild = authority.issue(&["*.wild.test"]);
    let tls = TlsConfig::new(identity(&main))
        .identity(identity(&other))
        .identity(identity(&wild));
    let server = start(tls).await;
    let client = connector(authority.client(None));
    for (name, pair) in [
        ("a.test", &main),
        ("b.test", &other),
        ("B.TEST", &other),
        ("b2.test", &other),
        ("boat.wild.test", &wild),
        // By itself before the star.
        ("crane.wild.test", &main),
        // Without a name, since an address is none (RFC 6066 §3).
        ("127.0.0.1", &main),
    ] {
        let stream = connect(&server, &client, name).await.unwrap();
        assert_eq!(shown(&stream), pair.serial, "{name}");
    }
    // A star is one label, and a name that nobody has gets the default: the client can only say no.
    for name in ["a.b.wild.test", "wild.test", "c.test"] {
        let error = connect(&server, &client, name).await.unwrap_err();
        assert!(
            error.to_string().contains("not valid for name"),
            "{name}: {error}"
        );
    }
    let names: Vec<_> = server
        .certificates()
        .iter()
        .map(|one| one.names().to_vec())
        .collect();
    assert_eq!(names[1], ["b.test", "b2.test"]);
    assert_eq!(names[2], ["*.wild.test"]);
    assert_eq!(server.shutdown().await.unwrap().cut, 0);
}

#[tokio::test]
async fn names_that_are_given_replace_those_of_the_certificate() {
    let authority = Authority::new("quay");
    let (main, other) = (
        authority.issue(&["a.test"]),
        authority.issue(&["a.test", "b.test"]),
    );
    let tls = TlsConfig::new(identity(&main)).identity(identity(&other).names(["B.test"]));
    let server = start(tls).await;
    let client = connector(authority.client(None));
    let stream = connect(&server, &client, "b.test").await.unwrap();
    assert_eq!(shown(&stream), other.serial);
    let stream = connect(&server, &client, "a.test").await.unwrap();
    assert_eq!(shown(&stream), main.serial);
}

#[tokio::test]
async fn of_two_certificates_for_a_name_the_client_gets_one_that_it_understands() {
    let authority = Authority::new("quay");
    let (common, modern) = (
        authority.issue(&["a.test"]),
        authority.issue_ed25519(&["a.test"]),
    );
    let server = start(TlsConfig::new(identity(&common)).identity(identity(&modern))).await;
    let stream = connect(&server, &connector(authority.client(None)), "a.test")
        .await
        .unwrap();
    assert_eq!(shown(&stream), common.serial);

    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let known = provider.signature_verification_algorithms.mapping;
    let ed25519 = known
        .iter()
        .position(|(scheme, _)| *scheme == rustls::SignatureScheme::ED25519)
        .unwrap();
    provider.signature_verification_algorithms.mapping = &known[ed25519..=ed25519];
    let client = connector(authority.client_with(provider));
    let stream = connect(&server, &client, "a.test").await.unwrap();
    assert_eq!(shown(&stream), modern.serial);
}

#[tokio::test]
async fn the_handler_knows_how_the_connection_is_encrypted() {
    let authority = Authority::new("quay");
    let server = start(identity(&authority.issue(&["a.test", "127.0.0.1"])).into()).await;
    let port = server.addrs()[0].port();
    assert_eq!(server.urls(), [format!("https://127.0.0.1:{port}")]);

    let mut config = authority.client(None);
    config.alpn_protocols = vec![b"h3".to_vec(), b"http/1.1".to_vec()];
    let stream = connect(&server, &connector(config), "A.test")
        .await
        .unwrap();
    let answer = ask(stream).await;
    assert_eq!(
        answer,
        r#"https TLSv1.3 sni=Some("a.test") alpn=Some("http/1.1");"#
    );

    let old = connector(authority.old_client());
    let answer = ask(connect(&server, &old, "127.0.0.1").await.unwrap()).await;
    assert_eq!(answer, "https TLSv1.2 sni=None alpn=None;");

    // RFC 7301 §3.2
    let mut config = authority.client(None);
    config.alpn_protocols = vec![b"h3".to_vec()];
    let error = connect(&server, &connector(config), "a.test")
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("NoApplicationProtocol"),
        "{error}"
    );
    assert_eq!(server.stats().tls_handshake_failures(), 1);
}

#[tokio::test]
async fn an_old_version_is_refused_where_it_is_not_wanted() {
    let authority = Authority::new("quay");
    let tls = TlsConfig::new(identity(&authority.issue(&["a.test"])));
    let server = start(tls.min_version(TlsVersion::Tls13)).await;
    let old = connector(authority.old_client());
    let error = connect(&server, &old, "a.test").await.unwrap_err();
    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
    let new = connector(authority.client(None));
    let answer = ask(connect(&server, &new, "a.test").await.unwrap()).await;
    assert!(answer.starts_with("https TLSv1.3"), "{answer}");
}

#[tokio::test]
async fn a_session_is_resumed() {
    let authority = Authority::new("quay");
    let server = start(identity(&authority.issue(&["a.test"])).into()).await;
    for config in [authority.client(None), authority.old_client()] {
        let client = connector(config);
        let first = ask(connect(&server, &client, "a.test").await.unwrap()).await;
        assert!(!first.contains("resumed"), "{first}");
        let second = ask(connect(&server, &client, "a.test").await.unwrap()).await;
        assert!(second.contains("resumed"), "{second}");
    }
}

#[tokio::test]
async fn listeners_of_all_kinds_live_in_one_server() {
    let authority = Authority::new("quay");
    let (main, other) = (authority.issue(&["a.test"]), authority.issue(&["a.test"]));
    let server = Server::new(what())
        .bind("127.0.0.1:0")
        .bind("127.0.0.1:0")
        .tls(identity(&main))
        .bind("tls:127.0.0.1:0")
        .listen(Listener::new("127.0.0.1:0").tls(identity(&other)));
    let server = server.start().await.unwrap();
    let addrs = server.addrs();
    let plain = ask(TcpStream::connect(addrs[0]).await.unwrap()).await;
    assert_eq!(plain, "http;");
    let client = connector(authority.client(None));
    for (addr, pair) in [(addrs[1], &main), (addrs[2], &main), (addrs[3], &other)] {
        let stream = TcpStream::connect(addr).await.unwrap();
        let name = ServerName::try_from("a.test").unwrap();
        let stream = client.connect(name, stream).await.unwrap();
        assert_eq!(shown(&stream), pair.serial);
        assert!(ask(stream).await.starts_with("https "));
    }
    let schemes: Vec<_> = server
        .urls()
        .iter()
        .map(|url| url[..5].to_owned())
        .collect();
    assert_eq!(schemes, ["http:", "https", "https", "https"]);
    // One configuration for two of the listeners.
    assert_eq!(server.certificates().len(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_can_be_encrypted_too() {
    let authority = Authority::new("quay");
    let folder = Folder::new();
    let address = format!("tls:unix:{}", folder.path("app.sock").display());
    let server = Server::new(what())
        .tls(identity(&authority.issue(&["a.test"])))
        .bind(address);
    let server = server.start().await.unwrap();
    assert!(server.urls()[0].starts_with("https://unix:/"));
    let stream = tokio::net::UnixStream::connect(folder.path("app.sock"))
        .await
        .unwrap();
    let name = ServerName::try_from("a.test").unwrap();
    let client = connector(authority.client(None));
    let answer = ask(client.connect(name, stream).await.unwrap()).await;
    assert_eq!(answer, r#"https TLSv1.3 sni=Some("a.test") alpn=None;"#);
}

#[tokio::test]
async fn an_early_answer_arrives_although_the_body_was_not_read() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let authority = Authority::new("quay");
    let server = start(identity(&authority.issue(&["a.test"])).into()).await;
    let client = connector(authority.client(None));
    let stream = connect(&server, &client, "a.test").await.unwrap();
    let (mut reading, mut writing) = tokio::io::split(stream);
    let sending = tokio::spawn(async move {
        let head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5000000\r\n\r\n";
        writing.write_all(head).await.unwrap();
        // The server may have had enough before the end.
        let _enough = writing.write_all(&vec![b'a'; 5_000_000]).await;
    });
    let mut answer = Vec::new();
    reading
        .read_to_end(&mut answer)
        .await
        .expect("an end in order");
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("alpn=None;"), "{answer}");
    sending.await.unwrap();
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let authority = Authority::new("quay");
    let service = service_fn(|_: Request, _: Context| async {
        Response::new("crane ".repeat(500_000).into())
    });
    let server = Server::new(service)
        .bind("127.0.0.1:0")
        .tls(identity(&authority.issue(&["a.test"])));
    let server = server.start().await.unwrap();
    let client = connector(authority.client(None));
    let mut raw = Raw::over(connect(&server, &client, "a.test").await.unwrap());
    raw.send("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        .await;
    let answer = raw.rest().await;
    assert_eq!(answer.split_once("\r\n\r\n").unwrap().1.len(), 3_000_000);
}
