//! Sockets that no runtime knows of: [`RawListener`] and [`RawAccepted`], which can be given from one thread to another.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use wharf_http::connection::Peer;

use super::{Accepted, Bound, Site, Socket, Stream, tcp};

/// A socket that listens.
#[derive(Debug)]
pub(crate) enum RawListener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct RawAccepted {
    stream: RawStream,
    site: Arc<Site>,
}

#[derive(Debug)]
enum RawStream {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

#[cfg(unix)]
impl std::os::fd::AsFd for RawListener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

impl RawListener {
    /// Returns another handle of the same socket: both accept from one queue.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(listener) => listener.try_clone().map(Self::Tcp),
            #[cfg(unix)]
            Self::Unix(listener) => listener.try_clone().map(Self::Unix),
        }
    }

    /// Makes accepting return at once when nobody waits.
    pub(super) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.set_nonblocking(true),
            #[cfg(unix)]
            Self::Unix(listener) => listener.set_nonblocking(true),
        }
    }

    /// Gives the socket to the runtime of the caller.
    pub(crate) fn register(self, site: Arc<Site>) -> io::Result<Bound> {
        self.set_nonblocking()?;
        let socket = match self {
            Self::Tcp(listener) => Socket::Tcp(tokio::net::TcpListener::from_std(listener)?),
            #[cfg(unix)]
            Self::Unix(listener) => Socket::Unix(tokio::net::UnixListener::from_std(listener)?),
        };
        Ok(Bound { socket, site })
    }

    /// Accepts until it would block, by asking the system itself: a runtime may not have heard of the last ones yet.
    pub(super) fn drain(&self, site: &Arc<Site>, waiting: &mut Vec<RawAccepted>) -> io::Result<()> {
        loop {
            let stream = match self {
                Self::Tcp(listener) => {
                    let (stream, peer) = listener.accept()?;
                    RawStream::Tcp(stream, peer)
                }
                #[cfg(unix)]
                Self::Unix(listener) => RawStream::Unix(listener.accept()?.0),
            };
            waiting.push(RawAccepted {
                stream,
                site: Arc::clone(site),
            });
        }
    }
}

impl RawAccepted {
    /// Gives the connection to the runtime of the caller.
    pub(crate) fn register(self) -> io::Result<Accepted> {
        match self.stream {
            RawStream::Tcp(stream, peer) => {
                stream.set_nonblocking(true)?;
                let stream = tokio::net::TcpStream::from_std(stream)?;
                Ok(tcp::accepted(stream, peer, &self.site))
            }
            #[cfg(unix)]
            RawStream::Unix(stream) => {
                stream.set_nonblocking(true)?;
                let stream = tokio::net::UnixStream::from_std(stream)?;
                Ok(super::unix::accepted(stream, &self.site))
            }
        }
    }
}

impl Accepted {
    /// Takes the connection away from its runtime.
    ///
    /// It has just been accepted: nothing of it was read.
    pub(crate) fn into_raw(self) -> io::Result<RawAccepted> {
        let stream = match self.stream {
            Stream::Tcp(stream) => {
                let peer = match self.peer {
                    Peer::Tcp(peer) => peer,
                    _ => stream.peer_addr()?,
                };
                RawStream::Tcp(stream.into_std()?, peer)
            }
            #[cfg(unix)]
            Stream::Unix(stream) => RawStream::Unix(stream.into_std()?),
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(RawAccepted {
            stream,
            site: self.site,
        })
    }
}
