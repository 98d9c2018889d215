//! [`Site`], what the connections of one listening socket have in common.

use wharf_http::connection::Local;

use super::{ProxyProtocol, TcpConfig};

/// What the connections of one listening socket have in common.
#[derive(Debug)]
pub(crate) struct Site {
    /// What the socket is bound to.
    pub(crate) local: Local,
    /// What its connections are given, should they be TCP connections.
    pub(crate) tcp: TcpConfig,
    /// What each connection begins with, if with anything.
    pub(crate) proxy_protocol: Option<ProxyProtocol>,
}
