//! Certificates of the client.

use rustls::version::{TLS12, TLS13};

use super::*;

#[tokio::test]
async fn a_certificate_is_shown_where_it_is_asked_for() {
    let authority = Authority::new("quay");
    let members = Authority::new("members");
    let pair = authority.issue(&["quay.test"]);
    let member = members.issue(&["crane.test"]);
    let identity = Identity::pem(member.certificate.clone(), member.key.clone());
    let config = trusting(&authority).identity(identity);
    config.check().unwrap();
    for version in [&TLS12, &TLS13] {
        for (peer, shown) in [
            (Peer::new(&pair).clients(&members), Some(member.der())),
            (Peer::new(&pair), None),
        ] {
            let (stream, accepting) = peer.only(version).start();
            let connecting = shake(&config, stream);
            let _secured = connecting.await.unwrap();
            let server = accepting.await.unwrap().unwrap();
            let chain = server.get_ref().1.peer_certificates();
            assert_eq!(chain.map(|chain| chain[0].clone()), shown);
        }
    }
}

#[tokio::test]
async fn a_client_without_the_right_certificate_is_told_so_in_either_version() {
    let authority = Authority::new("quay");
    let members = Authority::new("members");
    let peer = Peer::new(&authority.issue(&["quay.test"])).clients(&members);
    let stranger = Authority::new("strangers").issue(&["crane.test"]);
    let identity = Identity::pem(stranger.certificate.clone(), stranger.key);
    let without = trusting(&authority);
    let wrong = trusting(&authority).identity(identity);

    // TLS 1.2: during the handshake.
    for config in [&without, &wrong] {
        let (stream, _accepting) = peer.clone().only(&TLS12).start();
        let connecting = shake(config, stream);
        let error = connecting.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        let text = error.to_string();
        assert!(text.contains("certificate of the client"), "{text}");
    }
    // TLS 1.3: instead of the first answer (RFC 8446 §4.4.2.4).
    for (config, why) in [
        (
            &without,
            "CertificateRequired: it wants a certificate of the client (see `TlsConfig::identity`)",
        ),
        (
            &wrong,
            "UnknownCA: it does not accept the certificate of the client",
        ),
    ] {
        let (stream, _accepting) = peer.clone().only(&TLS13).start();
        let connecting = shake(config, stream);
        let mut stream = connecting.await.unwrap().stream;
        let cause = stream.read(&mut [0; 16]).await.unwrap_err();
        let why = format!("the server refused with the alert {why}");
        assert_eq!(cause.to_string(), why);
        let error = refusal(&cause).unwrap();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert_eq!(error.to_string(), format!("could not agree on TLS: {why}"));
    }
    assert!(refusal(&std::io::Error::other("else")).is_none());
}

#[test]
fn an_identity_that_cannot_be_used_is_an_error_of_the_setting() {
    let authority = Authority::new("quay");
    let (one, other) = (authority.issue(&[]), authority.issue(&[]));
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let secret = "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n";
    for (certificate, key, why) in [
        (
            &*one.certificate,
            &*other.key,
            "does not belong to the certificate",
        ),
        (&one.certificate, encrypted, "is encrypted"),
        (
            &one.certificate,
            secret,
            "it is not base64 between BEGIN and END",
        ),
        (&one.certificate, "", "there is no private key in PEM"),
        ("", &one.key, "there is no certificate in PEM"),
    ] {
        let error = config()
            .identity(Identity::pem(certificate, key))
            .check()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains(why), "{text}");
        assert!(!format!("{text}{error:?}").contains("secret!"), "{text}");
    }
}
