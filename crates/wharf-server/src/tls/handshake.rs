//! [`Acceptor`], from the first byte of a connection to one that is encrypted, or refused.
//!
//! The first byte tells whether a client speaks TLS at all. One that speaks plain HTTP is read a little longer, so that
//! its request can be answered and logged. All of it happens in the connection's own task and within one time limit.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use rustls::{HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream as Encrypted;
use wharf_http::connection::{PeerCertificate, TlsInfo};
use wharf_http::service::{Rejected, RejectedKind};
use wharf_http::{Connection, Service};

use super::certificate::Details;
use super::reload::Managed;
use crate::conn::{CORK, ConnectionConfig, Settings, reject_connection};
use crate::listener::Stream;
use crate::prefixed::Prefixed;
use crate::shutdown::until;

/// An accepted connection that is encrypted.
pub(crate) type TlsStream = Encrypted<Prefixed<Stream>>;

/// How much is read at once: most first messages fit.
const FIRST_READ: usize = 2048;

/// How many encrypted bytes may wait for a slow client: as much as is written at once and a record more, so that it leaves by one
/// call; no more, since time limits see only what the socket takes.
const WAITING: usize = CORK + 16 * 1024;

/// How long a client whose handshake failed may take to read why, and how many bytes of its own are read meanwhile.
const LAST_WORD: (Duration, usize) = (Duration::from_secs(1), 64 * 1024);

/// What makes TLS connections of the plain ones of a listener.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor(pub(super) Arc<Managed>);

impl Acceptor {
    /// Encrypts a connection. `None` when that came to nothing; whatever there was to say of it has been said.
    pub(crate) async fn secure<S: Service>(
        &self,
        stream: Stream,
        connection: Connection,
        config: &ConnectionConfig<S>,
    ) -> Option<(Stream, Connection)> {
        let server = self.0.server();
        let settings = config.settings();
        let limit = settings.timeouts.tls_handshake;
        // Pinned here and lent: it is large, and would be copied into whatever awaits it.
        let shaking = pin!(shake(
            stream,
            server,
            limit,
            settings.limits.request_head_size
        ));
        // Nobody waits for an answer yet: a shutdown does not wait for them either.
        let shutdown = connection.shutdown().clone();
        let reason = match until(shaking, shutdown.fired()).await? {
            Shaken::Secured(mut stream) => {
                stream.get_mut().1.set_buffer_limit(Some(WAITING));
                match describe(stream.get_ref().1) {
                    Ok((tls, certificate)) => {
                        let connection =
                            connection.with_tls(tls).with_peer_certificate(certificate);
                        return Some((Stream::Tls(stream), connection));
                    }
                    Err(reason) => reason,
                }
            }
            Shaken::Plain { io, head } => {
                let rejected = plain(head, connection);
                let _end = reject_connection(io, &rejected, config).await;
                return None;
            }
            Shaken::Late => "it was not done in time".to_owned(),
            Shaken::Failed { reason, mut io } => {
                failed(&connection, &reason, settings);
                let parting = timeout(LAST_WORD.0, part(&mut io));
                let _cut = until(parting, shutdown.fired()).await;
                return None;
            }
            Shaken::Gone => return None,
        };
        failed(&connection, &reason, settings);
        None
    }
}

/// Counts and logs a handshake that failed. Whoever is on the internet has many: they are no news.
fn failed(connection: &Connection, reason: &str, settings: &Settings) {
    settings.stats.tls_handshake_failed();
    tracing::debug!(
        target: "wharf::server",
        peer = %connection.peer(),
        "a TLS handshake failed: {reason}"
    );
}

/// What became of a connection.
pub(super) enum Shaken<IO> {
    Secured(Box<Encrypted<Prefixed<IO>>>),
    /// The client speaks plain HTTP; as much of its request head as there is.
    Plain {
        io: IO,
        head: Vec<u8>,
    },
    /// The handshake failed, and why; the client has been sent an alert.
    Failed {
        reason: String,
        io: Prefixed<IO>,
    },
    /// Time was up.
    Late,
    /// The client left without a word, as load balancers do that only look whether somebody listens.
    Gone,
}

/// Shakes hands within `limit`.
pub(super) async fn shake<IO>(
    mut io: IO,
    server: Arc<ServerConfig>,
    limit: Option<Duration>,
    head_size: usize,
) -> Shaken<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    // A limit that reaches beyond the end of time is none.
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut first = Vec::new();
    match before(deadline, read(&mut io, &mut first)).await {
        Some(Ok(1..)) => {}
        Some(Ok(0) | Err(_)) => return Shaken::Gone,
        None => return Shaken::Late,
    }
    // A method is a word; a handshake begins with 0x16 (RFC 8446 §5.1).
    if first.first().is_some_and(u8::is_ascii_alphabetic) {
        let mut seen = 0;
        while first.len() < head_size && !is_whole(&first[seen..]) {
            // An end may lie across two pieces.
            seen = first.len().saturating_sub(3);
            match before(deadline, read(&mut io, &mut first)).await {
                Some(Ok(1..)) => {}
                Some(Ok(0) | Err(_)) | None => break,
            }
        }
        return Shaken::Plain { io, head: first };
    }
    let accepting = TlsAcceptor::from(server).accept(Prefixed::new(first.into(), io));
    let shaking = pin!(accepting.into_fallible());
    match before(deadline, shaking).await {
        Some(Ok(stream)) => Shaken::Secured(Box::new(stream)),
        Some(Err((reason, io))) => Shaken::Failed {
            reason: reason.to_string(),
            io,
        },
        None => Shaken::Late,
    }
}

/// Closes so that the client gets to read the alert: a socket that is closed over unread bytes takes it back.
async fn part<IO: AsyncRead + AsyncWrite + Unpin>(io: &mut IO) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *io).poll_shutdown(cx)).await?;
    let mut unread = Vec::with_capacity(FIRST_READ);
    let mut left = LAST_WORD.1;
    while left > 0 {
        let read = read(io, &mut unread).await?;
        if read == 0 {
            break;
        }
        left = left.saturating_sub(read);
        unread.clear();
    }
    Ok(())
}

/// Waits for `future`, but not beyond `deadline`; `None` when that came first.
async fn before<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}

/// Reads what there is to the end of `bytes`.
async fn read<IO: AsyncRead + Unpin>(io: &mut IO, bytes: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|cx: &mut Context<'_>| {
        // Not outside, where it would be part of the future.
        let mut buffer = [MaybeUninit::uninit(); FIRST_READ];
        let mut read = ReadBuf::uninit(&mut buffer);
        ready!(Pin::new(&mut *io).poll_read(cx, &mut read))?;
        bytes.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
    .await
}

/// Tells whether a request head ends in these bytes.
fn is_whole(head: &[u8]) -> bool {
    head.windows(4).any(|end| end == b"\r\n\r\n") || head.windows(2).any(|end| end == b"\n\n")
}

/// The account of a request that came unencrypted.
fn plain(head: Vec<u8>, connection: Connection) -> Rejected {
    let reason = match host(&head) {
        Some(host) => {
            format!("this port speaks HTTPS, and the request came unencrypted: try https://{host}/")
        }
        None => "this port speaks HTTPS, and the request came unencrypted: write https:// in front"
            .to_owned(),
    };
    Rejected::new(
        RejectedKind::PlainOnTlsPort,
        reason,
        head.into(),
        connection,
    )
}

/// Finds the host that a request is for; nothing in it that a page could run.
fn host(head: &[u8]) -> Option<&str> {
    let mut lines = head.split(|&byte| byte == b'\n').skip(1);
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(5)?;
        name.eq_ignore_ascii_case(b"host:")
            .then(|| value.trim_ascii())
    })?;
    let of_a_host = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
    let good = !value.is_empty() && value.len() <= 255 && value.iter().all(of_a_host);
    good.then(|| std::str::from_utf8(value).ok())?
}

/// Tells what was agreed on, and who the client is.
fn describe(session: &ServerConnection) -> Result<(TlsInfo, Option<PeerCertificate>), String> {
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
    let tls = TlsInfo::new(version, suite.unwrap_or("unknown"))
        .with_server_name(session.server_name().map(str::to_owned))
        .with_protocol(protocol)
        .with_resumed(session.handshake_kind() == Some(HandshakeKind::Resumed));
    let shown = session.peer_certificates().and_then(|chain| chain.first());
    let now = SystemTime::now();
    let certificate = shown.map(|der| peer(der, now)).transpose()?;
    Ok((tls, certificate))
}

/// Reads a certificate that was verified. One that makes no sense here is refused: it may be read as somebody else.
pub(super) fn peer(der: &CertificateDer<'_>, now: SystemTime) -> Result<PeerCertificate, String> {
    let details = Details::read(der)
        .map_err(|malformed| format!("{malformed}, although its signature is good"))?;
    // A session can be resumed for some hours, and nobody looks at the certificate again.
    if details.not_after < now {
        return Err("the certificate of the client has expired since the session began".to_owned());
    }
    Ok(
        PeerCertificate::new(der.to_vec(), details.not_before..=details.not_after)
            .with_serial(details.serial)
            .with_subject(details.subject)
            .with_issuer(details.issuer)
            .with_common_name(details.common_name)
            .with_dns_names(details.dns_names)
            .with_uris(details.uris)
            .with_emails(details.emails),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function returns.
    fn size_of_result<A, B, C, D, F>(_function: impl FnOnce(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_handshake_that_has_begun_is_small() {
        let size = size_of_result(shake::<Stream>);
        assert!(
            size <= 2048,
            "{size} bytes: a buffer is part of the future, or something lies in memory twice"
        );
    }
}
