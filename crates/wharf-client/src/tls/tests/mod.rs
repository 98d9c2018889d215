mod certificates;
mod dangerous;
mod exchange;
mod files;
mod handshakes;
mod identities;
mod kept;
mod names;
mod peer;
mod pins;

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::peer::{Authority, Pair, Peer, Secured, connect, target};
use super::*;
use crate::connect::Stream;
use crate::{Error, ErrorKind};

/// A configuration that has cryptography whatever the crate is built with.
fn config() -> TlsConfig {
    let config = TlsConfig::new();
    #[cfg(not(any(feature = "tls", feature = "tls-ring")))]
    let config = dangerous_raw::with_provider(
        config,
        Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
    );
    config
}

/// One that believes that authority alone.
fn trusting(authority: &Authority) -> TlsConfig {
    config().roots(Roots::OwnOnly).add_root_pem(authority.pem())
}

/// Shakes hands with `quay.test`, over a stream that leads to whoever it is.
async fn shake(config: &TlsConfig, stream: Stream) -> Result<Secured, Error> {
    let target = target("quay.test");
    config.connect(stream, &target, &[b"http/1.1"]).await
}

/// The error of a connection to `quay.test`.
async fn failure(config: &TlsConfig, peer: Peer) -> Error {
    connect(config, "quay.test", peer).await.unwrap_err()
}

#[test]
fn clones_are_one_and_changed_ones_are_not() {
    let one = config();
    let clone = one.clone();
    assert_eq!(one.id(), clone.id());
    let other = clone.server_name("quay.test".to_owned());
    assert_ne!(one.id(), other.id());
    assert_ne!(one.id(), config().id());
}

#[test]
fn a_configuration_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<TlsConfig>();
    shared::<TlsInfo>();
}

#[test]
fn debug_shows_settings_and_no_secrets() {
    let pair = Authority::new("quay").issue(&["quay.test"]);
    let config = config()
        .add_root_file("/etc/app/roots.pem")
        .identity(Identity::pem(pair.certificate, pair.key))
        .pin_certificate([7; 32]);
    let text = format!("{config:?}");
    for part in [
        "System",
        "/etc/app/roots.pem",
        "(in memory)",
        "Tls12",
        "07070707",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("BEGIN"), "{text}");
}

#[cfg(not(any(feature = "tls", feature = "tls-ring")))]
#[test]
fn without_cryptography_there_is_an_error_and_no_panic() {
    let error = TlsConfig::new().check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(text.contains("enable the feature `tls`"), "{text}");
}

#[cfg(feature = "tls-ring")]
#[tokio::test]
async fn with_two_kinds_of_cryptography_in_the_program_either_works() {
    let authority = Authority::new("quay");
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let aws = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let pair = authority.issue(&["quay.test"]);
    for config in [
        trusting(&authority),
        dangerous_raw::with_provider(trusting(&authority), ring),
        dangerous_raw::with_provider(trusting(&authority), aws),
    ] {
        config.check().unwrap();
        connect(&config, "quay.test", Peer::new(&pair))
            .await
            .unwrap();
    }
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
