//! Binding a unix socket, accepting, and the file it leaves.
//!
//! The file of a socket outlives a process that was killed. Binding over it fails, so it is removed first, but only
//! when nobody answers behind it. When the server stops it removes its own file, and only its own.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{self, Poll, ready};

use socket2::{Domain, SockAddr, Type};
use tokio::net::{UnixListener, UnixStream};
use wharf_http::connection::{Local, Peer, UnixPeer};

use super::UnixConfig;
use crate::error::Error;
use crate::listener::{Accepted, Address, Bound, Site, Socket, Stream, Target, bind_error};

/// A unix socket that listens.
#[derive(Debug)]
pub(in crate::listener) struct UnixSocket {
    /// Before the socket, since fields are dropped in order.
    file: Option<SocketFile>,
    listener: UnixListener,
}

impl UnixSocket {
    pub(in crate::listener) fn poll_accept(
        &self,
        cx: &mut task::Context<'_>,
        site: &Arc<Site>,
    ) -> Poll<io::Result<Accepted>> {
        let (stream, _unnamed) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(Ok(accepted(stream, site)))
    }

    /// Takes the file away, so that nobody new comes, then accepts until it would block, by asking the system itself:
    /// the runtime may not have heard of the last ones yet.
    pub(in crate::listener) fn close(
        self,
        site: &Arc<Site>,
        waiting: &mut Vec<Accepted>,
    ) -> io::Result<()> {
        drop(self.file);
        let listener = self.listener.into_std()?;
        loop {
            let (stream, _unnamed) = listener.accept()?;
            stream.set_nonblocking(true)?;
            waiting.push(accepted(UnixStream::from_std(stream)?, site));
        }
    }
}

fn accepted(stream: UnixStream, site: &Arc<Site>) -> Accepted {
    let mut peer = UnixPeer::new();
    if let Ok(credentials) = stream.peer_cred() {
        peer = peer.credentials(credentials.pid(), credentials.uid(), credentials.gid());
    }
    Accepted {
        stream: Stream::Unix(stream),
        peer: Peer::Unix(peer),
        local: site.local.clone(),
        site: Arc::clone(site),
    }
}

/// Makes a listener of a socket that somebody else has bound, and will remove.
pub(in crate::listener) fn adopt(
    listener: std::os::unix::net::UnixListener,
) -> Result<Bound, Error> {
    register(listener, None)
        .map_err(|cause| bind_error(&"a unix socket that was handed over", cause))
}

/// Binds a unix socket.
pub(in crate::listener) fn bind(address: &Address, config: &UnixConfig) -> Result<Bound, Error> {
    let bound = match address.target()? {
        Target::Unix(path) => {
            remove_stale(path).map_err(|cause| bind_error(address, cause))?;
            bind_path(path, config)
        }
        Target::Abstract(name) => bind_abstract(name, config),
        _ => Err(io::Error::from(io::ErrorKind::Unsupported)),
    };
    bound.map_err(|cause| bind_error(address, cause))
}

/// Removes the file of a socket that nobody listens on any more; leaves everything else alone.
fn remove_stale(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(cause),
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file of that name, and it is not a socket",
        ));
    }
    match StdUnixStream::connect(path) {
        Err(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {
            match fs::remove_file(path) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
                _ => Ok(()),
            }
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Err(cause),
        // Somebody answered, or is too busy to answer.
        _ => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "a process answers on that socket",
        )),
    }
}

fn bind_path(path: &Path, config: &UnixConfig) -> io::Result<Bound> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // From here on the file is ours to remove, should one of the next steps fail.
    let file = SocketFile::new(path)?;
    // Nobody can connect to a socket that does not listen yet, so nobody gets in before the mode is set. The umask,
    // the other way to get there, belongs to the whole process.
    if config.owner.is_some() || config.group.is_some() {
        chown(path, config.owner, config.group)?;
    }
    if let Some(mode) = config.mode {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    listen(&socket, config)?;
    register(socket.into(), Some(file))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_abstract(name: &str, config: &UnixConfig) -> io::Result<Bound> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(format!("\0{name}"))?)?;
    listen(&socket, config)?;
    let mut bound = register(socket.into(), None)?;
    bound.site = Arc::new(Site::new(Local::Unix(Some(format!("@{name}").into()))));
    Ok(bound)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bind_abstract(_name: &str, _config: &UnixConfig) -> io::Result<Bound> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "only Linux has unix sockets without a file",
    ))
}

fn listen(socket: &socket2::Socket, config: &UnixConfig) -> io::Result<()> {
    socket.listen(i32::try_from(config.backlog).unwrap_or(i32::MAX))
}

fn register(
    listener: std::os::unix::net::UnixListener,
    file: Option<SocketFile>,
) -> io::Result<Bound> {
    listener.set_nonblocking(true)?;
    let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
    Ok(Bound {
        socket: Socket::Unix(UnixSocket {
            file,
            listener: UnixListener::from_std(listener)?,
        }),
        site: Arc::new(Site::new(Local::Unix(path))),
    })
}

/// The file of a socket; dropping it removes the file if it is still the one that was bound.
#[derive(Debug)]
struct SocketFile {
    /// Absolute, so that it is found again after the process has changed its folder.
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            path: std::path::absolute(path)?,
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

impl Drop for SocketFile {
    /// The inode number cannot have been given to another file: the bound socket holds the inode while it is open, and
    /// the file is removed before the socket is closed.
    fn drop(&mut self) {
        let still_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| metadata.dev() == self.device && metadata.ino() == self.inode);
        if still_ours && let Err(cause) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %cause, "could not remove the socket's file");
        }
    }
}
