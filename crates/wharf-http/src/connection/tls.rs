//! [`TlsInfo`] and [`PeerCertificate`], what is known of an encrypted connection and of who is at its other end.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

/// How a connection is encrypted. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    version: Cow<'static, str>,
    cipher_suite: Cow<'static, str>,
    server_name: Option<Arc<str>>,
    protocol: Option<Arc<str>>,
    resumed: bool,
}

impl TlsInfo {
    /// Creates the description of an encryption, such as `TLSv1.3` with `TLS13_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn new(
        version: impl Into<Cow<'static, str>>,
        cipher_suite: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            version: version.into(),
            cipher_suite: cipher_suite.into(),
            server_name: None,
            protocol: None,
            resumed: false,
        }
    }

    /// Sets the host name that the client asked for. Default: `None`.
    #[must_use]
    pub fn with_server_name(mut self, name: impl Into<Option<String>>) -> Self {
        self.server_name = name.into().map(Arc::from);
        self
    }

    /// Sets the protocol that was agreed on. Default: `None`.
    #[must_use]
    pub fn with_protocol(mut self, protocol: impl Into<Option<String>>) -> Self {
        self.protocol = protocol.into().map(Arc::from);
        self
    }

    /// Sets whether an earlier session was taken up again. Default: `false`.
    #[must_use]
    pub fn with_resumed(mut self, resumed: bool) -> Self {
        self.resumed = resumed;
        self
    }

    /// Returns the version, `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the cipher suite by the name that rustls gives it.
    #[must_use]
    pub fn cipher_suite(&self) -> &str {
        &self.cipher_suite
    }

    /// Returns the host name that the client asked for, in lower case (SNI, RFC 6066 §3).
    ///
    /// It chose the certificate; what a request is for is still said by its `Host` field.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Returns the protocol that was agreed on, such as `h2` or `http/1.1` (ALPN, RFC 7301).
    ///
    /// `None` when the client named none, and it speaks HTTP/1 then.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Tells whether an earlier session was taken up again, which saves the client's certificate check too.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }
}

/// The certificate by which a client has proved who it is. Cheap to clone.
///
/// A server only gives one that it has verified: the client has its key, and a root that the server trusts for clients
/// has signed it. Which names may do what is for the application to decide.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use wharf_http::Connection;
/// use wharf_http::connection::PeerCertificate;
///
/// // As a test makes one; a server reads it from the wire.
/// let now = SystemTime::now();
/// let certificate = PeerCertificate::new(b"DER".as_slice(), now..=now + Duration::from_secs(60))
///     .with_uris(["spiffe://quay.test/crane"]);
/// let connection = Connection::memory().with_peer_certificate(certificate);
/// let certificate = connection.peer_certificate().expect("it was set");
/// assert_eq!(certificate.uris(), ["spiffe://quay.test/crane"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    inner: Arc<Certificate>,
}

#[derive(Clone, PartialEq, Eq)]
struct Certificate {
    der: Bytes,
    valid: RangeInclusive<SystemTime>,
    serial: String,
    subject: String,
    issuer: String,
    common_name: Option<String>,
    dns_names: Vec<String>,
    uris: Vec<String>,
    emails: Vec<String>,
}

impl PeerCertificate {
    /// Creates a certificate of which nothing is known but its bytes and when it is valid.
    #[must_use]
    pub fn new(der: impl Into<Bytes>, valid: RangeInclusive<SystemTime>) -> Self {
        Self {
            inner: Arc::new(Certificate {
                der: der.into(),
                valid,
                serial: String::new(),
                subject: String::new(),
                issuer: String::new(),
                common_name: None,
                dns_names: Vec::new(),
                uris: Vec::new(),
                emails: Vec::new(),
            }),
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Certificate)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Sets the serial number, in lower-case hexadecimal digits. Default: empty.
    #[must_use]
    pub fn with_serial(self, serial: impl Into<String>) -> Self {
        self.change(|inner| inner.serial = serial.into())
    }

    /// Sets whom the certificate is for, as RFC 4514 writes it. Default: empty.
    #[must_use]
    pub fn with_subject(self, subject: impl Into<String>) -> Self {
        self.change(|inner| inner.subject = subject.into())
    }

    /// Sets who has signed it, as RFC 4514 writes it. Default: empty.
    #[must_use]
    pub fn with_issuer(self, issuer: impl Into<String>) -> Self {
        self.change(|inner| inner.issuer = issuer.into())
    }

    /// Sets the common name of the subject. Default: `None`.
    #[must_use]
    pub fn with_common_name(self, name: impl Into<Option<String>>) -> Self {
        self.change(|inner| inner.common_name = name.into())
    }

    /// Sets the host names. Default: none.
    #[must_use]
    pub fn with_dns_names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.change(|inner| inner.dns_names = names.into_iter().map(Into::into).collect())
    }

    /// Sets the URIs. Default: none.
    #[must_use]
    pub fn with_uris(self, uris: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.change(|inner| inner.uris = uris.into_iter().map(Into::into).collect())
    }

    /// Sets the mail addresses. Default: none.
    #[must_use]
    pub fn with_emails(self, emails: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.change(|inner| inner.emails = emails.into_iter().map(Into::into).collect())
    }

    /// Returns the certificate as it came, in DER.
    #[must_use]
    pub fn der(&self) -> &Bytes {
        &self.inner.der
    }

    /// Returns the common name of the subject, an old place for what now belongs in one of the lists of names.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.inner.common_name.as_deref()
    }

    /// Returns the host names that the certificate is for (RFC 5280 §4.2.1.6).
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.inner.dns_names
    }

    /// Returns the URIs that the certificate is for, such as a SPIFFE ID.
    #[must_use]
    pub fn uris(&self) -> &[String] {
        &self.inner.uris
    }

    /// Returns the mail addresses that the certificate is for.
    #[must_use]
    pub fn emails(&self) -> &[String] {
        &self.inner.emails
    }

    /// Returns the serial number in lower-case hexadecimal digits, unique among those of one issuer.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.inner.serial
    }

    /// Returns whom the certificate is for, as RFC 4514 writes it: `CN=crane,O=Quay`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.inner.subject
    }

    /// Returns who has signed it, as RFC 4514 writes it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// Returns since when it is valid.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        *self.inner.valid.start()
    }

    /// Returns until when it is valid. It was when the connection began; a long one may outlive it.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        *self.inner.valid.end()
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate")
            .field("subject", &self.inner.subject)
            .field("issuer", &self.inner.issuer)
            .field("serial", &self.inner.serial)
            .field("dns_names", &self.inner.dns_names)
            .field("uris", &self.inner.uris)
            .field("emails", &self.inner.emails)
            .finish_non_exhaustive()
    }
}
