//! Servers to connect to, and certificates for them, made when a test runs.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::super::TlsConfig;
pub(super) use super::super::handshake::Secured;
use crate::Error;
use crate::connect::{Stream, Target};

/// Signs certificates.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub(super) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// Uses the certificate of the authority itself.
    pub(super) fn pair(&self) -> Pair {
        Pair {
            certificate: self.pem(),
            key: self.issuer.key().serialize_pem(),
        }
    }

    /// Signs a certificate for host names and IP addresses.
    pub(super) fn issue(&self, names: &[&str]) -> Pair {
        self.issue_with(names, |_| {})
    }

    pub(super) fn issue_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Pair {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.serial_number = Some(SerialNumber::from(0x1000));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Pair {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// Lists serial numbers as revoked, until the first day of a year.
    pub(super) fn revoke(&self, serials: &[u64], until: i32) -> String {
        let revoked = serials.iter().map(|&serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

impl Pair {
    pub(super) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

/// A server.
#[derive(Clone)]
pub(super) struct Peer {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<Vec<u8>>,
    clients: Option<CertificateDer<'static>>,
}

impl Peer {
    pub(super) fn new(pair: &Pair) -> Self {
        Self {
            chain: vec![pair.der()],
            key: Arc::new(pair.key()),
            versions: vec![&version::TLS12, &version::TLS13],
            protocols: Vec::new(),
            clients: None,
        }
    }

    /// Sends another certificate after its own.
    pub(super) fn also(mut self, certificate: CertificateDer<'static>) -> Self {
        self.chain.push(certificate);
        self
    }

    pub(super) fn only(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    pub(super) fn protocols(mut self, names: &[&str]) -> Self {
        self.protocols = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        self
    }

    /// Demands certificates that this authority has signed.
    pub(super) fn clients(mut self, authority: &Authority) -> Self {
        self.clients = Some(authority.der());
        self
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .unwrap();
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(root) => {
                let mut roots = RootCertStore::empty();
                roots.add(root.clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let mut config = builder
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .unwrap();
        config.alpn_protocols.clone_from(&self.protocols);
        Arc::new(config)
    }

    /// Waits for one client in memory.
    pub(super) fn start(&self) -> (Stream, Accepting) {
        start(self.config())
    }
}

type Accepting = JoinHandle<std::io::Result<TlsStream<DuplexStream>>>;

pub(super) fn start(config: Arc<ServerConfig>) -> (Stream, Accepting) {
    let (near, far) = duplex(64 * 1024);
    let accepting = tokio::spawn(TlsAcceptor::from(config).accept(far).into_future());
    (Stream::new(near), accepting)
}

pub(super) fn target(host: &str) -> Target {
    Target::new(host, 443)
}

/// Connects to a server in memory, which answers `hi` to whatever comes first, and checks that the answer arrives.
pub(super) async fn connect(config: &TlsConfig, host: &str, peer: Peer) -> Result<Secured, Error> {
    let (stream, accepting) = peer.start();
    let answering = tokio::spawn(async move {
        let mut stream = accepting.await.unwrap()?;
        let _word = stream.read(&mut [0; 16]).await?;
        stream.write_all(b"hi").await?;
        stream.shutdown().await
    });
    let mut secured = config
        .connect(stream, &target(host), &[b"http/1.1"])
        .await?;
    secured.stream.write_all(b"hello").await.unwrap();
    let mut answer = String::new();
    secured.stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "hi");
    answering.await.unwrap().unwrap();
    Ok(secured)
}
