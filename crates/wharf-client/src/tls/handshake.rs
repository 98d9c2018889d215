//! From a plain stream to an encrypted one.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::stream::Encrypted;
use super::{TlsConfig, TlsInfo, failure};
use crate::connect::{Stream, Target};
use crate::{Error, ErrorKind};

/// How many encrypted bytes may wait for a slow server: little, since time limits see only what the socket takes.
const WAITING: usize = 16 * 1024;

/// A stream that is encrypted.
#[derive(Debug)]
pub(crate) struct Secured {
    pub(crate) stream: Stream,
    /// Whether HTTP/2 was agreed on; otherwise it is HTTP/1 (RFC 9113 §3.2).
    #[cfg_attr(
        not(any(test, feature = "http2")),
        expect(
            dead_code,
            reason = "a client that speaks one protocol offers no other"
        )
    )]
    pub(crate) http2: bool,
    pub(crate) info: TlsInfo,
}

impl TlsConfig {
    /// Shakes hands over `stream` with the server at `target`, to whom `alpn` is offered, the best first (RFC 7301).
    ///
    /// It has no time limit of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Certificate`] when the server is not who it has to be, [`ErrorKind::Tls`] for all else that the two
    /// could not agree on, and where there are no roots, [`ErrorKind::Config`] for files that cannot be used.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the stream. Files that are being read go on being read, for the next one to come.
    pub(crate) async fn connect(
        &self,
        stream: Stream,
        target: &Target,
        alpn: &[&[u8]],
    ) -> Result<Secured, Error> {
        let client = self.client().await.map_err(|error| error.at(target))?;
        let name = self.name(target)?;
        let shaken = shake(client, name, stream, alpn).await;
        shaken.map_err(|error| error.at(target))
    }

    /// Returns what the certificate has to be for.
    fn name(&self, target: &Target) -> Result<ServerName<'static>, Error> {
        let name = self.shared.settings.server_name.as_deref();
        server_name(name.unwrap_or(target.host())).ok_or_else(|| {
            Error::new(ErrorKind::Certificate)
                .at(target)
                .because("none can be for such a host name")
        })
    }
}

/// Reads a host name or an address.
pub(super) fn server_name(name: &str) -> Option<ServerName<'static>> {
    // RFC 6066 §3: without the dot that an absolute name ends with.
    let name = name.strip_suffix('.').unwrap_or(name);
    ServerName::try_from(name.to_owned()).ok()
}

async fn shake(
    client: Arc<ClientConfig>,
    name: ServerName<'static>,
    mut stream: Stream,
    alpn: &[&[u8]],
) -> Result<Secured, Error> {
    let peer = stream.peer_addr();
    let probe = stream.take_probe();
    let protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let mut encrypted = TlsConnector::from(client)
        .with_alpn(protocols)
        .connect(name, stream)
        .await
        .map_err(failure::of_handshake)?;
    let session = encrypted.get_mut().1;
    session.set_buffer_limit(Some(WAITING));
    let http2 = session.alpn_protocol() == Some(b"h2");
    let info = TlsInfo::of(session);
    let encrypted = Encrypted::new(encrypted);
    // A server of HTTP/2 may send at any time, and its connection is read from at all times.
    let probe = probe.filter(|_| !http2);
    let probe = probe.map(|probe| encrypted.probe(probe));
    let mut stream = Stream::new(encrypted);
    if let Some(peer) = peer {
        stream = stream.with_peer_addr(peer);
    }
    if let Some(probe) = probe {
        stream = stream.with_probe(probe);
    }
    Ok(Secured {
        stream,
        http2,
        info,
    })
}
