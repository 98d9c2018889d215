//! The program, as its first lines say it is used.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../program.rs"]
mod program;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use program::Program;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A certificate that has signed itself, and its key, in PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }

    fn write(&self, folder: &Path) {
        fs::write(folder.join("cert.pem"), &self.certificate).unwrap();
        fs::write(folder.join("key.pem"), &self.key).unwrap();
    }
}

/// A folder that is removed with everything in it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// Asks a server of which `believed` is the certificate; `None` when it shows another.
fn ask(address: &str, believed: &Pair, who: Option<&Pair>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(believed.der()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match who {
        Some(pair) => {
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            builder
                .with_client_auth_cert(vec![pair.der()], key)
                .unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(client, TcpStream::connect(address).unwrap());
    let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Some(answer)
}

#[test]
fn it_speaks_tls_and_takes_up_a_new_certificate() {
    let folder = std::env::temp_dir().join(format!("wharf-tls-reload-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let folder = Folder(folder);
    let (first, second, crane) = (
        Pair::new("localhost"),
        Pair::new("localhost"),
        Pair::new("crane"),
    );
    first.write(&folder.0);
    fs::write(folder.0.join("clients.pem"), &crane.certificate).unwrap();

    let mut command = Command::new(env!("CARGO_BIN_EXE_tls-reload"));
    command
        .current_dir(&folder.0)
        .args(["--bind", "tls:127.0.0.1:0"]);
    let program = Program::start(&mut command);
    let answer = ask(&program.address, &first, None).unwrap();
    assert!(
        answer.ends_with("\r\n\r\nHello, stranger, over TLSv1.3!\n"),
        "{answer}"
    );
    let answer = ask(&program.address, &first, Some(&crane)).unwrap();
    assert!(
        answer.ends_with("\r\n\r\nHello, crane, over TLSv1.3!\n"),
        "{answer}"
    );
    let answer = program.send("GET", "/", "");
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with("try https://localhost/\n"), "{answer}");

    second.write(&folder.0);
    let begun = Instant::now();
    while ask(&program.address, &second, None).is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the old certificate is still shown"
        );
    }
    program.stop("TERM");
}
