//! One connection attempt: a socket with its settings, connected to one address.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};

use super::interface;
use super::race::Dial;
use super::socket::Socket;
use crate::TcpConfig;

impl Dial for TcpConfig {
    type Stream = TcpStream;

    async fn dial(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = self.socket_for(address)?;
        socket.connect(address).await
    }
}

impl TcpConfig {
    fn socket_for(&self, address: SocketAddr) -> io::Result<TcpSocket> {
        let (socket, local) = match address {
            SocketAddr::V4(_) => (TcpSocket::new_v4()?, self.local_v4.map(IpAddr::from)),
            SocketAddr::V6(_) => (TcpSocket::new_v6()?, self.local_v6.map(IpAddr::from)),
        };
        let options = SockRef::from(&socket);
        options.set_tcp_nodelay(self.nodelay)?;
        if let Some(after) = self.keepalive {
            options.set_tcp_keepalive(&TcpKeepalive::new().with_time(after))?;
        }
        // Before connecting: the size of the window is agreed on in the first segments (RFC 7323 §2.2).
        if let Some(bytes) = self.send_buffer {
            options.set_send_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.receive_buffer {
            options.set_recv_buffer_size(bytes)?;
        }
        if let Some(name) = &self.interface {
            interface::bind(&options, name)?;
        }
        // Before binding, which takes a port: some options are about which one.
        if let Some(hook) = &self.hook {
            hook(&Socket::new(&socket, address))?;
        }
        if let Some(local) = local {
            socket.bind(SocketAddr::new(local, 0))?;
        }
        Ok(socket)
    }
}
