//! Certificates for one test, made when it runs, and clients that believe them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SerialNumber,
};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};

/// Signs certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) serial: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Signs a certificate for host names and IP addresses.
    pub(crate) fn issue(&self, names: &[&str]) -> Pair {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        self.sign(CertificateParams::new(names).unwrap())
    }

    pub(crate) fn sign(&self, mut params: CertificateParams) -> Pair {
        static SERIAL: AtomicU64 = AtomicU64::new(0x1000);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        params.serial_number = Some(SerialNumber::from(serial));
        self.sign_for(&params, &KeyPair::generate().unwrap(), serial)
    }

    /// Signs a certificate for an Ed25519 key in place of an ECDSA one.
    pub(crate) fn issue_ed25519(&self, names: &[&str]) -> Pair {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.serial_number = Some(SerialNumber::from(0x7000));
        self.sign_for(
            &params,
            &KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
            0x7000,
        )
    }

    fn sign_for(&self, params: &CertificateParams, key: &KeyPair, serial: u64) -> Pair {
        Pair {
            certificate: params.signed_by(key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
            serial: format!("{serial:x}"),
        }
    }

    /// Makes a client that believes this authority, and shows `pair` where it is asked who it is.
    pub(crate) fn client(&self, pair: Option<&Pair>) -> ClientConfig {
        self.client_of(pair, true)
    }

    /// Makes a client that speaks no TLS 1.3.
    pub(crate) fn old_client(&self) -> ClientConfig {
        self.client_of(None, false)
    }

    /// Makes a client with cryptography of its own.
    pub(crate) fn client_with(&self, provider: CryptoProvider) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }

    fn client_of(&self, pair: Option<&Pair>, new: bool) -> ClientConfig {
        let versions: &[_] = if new { &[&TLS13, &TLS12] } else { &[&TLS12] };
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots());
        match pair {
            Some(pair) => builder
                .with_client_auth_cert(vec![pair.der()], pair.key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        }
    }
}

impl Pair {
    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}
