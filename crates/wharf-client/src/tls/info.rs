//! [`TlsInfo`], what a client knows of an encrypted connection.

use std::sync::Arc;

use bytes::Bytes;
use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};
use wharf_http::connection;

/// How a connection is encrypted, and by whom at the other end. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    inner: Arc<Inner>,
}

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    tls: connection::TlsInfo,
    certificate: Option<Bytes>,
}

impl TlsInfo {
    pub(super) fn of(session: &ClientConnection) -> Self {
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "unknown",
        };
        let suite = session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str());
        let protocol = session
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned());
        let tls = connection::TlsInfo::new(version, suite.unwrap_or("unknown"))
            .with_protocol(protocol)
            .with_resumed(session.handshake_kind() == Some(HandshakeKind::Resumed));
        let shown = session.peer_certificates().and_then(|chain| chain.first());
        Self {
            inner: Arc::new(Inner {
                tls,
                certificate: shown.map(|der| Bytes::copy_from_slice(der)),
            }),
        }
    }

    /// Returns the version, `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.inner.tls.version()
    }

    /// Returns the cipher suite by the name that rustls gives it.
    #[must_use]
    pub fn cipher_suite(&self) -> &str {
        self.inner.tls.cipher_suite()
    }

    /// Returns the protocol that was agreed on, such as `h2` or `http/1.1` (ALPN, RFC 7301).
    ///
    /// `None` when the server chose none, and it speaks HTTP/1 then.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.inner.tls.protocol()
    }

    /// Tells whether an earlier session was taken up again; the certificate is then the one that was shown at its start.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.inner.tls.is_resumed()
    }

    /// Returns the certificate of the server in DER.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&Bytes> {
        self.inner.certificate.as_ref()
    }
}
