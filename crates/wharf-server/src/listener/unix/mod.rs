//! Unix sockets: options here, the socket itself where the system has such sockets.

use crate::error::{Error, ErrorKind};

#[cfg(not(unix))]
mod absent;
#[cfg(unix)]
mod socket;

#[cfg(not(unix))]
pub(super) use absent::{SocketFile, refuse};
#[cfg(unix)]
pub(super) use socket::{SocketFile, accepted, bind, local};

/// Options of a unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixConfig {
    pub(crate) backlog: u32,
    pub(crate) mode: Option<u32>,
    pub(crate) owner: Option<u32>,
    pub(crate) group: Option<u32>,
}

impl Default for UnixConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl UnixConfig {
    /// Creates the options that suit most servers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            backlog: 2048,
            mode: None,
            owner: None,
            group: None,
        }
    }

    /// Sets how many connections may wait to be accepted.
    ///
    /// Default: 2048. The system may have a lower limit, on Linux `net.core.somaxconn`.
    #[must_use]
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Sets the permissions of the socket's file, such as `0o660`; to connect, a process needs to be allowed to write.
    ///
    /// They are set before the first connection can be made. A socket without a file has none.
    ///
    /// Default: `None`, which leaves them to the umask of the process.
    #[must_use]
    pub fn mode(mut self, mode: impl Into<Option<u32>>) -> Self {
        self.mode = mode.into();
        self
    }

    /// Sets the user who owns the socket's file, by number.
    ///
    /// Default: `None`, the user of the process. Only a privileged process can give a file away.
    #[must_use]
    pub fn owner(mut self, user: impl Into<Option<u32>>) -> Self {
        self.owner = user.into();
        self
    }

    /// Sets the group of the socket's file, by number.
    ///
    /// Default: `None`, the group of the process. It can be any group that the process is in.
    #[must_use]
    pub fn group(mut self, group: impl Into<Option<u32>>) -> Self {
        self.group = group.into();
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.mode {
            Some(mode) if mode > 0o777 => Err(Error::new(
                ErrorKind::Settings,
                format!("0o{mode:o} is not a mode of a unix socket: it goes up to 0o777"),
            )),
            _ => Ok(()),
        }
    }
}
