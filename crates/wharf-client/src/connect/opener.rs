//! [`Opener`]: what opens the streams of a client.

#[cfg(feature = "proxy")]
use std::net::SocketAddr;

use super::{Erased, Stream, Target, TcpConnector, failed};
use crate::Error;
use crate::trace::Call;

/// What opens the streams of a client: its own connector, or one that was given to it.
pub(crate) enum Opener {
    Tcp(TcpConnector),
    Custom(Box<dyn Erased>),
}

impl Opener {
    /// Opens a stream to a host.
    pub(super) async fn open(&self, target: &Target, call: &Call) -> Result<Stream, Error> {
        match self {
            Self::Tcp(connector) => connector.open(target, call).await,
            Self::Custom(connector) => {
                let opened = connector.connect(target.clone()).await;
                opened.map_err(|error| failed(target, error))
            }
        }
    }

    /// Opens a stream to a proxy, which the settings name: it may have any address.
    #[cfg(feature = "proxy")]
    pub(super) async fn open_proxy(&self, proxy: &Target, call: &Call) -> Result<Stream, Error> {
        match self {
            Self::Tcp(connector) => connector.open_any(proxy, call).await,
            Self::Custom(_) => self.open(proxy, call).await,
        }
    }

    /// Returns the addresses of a host.
    #[cfg(feature = "proxy")]
    pub(super) async fn resolve(
        &self,
        target: &Target,
        call: &Call,
    ) -> Result<Vec<SocketAddr>, Error> {
        match self {
            Self::Tcp(connector) => connector.resolve(target, call).await,
            // It may know hosts that nobody else does; then it has to be a proxy that looks up names itself.
            Self::Custom(_) => TcpConnector::new().resolve(target, call).await,
        }
    }
}
