//! [`Site`], what the connections of one listening socket have in common.

use wharf_http::connection::Local;

use super::{ProxyProtocol, TcpConfig, Url};
use crate::tls::Acceptor;

/// What the connections of one listening socket have in common.
#[derive(Debug)]
pub(crate) struct Site {
    /// What the socket is bound to.
    pub(crate) local: Local,
    /// What its connections are given, should they be TCP connections.
    pub(crate) tcp: TcpConfig,
    /// What each connection begins with, if with anything.
    pub(crate) proxy_protocol: Option<ProxyProtocol>,
    /// Whether there is nothing but the health of the process.
    pub(crate) health_alone: bool,
    /// What encrypts them, if they are to be.
    pub(crate) tls: Option<Acceptor>,
}

impl Site {
    /// Returns the URL to connect to.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Url(scheme, &self.local).to_string()
    }
}
