//! Connections to unix sockets, where the system has them.

#[cfg(not(unix))]
mod absent;
#[cfg(unix)]
mod socket;

#[cfg(not(unix))]
pub(crate) use absent::open;
#[cfg(unix)]
pub(crate) use socket::open;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharf_http::BoxError;

use super::{Connector, Stream, Target};

/// Sends every request to one unix socket, whatever its URL says; the host of the URL is what the server reads in `host`.
///
/// A path that begins with `@` is a name in Linux's abstract name space, without a file.
///
/// # Examples
///
/// ```no_run
/// use wharf_client::{Client, connect::UnixConnector};
///
/// # async fn example() -> Result<(), wharf_client::Error> {
/// let client = Client::builder().connector(UnixConnector::new("/run/docker.sock")).build()?;
/// let version = client.get("http://docker/version").send().await?.ok()?.text().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct UnixConnector {
    path: Arc<Path>,
}

impl UnixConnector {
    /// Creates a connector to the socket at a path.
    ///
    /// Nothing is looked for before the first connection; on systems without unix sockets, none can be opened.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into().into(),
        }
    }
}

impl Connector for UnixConnector {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        Ok(open(&self.path).await?)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
