//! [`Opener`]: what opens the streams of a client.

#[cfg(feature = "proxy")]
use std::net::SocketAddr;

use super::{Erased, Stream, Target};
use crate::trace::Call;
use crate::{Error, ErrorKind};

/// What opens the streams of a client: its own connector, or one that was given to it.
pub(crate) enum Opener {
    Custom(Box<dyn Erased>),
}

impl Opener {
    /// Opens a stream to a host.
    pub(super) async fn open(&self, target: &Target, _call: &Call) -> Result<Stream, Error> {
        match self {
            Self::Custom(connector) => {
                let opened = connector.connect(target.clone()).await;
                opened.map_err(|error| Error::new(ErrorKind::Connect).because(error))
            }
        }
    }

    /// Opens a stream to a proxy, which the settings name: it may have any address.
    #[cfg(feature = "proxy")]
    pub(super) async fn open_proxy(&self, proxy: &Target, call: &Call) -> Result<Stream, Error> {
        self.open(proxy, call).await
    }

    /// Returns the addresses of a host.
    #[cfg(feature = "proxy")]
    pub(super) async fn resolve(
        &self,
        target: &Target,
        _call: &Call,
    ) -> Result<Vec<SocketAddr>, Error> {
        let found = tokio::net::lookup_host((target.host(), target.port())).await;
        let found = found.map_err(|error| Error::new(ErrorKind::Dns).because(error))?;
        Ok(found.collect())
    }
}
