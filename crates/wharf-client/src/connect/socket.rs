//! A TCP socket that is not connected yet, as a user's function is shown it.

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// A TCP socket that is about to be connected; see [`TcpConfig::socket`](crate::TcpConfig::socket).
///
/// It can be borrowed as the system knows it (`AsFd`, on Windows `AsSocket`), so that any crate can set its options.
///
/// # Examples
///
/// ```
/// use wharf_client::{Client, TcpConfig};
///
/// let tcp = TcpConfig::new().socket(|socket| {
///     if socket.peer_addr().is_ipv4() {
///         socket2::SockRef::from(socket).set_tos_v4(0x10)?;
///     }
///     Ok(())
/// });
/// let client = Client::builder().tcp(tcp).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Debug)]
pub struct Socket<'a> {
    socket: &'a TcpSocket,
    peer: SocketAddr,
}

impl<'a> Socket<'a> {
    pub(super) fn new(socket: &'a TcpSocket, peer: SocketAddr) -> Self {
        Self { socket, peer }
    }

    /// Returns the address that the socket will be connected to.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Socket<'_> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for Socket<'_> {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.socket.as_socket()
    }
}
