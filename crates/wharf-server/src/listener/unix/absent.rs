//! Stands in for unix sockets on systems that have none: binding one is an error.

use std::io;
use std::sync::Arc;
use std::task::{self, Poll};

use super::UnixConfig;
use crate::error::Error;
use crate::listener::{Accepted, Address, Bound, Site, bind_error};

/// There is none.
#[derive(Debug)]
pub(in crate::listener) enum UnixSocket {}

impl UnixSocket {
    pub(in crate::listener) fn poll_accept(
        &self,
        _cx: &mut task::Context<'_>,
        _site: &Arc<Site>,
    ) -> Poll<io::Result<Accepted>> {
        match *self {}
    }

    pub(in crate::listener) fn close(
        self,
        _site: &Arc<Site>,
        _waiting: &mut Vec<Accepted>,
    ) -> io::Result<()> {
        match self {}
    }
}

pub(in crate::listener) fn bind(address: &Address, _config: &UnixConfig) -> Result<Bound, Error> {
    let cause = io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no unix sockets",
    );
    Err(bind_error(address, cause))
}
