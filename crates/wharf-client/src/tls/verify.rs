//! [`Verifier`], which decides whether a server is who it has to be.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::hash::Hash;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::config::Settings;
use super::pem::invalid;
use super::pin::Pins;
use super::provider::sha256;
use crate::Error;

/// Verifies servers: their certificates first, then whether they have one of the pins.
pub(super) struct Verifier {
    certificates: Certificates,
    pins: Option<(Pins, &'static dyn Hash)>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// What has to be true of a certificate.
enum Certificates {
    /// All of it.
    Good(Arc<WebPkiServerVerifier>),
    /// All but the name.
    OfAnyName(Arc<RootCertStore>),
    /// Nothing.
    Any,
}

impl Verifier {
    /// Reads roots and revocation lists.
    pub(super) fn load(settings: &Settings, provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        let pins = match settings.pins.is_empty() {
            true => None,
            false => Some((settings.pins.clone(), sha256(provider)?)),
        };
        Ok(Self {
            certificates: Certificates::load(settings, provider)?,
            pins,
            algorithms: provider.signature_verification_algorithms,
        })
    }

    /// Tells whether it matters that the server has the key of its certificate: what nobody looks at proves nothing, and
    /// may be of a kind that cannot be read, such as version 1.
    fn ignores_signatures(&self) -> bool {
        matches!(self.certificates, Certificates::Any) && self.pins.is_none()
    }
}

impl Certificates {
    fn load(settings: &Settings, provider: &Arc<CryptoProvider>) -> Result<Self, Error> {
        if settings.any_certificate {
            return Ok(Self::Any);
        }
        let roots = Arc::new(settings.roots.load(&settings.own_roots)?);
        if settings.any_host_name {
            return Ok(Self::OfAnyName(roots));
        }
        let mut builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .enforce_revocation_expiration();
        for source in &settings.revocation_lists {
            builder = builder.with_crls(source.revocation_lists()?);
        }
        let verifier = builder.build().map_err(|cause| {
            invalid(format!(
                "could not use the roots or the revocation lists: {cause}"
            ))
        })?;
        Ok(Self::Good(verifier))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.certificates {
            Certificates::Good(verifier) => {
                verifier.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                )?;
            }
            Certificates::OfAnyName(roots) => verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.algorithms.all,
            )?,
            Certificates::Any => {}
        }
        if let Some((pins, sha256)) = &self.pins {
            pins.check(end_entity, *sha256)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.ignores_signatures() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.ignores_signatures() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("pins", &self.pins.as_ref().map(|(pins, _)| pins))
            .finish_non_exhaustive()
    }
}
