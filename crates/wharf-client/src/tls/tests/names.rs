//! Which name is asked for.

use super::*;

/// Connects, and returns the name that the server was told.
async fn name_told(config: &TlsConfig, host: &str, pair: &Pair) -> Result<Option<String>, Error> {
    let (stream, accepting) = Peer::new(pair).start();
    let _secured = config.connect(stream, &target(host), &[]).await?;
    let server = accepting.await.unwrap().unwrap();
    Ok(server.get_ref().1.server_name().map(str::to_owned))
}

#[tokio::test]
async fn the_server_is_told_the_host_of_the_url() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test", "127.0.0.1"]);
    let config = trusting(&authority);
    for (host, told) in [
        ("quay.test", Some("quay.test")),
        ("quay.test.", Some("quay.test")), // RFC 6066 §3
        ("127.0.0.1", None),
    ] {
        let name = name_told(&config, host, &pair).await.unwrap();
        assert_eq!(name.as_deref(), told, "{host}");
    }
}

#[tokio::test]
async fn another_name_can_be_asked_for() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let config = trusting(&authority).server_name("quay.test".to_owned());
    config.check().unwrap();
    let name = name_told(&config, "127.0.0.1", &pair).await.unwrap();
    assert_eq!(name.as_deref(), Some("quay.test"));
    // The host of the URL counts no more.
    let config = config.server_name("crane.test".to_owned());
    let error = name_told(&config, "quay.test", &pair).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
    let text = error.to_string();
    assert!(
        text.ends_with("it is for quay.test, not for crane.test"),
        "{text}"
    );
}

#[tokio::test]
async fn the_name_can_be_kept_from_the_server_and_is_verified_all_the_same() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let config = trusting(&authority).send_server_name(false);
    assert_eq!(name_told(&config, "quay.test", &pair).await.unwrap(), None);
    let error = name_told(&config, "crane.test", &pair).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
}

#[tokio::test]
async fn a_name_that_no_certificate_can_be_for_is_refused() {
    let error = config()
        .server_name("quay test".to_owned())
        .check()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(text.contains("`quay test` is not a name"), "{text}");

    let (near, _far) = tokio::io::duplex(16);
    let host = target("-quay-.test");
    let config = trusting(&Authority::new("quay"));
    let connecting = config.connect(Stream::new(near), &host, &[]);
    let error = connecting.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
}
