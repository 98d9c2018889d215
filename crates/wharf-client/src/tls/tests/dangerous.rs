//! What switches verification off, and how far.

use std::fs;

use super::*;

#[tokio::test]
async fn any_certificate_is_accepted_only_where_that_is_asked_for() {
    let pair = Authority::new("stranger").issue_with(&["crane.test"], |params| {
        params.not_after = rcgen::date_time_ymd(2001, 2, 3);
    });
    // No roots are needed, nor looked for.
    let config = config()
        .roots(Roots::OwnOnly)
        .dangerous_accept_any_certificate();
    config.check().unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let peer = Peer::new(&pair).only(version);
        let secured = connect(&config, "quay.test", peer).await.unwrap();
        assert_eq!(secured.info.peer_certificate().unwrap()[..], *pair.der());
    }
}

#[tokio::test]
async fn any_host_name_is_accepted_of_those_who_are_trusted() {
    let authority = Authority::new("quay");
    let config = trusting(&authority).dangerous_accept_any_host_name();
    let other = authority.issue(&["crane.test"]);
    connect(&config, "quay.test", Peer::new(&other))
        .await
        .unwrap();
    let expired = authority.issue_with(&["quay.test"], |params| {
        params.not_after = rcgen::date_time_ymd(2001, 2, 3);
    });
    let stranger = Authority::new("stranger").issue(&["quay.test"]);
    for pair in [expired, stranger] {
        let error = failure(&config, Peer::new(&pair)).await;
        assert_eq!(error.kind(), ErrorKind::Certificate);
    }
    let lists = config.add_revocation_list_pem(authority.revoke(&[1], 2999));
    assert_eq!(lists.check().unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn secrets_are_appended_to_a_file_of_the_owner() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let directory = files::Directory::new("key-log");
    let path = directory.path("keys");
    let config = trusting(&authority).dangerous_key_log_file(&path);
    connect(&config, "quay.test", Peer::new(&pair))
        .await
        .unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let mut labels = Vec::new();
    for line in text.lines() {
        let [label, random, secret] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(
            random.len() == 64 && hexadecimal(random) && hexadecimal(secret),
            "{line}"
        );
        labels.push(label);
    }
    assert!(labels.contains(&"CLIENT_TRAFFIC_SECRET_0"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[tokio::test]
async fn a_configuration_of_rustls_is_used_as_it_is() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let raw = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = dangerous_raw::with_rustls(Arc::new(raw));
    config.check().unwrap();
    let secured = connect(&config, "quay.test", Peer::new(&pair))
        .await
        .unwrap();
    assert_eq!(secured.info.version(), "TLSv1.2");
    let named = config.server_name("quay.test".to_owned());
    connect(&named, "crane.test", Peer::new(&pair))
        .await
        .unwrap();
    assert_eq!(format!("{named:?}"), "TlsConfig(of rustls)");
}
