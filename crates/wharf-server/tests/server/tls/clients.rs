//! Clients that have to prove who they are.

use rcgen::{CertificateParams, DnType, SanType};
use tokio::io::AsyncReadExt;
use wharf_server::tls::{ClientAuth, Roots, TlsConfig};

use super::*;

fn crane() -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Quay, Inc.");
    params.distinguished_name.push(DnType::CommonName, "crane");
    params.subject_alt_names = vec![
        SanType::DnsName("crane.test".try_into().unwrap()),
        SanType::URI("spiffe://quay.test/crane".try_into().unwrap()),
        SanType::Rfc822Name("crane@quay.test".try_into().unwrap()),
    ];
    params
}

/// In TLS 1.3 a client learns with its first read that it was turned away.
async fn is_refused(server: &ServerHandle, client: &TlsConnector) -> String {
    match connect(server, client, "a.test").await {
        Ok(mut stream) => {
            let read = stream.read(&mut [0; 16]).await;
            read.expect_err("the client is refused").to_string()
        }
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_required_certificate_is_verified_and_read() {
    let (servers, members, strangers) = (
        Authority::new("s"),
        Authority::new("members"),
        Authority::new("x"),
    );
    let auth = ClientAuth::required(Roots::pem(members.pem()));
    let server =
        start(TlsConfig::new(identity(&servers.issue(&["a.test"]))).client_auth(auth)).await;

    let pair = members.sign(crane());
    let client = connector(servers.client(Some(&pair)));
    let known = format!(
        r#"cn=Some("crane") dns=["crane.test"] uri=["spiffe://quay.test/crane"] mail=["crane@quay.test"] serial={} issuer=CN=members;"#,
        pair.serial
    );
    let answer = ask(connect(&server, &client, "a.test").await.unwrap()).await;
    assert!(answer.ends_with(&known), "{answer}");
    // A session that is resumed is still that of the same client.
    let answer = ask(connect(&server, &client, "a.test").await.unwrap()).await;
    assert!(
        answer.contains(" resumed ") && answer.ends_with(&known),
        "{answer}"
    );

    let none = is_refused(&server, &connector(servers.client(None))).await;
    assert!(none.contains("CertificateRequired"), "{none}");
    let old = is_refused(&server, &connector(servers.old_client())).await;
    assert!(
        old.contains("CertificateRequired") || old.contains("HandshakeFailure"),
        "{old}"
    );
    let wrong = strangers.sign(crane());
    let wrong = is_refused(&server, &connector(servers.client(Some(&wrong)))).await;
    assert!(
        wrong.contains("UnknownCA") || wrong.contains("DecryptError"),
        "{wrong}"
    );
    let mut expired = crane();
    expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let expired = members.sign(expired);
    let expired = is_refused(&server, &connector(servers.client(Some(&expired)))).await;
    assert!(expired.contains("CertificateExpired"), "{expired}");
    assert_eq!(server.stats().tls_handshake_failures(), 4);
}

#[tokio::test]
async fn an_optional_certificate_may_be_absent_but_not_wrong() {
    let (servers, members, strangers) = (
        Authority::new("s"),
        Authority::new("members"),
        Authority::new("x"),
    );
    let folder = Folder::new();
    put(&folder.path("roots.pem"), &members.pem());
    let auth = ClientAuth::optional(Roots::pem_file(folder.path("roots.pem")));
    let server =
        start(TlsConfig::new(identity(&servers.issue(&["a.test"]))).client_auth(auth)).await;

    let client = connector(servers.client(None));
    let answer = ask(connect(&server, &client, "a.test").await.unwrap()).await;
    assert_eq!(answer, r#"https TLSv1.3 sni=Some("a.test") alpn=None;"#);
    let pair = members.sign(crane());
    let client = connector(servers.client(Some(&pair)));
    let answer = ask(connect(&server, &client, "a.test").await.unwrap()).await;
    assert!(answer.contains("spiffe://quay.test/crane"), "{answer}");
    let wrong = strangers.sign(crane());
    let wrong = is_refused(&server, &connector(servers.client(Some(&wrong)))).await;
    assert!(
        wrong.contains("UnknownCA") || wrong.contains("DecryptError"),
        "{wrong}"
    );
}

#[tokio::test]
async fn a_root_that_is_trusted_no_more_does_not_live_on_in_sessions() {
    let (servers, members, others) = (
        Authority::new("s"),
        Authority::new("members"),
        Authority::new("o"),
    );
    let folder = Folder::new();
    folder.write(&servers.issue(&["a.test"]));
    put(&folder.path("roots.pem"), &members.pem());
    let roots = Roots::pem_file(folder.path("roots.pem"));
    let server = start(folder.config().client_auth(ClientAuth::required(roots))).await;
    let pair = members.sign(crane());
    let client = connector(servers.client(Some(&pair)));
    ask(connect(&server, &client, "a.test").await.unwrap()).await;

    put(&folder.path("roots.pem"), &others.pem());
    server.reload().await.unwrap();
    let refused = is_refused(&server, &client).await;
    assert!(
        refused.contains("UnknownCA") || refused.contains("DecryptError"),
        "{refused}"
    );
}
