//! [`FaultyConnector`]: connections of a client on which something goes wrong.

use std::io;
use std::net::IpAddr;

use tokio::time::sleep;
use wharf_client::Connector;
use wharf_client::connect::{Resolve, Stream, Target, TcpConnector};
use wharf_http::BoxError;

use super::plan::Opening;
use super::{Faults, Faulty};

/// Opens connections by another connector, and lets them fail as planned; made by
/// [`Faults::connector`](super::Faults::connector).
#[derive(Clone, Debug)]
pub struct FaultyConnector<C> {
    inner: C,
    faults: Faults,
}

impl<C: Connector> FaultyConnector<C> {
    pub(super) fn new(inner: C, faults: Faults) -> Self {
        Self { inner, faults }
    }
}

impl<C: Connector> Connector for FaultyConnector<C> {
    async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
        let mut plan = self.faults.next();
        sleep(std::mem::take(&mut plan.accept_after)).await;
        match plan.opening {
            Opening::Refused => {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into());
            }
            Opening::Unresolved if is_name(target.host()) => {
                // Lets the client's own look-up fail, so that the error is the one of a real failure.
                let connector = TcpConnector::new().resolver(Nobody);
                return connector.connect(target).await;
            }
            Opening::Unresolved => plan.opening = Opening::Open,
            Opening::Open | Opening::TlsGarbage | Opening::TlsClosed => {}
        }
        let inner = self.inner.connect(target).await?;
        let (peer, is_secure) = (inner.peer_addr(), inner.is_already_secure());
        // A handshake that is to fail has to be begun.
        let shakes_hands = matches!(plan.opening, Opening::TlsGarbage | Opening::TlsClosed);
        let mut stream = Stream::new(Faulty::new(inner, plan));
        if let Some(peer) = peer {
            stream = stream.with_peer_addr(peer);
        }
        if is_secure && !shakes_hands {
            stream = stream.dangerous_already_secure();
        }
        Ok(stream)
    }
}

fn is_name(host: &str) -> bool {
    host.parse::<IpAddr>().is_err() && !host.contains(':')
}

/// A resolver that no name server answers.
struct Nobody;

impl Resolve for Nobody {
    async fn resolve(&self, _host: &str) -> Result<Vec<IpAddr>, BoxError> {
        Err("no name server has answered".into())
    }
}
