//! Why there is no encrypted connection, in words that tell what to do.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, InvalidMessage, PeerIncompatible};

use crate::{Error, ErrorKind};

/// How many names of a certificate are printed, and how much of each: it may have thousands.
const NAMES: (usize, usize) = (5, 100);

/// The last second of the year 9999, after which there are no dates to print.
const LAST_SECOND: u64 = 253_402_300_799;

/// Why a handshake came to nothing.
pub(super) fn of_handshake(cause: io::Error) -> Error {
    match of_rustls(&cause) {
        Some(rustls::Error::InvalidCertificate(wrong)) => {
            Error::new(ErrorKind::Certificate).because(certificate(wrong))
        }
        Some(rustls::Error::NoCertificatesPresented) => {
            Error::new(ErrorKind::Certificate).because("the server showed none")
        }
        Some(error) => Error::new(ErrorKind::Tls).because(disagreement(error)),
        None if cause.kind() == io::ErrorKind::UnexpectedEof => {
            let why = "the server closed the connection during the handshake";
            Error::new(ErrorKind::Tls).because(io::Error::new(cause.kind(), why))
        }
        None => Error::new(ErrorKind::Tls).because(cause),
    }
}

/// Why the first read failed after a handshake that was good as far as this side knew.
pub(super) fn after_handshake(cause: io::Error) -> io::Error {
    match of_rustls(&cause) {
        Some(&rustls::Error::AlertReceived(description)) => {
            io::Error::new(io::ErrorKind::ConnectionAborted, Refusal(description))
        }
        _ => cause,
    }
}

/// The alert of a server that has not answered anything yet.
#[derive(Debug)]
struct Refusal(AlertDescription);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&alert(self.0))
    }
}

impl StdError for Refusal {}

/// Finds among the causes of a failed exchange that the server has refused the handshake after all, as a server of TLS 1.3
/// does that wants another certificate. The request has then not been seen.
pub(crate) fn refusal(cause: &(dyn StdError + 'static)) -> Option<Error> {
    std::iter::successors(Some(cause), |&cause| cause.source())
        .filter_map(|cause| cause.downcast_ref::<io::Error>()?.get_ref())
        .find_map(|inner| inner.downcast_ref::<Refusal>())
        .map(|refusal| Error::new(ErrorKind::Tls).because(refusal.to_string()))
}

fn of_rustls(cause: &io::Error) -> Option<&rustls::Error> {
    cause.get_ref()?.downcast_ref()
}

/// What is wrong with a certificate; the sentence goes on from "the certificate is not valid".
fn certificate(wrong: &CertificateError) -> String {
    match wrong {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it has expired on {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "it is not valid before {} by the clock of this machine",
            date(*not_before)
        ),
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => {
            format!("it is for {}, not for {}", names(presented), expected.to_str())
        }
        CertificateError::UnknownIssuer => {
            "it leads to no root that is trusted here: its authority is another, or the server does not send the \
             certificates between (see `TlsConfig::add_root_file`)"
                .to_owned()
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::UnknownRevocationStatus => {
            "none of the revocation lists covers it".to_owned()
        }
        CertificateError::ExpiredRevocationListContext { next_update, .. } => format!(
            "the revocation list that covers it ended on {}",
            date(*next_update)
        ),
        CertificateError::InvalidPurposeContext { .. } | CertificateError::InvalidPurpose => {
            "it is not for servers (extended key usage)".to_owned()
        }
        CertificateError::BadEncoding => "it is malformed".to_owned(),
        CertificateError::BadSignature => {
            "a signature is wrong, its own or that of the handshake".to_owned()
        }
        // The verifier below rustls has names only, and its types are not ours to know.
        CertificateError::Other(other) => match other.to_string() {
            name if name == "CaUsedAsEndEntity" => {
                "it is that of an authority (CA:TRUE), which cannot be a server's as well: sign one for the server with it"
                    .to_owned()
            }
            name if name == "UnsupportedCertVersion" => {
                "it is of version 1 or 2 of X.509, which have no host names".to_owned()
            }
            text => text,
        },
        // rustls has a sentence for some, and names that are almost sentences for the rest.
        other => other.to_string(),
    }
}

fn date(time: UnixTime) -> String {
    let seconds = Duration::from_secs(time.as_secs().min(LAST_SECOND));
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + seconds)
}

/// Lists the names of a certificate, which rustls hands out as `DnsName("quay.test")`.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no host".to_owned();
    }
    let bare = |name: &String| {
        let inner = name
            .split_once('(')
            .and_then(|(_, name)| name.strip_suffix(')'));
        let inner = inner.unwrap_or(name).trim_matches('"');
        if let Ok(address) = inner.parse::<IpAddr>() {
            return address.to_string();
        }
        inner.chars().take(NAMES.1).collect::<String>()
    };
    let shown: Vec<_> = presented.iter().take(NAMES.0).map(bare).collect();
    match presented.len().saturating_sub(NAMES.0) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What the two ends do not agree on.
fn disagreement(error: &rustls::Error) -> String {
    match error {
        rustls::Error::AlertReceived(description) => alert(*description),
        // Nothing but a record of TLS has such a first byte: `HTTP/1.1 400` has not.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not speak TLS on this port: is it http:// there?".to_owned()
        }
        rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::ServerDoesNotSupportTls12Or13,
        ) => "the server speaks no version of TLS that is allowed here".to_owned(),
        other => other.to_string(),
    }
}

/// What an alert of the server says (RFC 8446 §6.2).
fn alert(description: AlertDescription) -> String {
    let meaning = match description {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            "it wants a certificate of the client (see `TlsConfig::identity`)"
        }
        AlertDescription::HandshakeFailure => {
            "no version or cipher suite is common to both, or it wants a certificate of the client"
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => "it does not accept the certificate of the client",
        AlertDescription::ProtocolVersion => "it speaks no version of TLS that is allowed here",
        AlertDescription::UnrecognisedName => "it has no certificate for this name",
        AlertDescription::NoApplicationProtocol => {
            "it speaks none of the protocols that were offered"
        }
        _ => "",
    };
    let name = description.as_str().unwrap_or("unknown");
    match meaning {
        "" => format!("the server refused with the alert {name}"),
        meaning => format!("the server refused with the alert {name}: {meaning}"),
    }
}
