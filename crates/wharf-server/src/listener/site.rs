//! [`Site`], what the connections of one listening socket have in common.

use wharf_http::connection::Local;

use super::ProxyProtocol;

/// What the connections of one listening socket have in common.
#[derive(Debug)]
pub(crate) struct Site {
    /// What the socket is bound to.
    pub(crate) local: Local,
    /// What each connection begins with, if with anything.
    pub(crate) proxy_protocol: Option<ProxyProtocol>,
}

impl Site {
    pub(super) fn new(local: Local) -> Self {
        Self {
            local,
            proxy_protocol: None,
        }
    }
}
