//! What keeps a server from starting.

use wharf_server::ErrorKind;
use wharf_server::tls::{ClientAuth, Identity, Roots, TlsConfig};

use super::*;

async fn error(server: Server<impl Serve>) -> String {
    let error = server.start().await.expect_err("the server does not start");
    assert_eq!(error.kind(), ErrorKind::Settings, "{error:#}");
    format!("{error:#}")
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
#[tokio::test]
async fn what_is_wrong_is_said_before_anything_listens() {
    let authority = Authority::new("quay");
    let (pair, other) = (authority.issue(&["a.test"]), authority.issue(&["a.test"]));
    let secret = pair.key.lines().nth(1).unwrap().to_owned();
    let plain = || Server::new(what()).bind("127.0.0.1:0");
    let with = |identity: Identity| plain().tls(identity);
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIB\n-----END RSA PRIVATE KEY-----\n";
    let garbled = pair.key.replacen('M', "!", 1);
    let cut = &pair.key[..pair.key.len() - 40];
    let glued = pair.key.replacen("-----\n", "----- ", 1);
    let garbage = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    for (server, expected) in [
        (
            with(Identity::pem_files("/nowhere/a.pem", "/nowhere/a.key")),
            "could not read the certificate /nowhere/a.pem: ",
        ),
        (
            with(Identity::pem(&*pair.certificate, &*other.key)),
            "does not belong to the certificate",
        ),
        (
            with(Identity::pem(&*pair.certificate, encrypted)),
            "is encrypted",
        ),
        (
            with(Identity::pem(&*pair.certificate, old)),
            "openssl pkey -in KEY -out PLAIN",
        ),
        (
            with(Identity::pem(&*pair.certificate, &*pair.certificate)),
            "there is no private key in PEM",
        ),
        (
            with(Identity::pem(&*pair.key, &*pair.key)),
            "there is no certificate in PEM",
        ),
        (
            with(Identity::pem(&*pair.certificate, garbled)),
            "it is not base64",
        ),
        (
            with(Identity::pem(&*pair.certificate, cut)),
            "breaks off before an END line",
        ),
        (with(Identity::pem(&*pair.certificate, glued)), "the key"),
        (
            with(Identity::pem(garbage, &*pair.key)),
            "the certificate is malformed",
        ),
        (
            with(identity(&pair).names(["a b"])),
            "`a b` is not a host name",
        ),
        (
            plain().tls(
                TlsConfig::new(identity(&pair)).client_auth(ClientAuth::required(Roots::pem(""))),
            ),
            "there is no certificate",
        ),
        (
            plain().tls(
                TlsConfig::new(identity(&pair))
                    .client_auth(ClientAuth::required(Roots::pem(garbage))),
            ),
            "could not use the roots for clients",
        ),
        (
            Server::new(what()).tls(identity(&pair)).bind("127.0.0.1:0"),
            "call `tls` after the address",
        ),
        (
            Server::new(what()).tls(identity(&pair)),
            "such as tls:0.0.0.0:443",
        ),
        (
            Server::new(what()).bind("tls:127.0.0.1:0"),
            "`tls:127.0.0.1:0` has no certificate: give the server one with `Server::tls`",
        ),
        (
            with(identity(&pair))
                .settings(wharf_server::Settings::from_args(["--bind", "127.0.0.1:0"]).unwrap()),
            "no listener uses it",
        ),
    ] {
        let error = error(server).await;
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains(&secret), "{error}");
    }
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
#[tokio::test]
async fn a_check_reads_the_certificates() {
    let mut server = Server::new(what())
        .bind("127.0.0.1:0")
        .tls(Identity::pem_files("/nowhere/a.pem", "/nowhere/a.key"));
    let error = server.check().await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/a.pem"), "{error}");
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
#[tokio::test]
async fn flags_can_ask_for_tls() {
    let authority = Authority::new("quay");
    let settings = wharf_server::Settings::from_args(["--bind", "tls:127.0.0.1:0"]).unwrap();
    let server = Server::new(what())
        .bind("127.0.0.1:0")
        .tls(identity(&authority.issue(&["a.test"])))
        .settings(settings);
    let server = server.start().await.unwrap();
    assert!(server.urls()[0].starts_with("https://"));
}

#[tokio::test]
async fn keys_are_not_printed() {
    let pair = Authority::new("quay").issue(&["a.test"]);
    let tls = TlsConfig::new(identity(&pair))
        .client_auth(ClientAuth::optional(Roots::pem(&*pair.certificate)));
    let listener = wharf_server::listener::Listener::new("127.0.0.1:0").tls(tls.clone());
    let printed = format!("{tls:?} {listener:?}");
    assert!(printed.contains("in memory"), "{printed}");
    for line in pair.key.lines() {
        assert!(!printed.contains(line), "{printed}");
    }
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
#[tokio::test]
async fn without_cryptography_there_is_an_error_that_says_what_to_do() {
    let pair = Authority::new("quay").issue(&["a.test"]);
    let error = error(Server::new(what()).bind("127.0.0.1:0").tls(identity(&pair))).await;
    assert!(error.contains("enable the feature `tls`"), "{error}");
    assert!(error.contains("dangerous_raw::with_provider"), "{error}");
}

#[tokio::test]
async fn a_provider_of_the_callers_own_is_used_and_none_is_installed() {
    use wharf_server::tls::dangerous_raw::{self, rustls};
    let authority = Authority::new("quay");
    let pair = authority.issue(&["a.test"]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = dangerous_raw::with_provider(TlsConfig::new(identity(&pair)), provider);
    let server = start(tls).await;
    let client = connector(authority.client(None));
    ask(connect(&server, &client, "a.test").await.unwrap()).await;
    let answer = ask(connect(&server, &client, "a.test").await.unwrap()).await;
    assert!(answer.contains("resumed"), "{answer}");
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[tokio::test]
async fn a_configuration_of_rustls_is_used_as_it_is() {
    use wharf_server::tls::dangerous_raw;
    let authority = Authority::new("quay");
    let pair = authority.issue(&["a.test"]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let raw = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.der()], pair.key())
        .unwrap();
    let server = start(dangerous_raw::from_server_config(Arc::new(raw))).await;
    server.reload().await.unwrap();
    let client = connector(authority.client(None));
    let answer = ask(connect(&server, &client, "a.test").await.unwrap()).await;
    assert!(answer.starts_with("https TLSv1.3"), "{answer}");
}
