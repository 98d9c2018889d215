//! [`Site`], what the connections of one listening socket have in common.

use wharf_http::connection::Local;

use crate::tls::Acceptor;

/// What the connections of one listening socket have in common.
#[derive(Debug)]
pub(crate) struct Site {
    /// What the socket is bound to.
    pub(crate) local: Local,
    /// What encrypts them, if they are to be.
    pub(crate) tls: Option<Acceptor>,
}

impl Site {
    pub(super) fn new(local: Local) -> Self {
        Self { local, tls: None }
    }
}
