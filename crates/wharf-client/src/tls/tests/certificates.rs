//! What is wrong with the certificate of a server, and what is said of it.

use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

use super::*;

/// Connects to `quay.test`, and checks what is said.
async fn refused(config: &TlsConfig, peer: Peer, why: &str) {
    let error = failure(config, peer).await;
    assert_eq!(error.kind(), ErrorKind::Certificate, "{error}");
    assert!(error.is_connect());
    let text = format!("the certificate is not valid (quay.test:443): {why}");
    assert_eq!(error.to_string(), text);
    assert_eq!(format!("{error:#}"), text);
}

#[tokio::test]
async fn a_good_certificate_is_accepted_and_shown() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let config = trusting(&authority);
    let secured = connect(&config, "quay.test", Peer::new(&pair)).await;
    let info = secured.unwrap().info;
    assert_eq!(info.version(), "TLSv1.3");
    assert!(info.cipher_suite().starts_with("TLS13_AES_"), "{info:?}");
    assert_eq!(info.peer_certificate().unwrap()[..], *pair.der());
    assert!(!info.is_resumed());
}

#[tokio::test]
async fn times_are_told_as_dates() {
    let authority = Authority::new("quay");
    let config = trusting(&authority);
    let expired = authority.issue_with(&["quay.test"], |params| {
        params.not_after = date_time_ymd(2001, 2, 3);
    });
    let why = "it has expired on Sat, 03 Feb 2001 00:00:00 GMT";
    refused(&config, Peer::new(&expired), why).await;

    let early = authority.issue_with(&["quay.test"], |params| {
        params.not_before = date_time_ymd(9990, 1, 1);
        params.not_after = date_time_ymd(9999, 1, 1);
    });
    let why = "it is not valid before Mon, 01 Jan 9990 00:00:00 GMT by the clock of this machine";
    refused(&config, Peer::new(&early), why).await;
}

#[tokio::test]
async fn an_authority_that_nobody_knows_is_refused() {
    let pair = Authority::new("stranger").issue(&["quay.test"]);
    let config = trusting(&Authority::new("quay"));
    let error = failure(&config, Peer::new(&pair)).await;
    assert_eq!(error.kind(), ErrorKind::Certificate);
    let text = error.to_string();
    let start =
        "the certificate is not valid (quay.test:443): it leads to no root that is trusted here";
    assert!(text.starts_with(start), "{text}");
    // Its name alone does not make an authority.
    let same_name = Authority::new("quay").issue(&["quay.test"]);
    let error = failure(&config, Peer::new(&same_name)).await;
    assert_eq!(error.kind(), ErrorKind::Certificate);
}

#[tokio::test]
async fn another_name_is_refused_and_a_few_of_its_names_are_told() {
    let authority = Authority::new("quay");
    let config = trusting(&authority);
    let other = authority.issue(&["crane.test", "*.quay.test", "192.0.2.7"]);
    let why = "it is for crane.test, *.quay.test, 192.0.2.7, not for quay.test";
    refused(&config, Peer::new(&other), why).await;

    let long = "a.".repeat(100) + "test";
    let names: Vec<_> = (0..50).map(|number| format!("n{number}.test")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.insert(0, &long);
    let many = authority.issue(&names);
    let why = format!(
        "it is for {}, n0.test, n1.test, n2.test, n3.test and 46 more, not for quay.test",
        &long[..100]
    );
    refused(&config, Peer::new(&many), &why).await;

    let nameless = authority.issue(&[]);
    refused(
        &config,
        Peer::new(&nameless),
        "it is for no host, not for quay.test",
    )
    .await;
}

#[tokio::test]
async fn addresses_have_certificates_too() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["127.0.0.1", "::1"]);
    let config = trusting(&authority);
    for host in ["127.0.0.1", "[::1]"] {
        connect(&config, host, Peer::new(&pair)).await.unwrap();
    }
    let error = connect(&config, "127.0.0.2", Peer::new(&pair))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with("it is for 127.0.0.1, ::1, not for 127.0.0.2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_certificate_for_clients_is_not_one_for_servers() {
    let authority = Authority::new("quay");
    let pair = authority.issue_with(&["quay.test"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let why = "it is not for servers (extended key usage)";
    refused(&trusting(&authority), Peer::new(&pair), why).await;
}

#[tokio::test]
async fn an_authority_cannot_be_a_server_as_well() {
    let authority = Authority::new("quay");
    let error = failure(&trusting(&authority), Peer::new(&authority.pair())).await;
    assert_eq!(error.kind(), ErrorKind::Certificate);
    let text = error.to_string();
    assert!(text.contains("is that of an authority"), "{text}");
}

#[tokio::test]
async fn revoked_certificates_are_refused_where_lists_are_given() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let with = |list: String| trusting(&authority).add_revocation_list_pem(list);
    let good = with(authority.revoke(&[0x1001], 2999));
    good.check().unwrap();
    connect(&good, "quay.test", Peer::new(&pair)).await.unwrap();

    let revoked = with(authority.revoke(&[0x1000], 2999));
    refused(&revoked, Peer::new(&pair), "it was revoked").await;
    let old = with(authority.revoke(&[0x1001], 2021));
    let why = "the revocation list that covers it ended on Fri, 01 Jan 2021 00:00:00 GMT";
    refused(&old, Peer::new(&pair), why).await;
    let foreign = with(Authority::new("stranger").revoke(&[0x1001], 2999));
    let why = "none of the revocation lists covers it";
    refused(&foreign, Peer::new(&pair), why).await;
}

#[test]
fn a_certificate_of_an_old_version_is_told_as_that() {
    let mut der = Authority::new("quay").issue(&["quay.test"]).der().to_vec();
    // RFC 5280 §4.1.2.1: the version, less one, is the first thing in it.
    let version = [0xa0, 3, 2, 1, 2];
    let at = der.windows(5).position(|bytes| bytes == version).unwrap();
    der[at + 4] = 0;
    let der = CertificateDer::from(der);
    let cause = ParsedCertificate::try_from(&der).map(drop).unwrap_err();
    let error = failure::of_handshake(std::io::Error::other(cause));
    assert_eq!(
        error.to_string(),
        "the certificate is not valid: it is of version 1 or 2 of X.509, which have no host names"
    );
}
