//! TCP connections.

use tokio::net::TcpStream;
use wharf_http::BoxError;

use super::{Connector, Stream, Target, probed};

/// Connects over TCP, to the first address of the name that accepts.
///
/// Small writes are sent at once (`TCP_NODELAY`).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TcpConnector;

impl TcpConnector {
    /// Creates a connector.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Connector for TcpConnector {
    async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
        let socket = TcpStream::connect((target.host(), target.port())).await?;
        socket.set_nodelay(true)?;
        Ok(probed::stream(socket))
    }
}
