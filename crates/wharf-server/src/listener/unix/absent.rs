//! Stands in for unix sockets on systems that have none: binding one is an error.

use std::io;

use crate::error::Error;
use crate::listener::{Address, bind_error};

/// There is none.
#[derive(Debug)]
pub(in crate::listener) enum SocketFile {}

/// Says that this system has no such sockets.
pub(in crate::listener) fn refuse(address: &Address) -> Error {
    let cause = io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no unix sockets",
    );
    bind_error(address, cause)
}
