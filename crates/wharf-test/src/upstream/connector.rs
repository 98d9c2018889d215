//! [`MockConnector`]: connections that lead to a mock server.

use std::fmt;
use std::sync::Arc;

use wharf_client::Connector;
use wharf_client::connect::{Stream, Target};
use wharf_http::BoxError;

use super::board::Board;
use super::line::pipe;

/// Leads all connections of a client to a mock server, whatever the host; made by
/// [`MockServer::connector`](crate::MockServer::connector). Cheap to clone.
///
/// `https` URLs lead there too, where the client has TLS. Nothing is encrypted, no certificate is looked at, and HTTP/1.1 is
/// spoken unless the client is set to HTTP/2 by prior knowledge.
#[derive(Clone)]
pub struct MockConnector {
    board: Arc<Board>,
}

impl MockConnector {
    pub(super) fn new(board: Arc<Board>) -> Self {
        Self { board }
    }
}

impl Connector for MockConnector {
    async fn connect(&self, _target: Target) -> Result<Stream, BoxError> {
        let (near, far) = pipe();
        self.board.serve(far);
        // It leaves no process; so `https` URLs lead here too, and no authority has to be believed.
        Ok(Stream::new(near).dangerous_already_secure())
    }
}

impl fmt::Debug for MockConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockConnector").finish_non_exhaustive()
    }
}
