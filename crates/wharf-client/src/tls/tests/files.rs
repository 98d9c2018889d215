//! Files and the roots of the system: when they are read, how often, and what is said when they cannot be.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustls::RootCertStore;
use rustls_native_certs::CertificateResult;

use super::*;
use crate::tls::roots::add_system;

/// A directory that is removed in the end.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("wharf-client-tls-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn files_are_read_at_the_first_connection_that_finds_them_good_and_no_more() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let directory = Directory::new("roots");
    let path = directory.path("roots.pem");
    let config = config().roots(Roots::OwnOnly).add_root_file(&path);
    config.check().unwrap();

    let error = failure(&config, Peer::new(&pair)).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(
        text.contains("could not read the root certificates"),
        "{text}"
    );
    assert!(text.contains("roots.pem: No such file"), "{text}");
    fs::write(&path, "nothing in here").unwrap();
    let text = failure(&config, Peer::new(&pair)).await.to_string();
    assert!(text.contains("there is no certificate in PEM in"), "{text}");

    fs::write(&path, authority.pem()).unwrap();
    connect(&config, "quay.test", Peer::new(&pair))
        .await
        .unwrap();
    fs::remove_file(&path).unwrap();
    connect(&config.clone(), "quay.test", Peer::new(&pair))
        .await
        .unwrap();
    let error = failure(&config.send_server_name(true), Peer::new(&pair)).await;
    assert_eq!(error.kind(), ErrorKind::Config);
}

/// A pipe gives its text to one reader only, and makes that one wait until somebody writes.
#[cfg(unix)]
#[tokio::test]
async fn those_who_come_while_files_are_read_wait_even_when_the_first_one_leaves() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let directory = Directory::new("pipe");
    let path = directory.path("roots.pem");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let config = config().roots(Roots::OwnOnly).add_root_file(&path);

    let first = tokio::spawn({
        let (config, peer) = (config.clone(), Peer::new(&pair));
        async move { connect(&config, "quay.test", peer).await.map(drop) }
    });
    // Opening the pipe to write waits until the reading has begun.
    let open = path.clone();
    let opened = tokio::task::spawn_blocking(move || fs::File::create(open));
    let mut pipe = opened.await.unwrap().unwrap();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let others: Vec<_> = (0..3)
        .map(|_| {
            let (config, peer) = (config.clone(), Peer::new(&pair));
            tokio::spawn(async move { connect(&config, "quay.test", peer).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    std::io::Write::write_all(&mut pipe, authority.pem().as_bytes()).unwrap();
    drop(pipe);
    for other in others {
        other.await.unwrap().unwrap();
    }
}

#[test]
fn a_system_without_roots_is_an_error_that_tells_what_to_do() {
    let mut store = RootCertStore::empty();
    let error = add_system(&mut store, CertificateResult::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert_eq!(
        error.to_string(),
        "could not agree on TLS: no root certificates found on this machine: install them (the package is mostly called \
         ca-certificates), name their place in SSL_CERT_FILE or SSL_CERT_DIR, or choose `Roots::Bundled` or \
         `Roots::OwnOnly`"
    );
    // Own ones are enough, and one in the system that cannot be read does no harm.
    let mut own = RootCertStore::empty();
    own.add(Authority::new("quay").der()).unwrap();
    let mut found = CertificateResult::default();
    found
        .certs
        .push(rustls::pki_types::CertificateDer::from(vec![1, 2, 3]));
    add_system(&mut own, found).unwrap();
    assert_eq!(own.len(), 1);
}

/// Runs a test of this file with the roots of the system in another place: the environment of this process is nobody's.
fn again(test: &str, roots: &std::path::Path) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            &format!("tls::tests::files::{test}"),
            "--exact",
            "--ignored",
        ])
        .env("SSL_CERT_FILE", roots)
        .env("SSL_CERT_DIR", roots.parent().unwrap().join("nothing"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[cfg(unix)]
#[test]
fn the_roots_of_the_system_are_those_that_openssl_has() {
    let directory = Directory::new("system");
    let path = directory.path("system.pem");
    let authority = Authority::new("quay");
    fs::write(&path, authority.pem()).unwrap();
    let pair = authority.issue(&["quay.test"]);
    fs::write(directory.path("certificate"), &pair.certificate).unwrap();
    fs::write(directory.path("key"), &pair.key).unwrap();
    again("a_machine_with_one_root", &path);
    again("a_machine_without_roots", &directory.path("absent"));
}

#[tokio::test]
#[ignore = "run by another test, in an environment of its own"]
async fn a_machine_with_one_root() {
    let directory = PathBuf::from(std::env::var_os("SSL_CERT_FILE").unwrap());
    let read = |name| fs::read_to_string(directory.with_file_name(name)).unwrap();
    let pair = Pair {
        certificate: read("certificate"),
        key: read("key"),
    };
    connect(&config(), "quay.test", Peer::new(&pair))
        .await
        .unwrap();
    let stranger = Authority::new("stranger");
    let other = stranger.issue(&["quay.test"]);
    let error = failure(&config(), Peer::new(&other)).await;
    assert_eq!(error.kind(), ErrorKind::Certificate);
    // Own ones come on top.
    let both = config().add_root_pem(stranger.pem());
    connect(&both, "quay.test", Peer::new(&other))
        .await
        .unwrap();
    connect(&both, "quay.test", Peer::new(&pair)).await.unwrap();
    let own = config().roots(Roots::OwnOnly).add_root_pem(stranger.pem());
    failure(&own, Peer::new(&pair)).await;
}

#[tokio::test]
#[ignore = "run by another test, in an environment of its own"]
async fn a_machine_without_roots() {
    let authority = Authority::new("quay");
    let pair = authority.issue(&["quay.test"]);
    let error = failure(&config(), Peer::new(&pair)).await;
    assert_eq!(error.kind(), ErrorKind::Tls);
    let text = error.to_string();
    assert!(
        text.contains("no root certificates found on this machine ("),
        "{text}"
    );
    let own = config().add_root_pem(authority.pem());
    connect(&own, "quay.test", Peer::new(&pair)).await.unwrap();
}

#[tokio::test]
async fn bundled_roots_are_there_with_their_feature() {
    let config = config().roots(Roots::Bundled);
    let pair = Authority::new("quay").issue(&["quay.test"]);
    if cfg!(feature = "bundled-roots") {
        config.check().unwrap();
        let error = failure(&config, Peer::new(&pair)).await;
        assert_eq!(error.kind(), ErrorKind::Certificate);
        let store = Roots::Bundled.load(&[]).unwrap();
        assert!(store.len() > 50, "{}", store.len());
    } else {
        let error = config.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(
            text.contains("enable the feature `bundled-roots`"),
            "{text}"
        );
    }
}

#[test]
fn nobody_to_believe_is_an_error_of_the_setting() {
    let error = config().roots(Roots::OwnOnly).check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let broken = config().add_root_pem("-----BEGIN CERTIFICATE-----\nAAAA");
    let text = broken.check().unwrap_err().to_string();
    assert!(text.contains("it breaks off before an END line"), "{text}");
}
