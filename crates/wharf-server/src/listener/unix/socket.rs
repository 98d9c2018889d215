//! Binding a unix socket, accepting, and the file it leaves.
//!
//! The file of a socket outlives a process that was killed. Binding over it fails, so it is removed first, but only
//! when nobody answers behind it. When the server stops it removes its own file, and only its own.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use socket2::{Domain, SockAddr, Type};
use tokio::net::UnixStream;
use wharf_http::connection::{Local, Peer, UnixPeer};

use super::UnixConfig;
use crate::error::Error;
use crate::listener::{Accepted, Address, Site, Stream, Target, bind_error};

/// Describes a connection that was accepted.
pub(in crate::listener) fn accepted(stream: UnixStream, site: &Arc<Site>) -> Accepted {
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

/// A socket that was bound, what it is bound to, and the file that goes with it.
pub(in crate::listener) type BoundUnix = (UnixListener, Local, Option<SocketFile>);

/// Binds a unix socket.
pub(in crate::listener) fn bind(
    address: &Address,
    config: &UnixConfig,
) -> Result<BoundUnix, Error> {
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

fn bind_path(path: &Path, config: &UnixConfig) -> io::Result<BoundUnix> {
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
    let listener = UnixListener::from(socket);
    let local = local(&listener)?;
    Ok((listener, local, Some(file)))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_abstract(name: &str, config: &UnixConfig) -> io::Result<BoundUnix> {
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(format!("\0{name}"))?)?;
    listen(&socket, config)?;
    let local = Local::Unix(Some(format!("@{name}").into()));
    Ok((socket.into(), local, None))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bind_abstract(_name: &str, _config: &UnixConfig) -> io::Result<BoundUnix> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "only Linux has unix sockets without a file",
    ))
}

fn listen(socket: &socket2::Socket, config: &UnixConfig) -> io::Result<()> {
    socket.listen(i32::try_from(config.backlog).unwrap_or(i32::MAX))
}

/// Returns what a socket is bound to.
pub(in crate::listener) fn local(listener: &UnixListener) -> io::Result<Local> {
    let addr = listener.local_addr()?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = abstract_name(&addr) {
        return Ok(Local::Unix(Some(name.into())));
    }
    Ok(Local::Unix(addr.as_pathname().map(Path::to_owned)))
}

/// Returns a name of Linux's abstract name space as addresses write it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn abstract_name(addr: &std::os::unix::net::SocketAddr) -> Option<String> {
    #[cfg(target_os = "android")]
    use std::os::android::net::SocketAddrExt;
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    let name = addr.as_abstract_name()?;
    Some(format!("@{}", String::from_utf8_lossy(name)))
}

/// The file of a socket; dropping it removes the file if it is still the one that was bound.
#[derive(Debug)]
pub(in crate::listener) struct SocketFile {
    /// Absolute, so that it is found again after the process has changed its folder.
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// Finds out which file is at `path`.
    pub(in crate::listener) fn new(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            path: std::path::absolute(path)?,
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

impl SocketFile {
    /// Leaves the file where it is: another process has taken the socket over.
    pub(in crate::listener) fn keep(mut self) {
        self.path = PathBuf::new();
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
