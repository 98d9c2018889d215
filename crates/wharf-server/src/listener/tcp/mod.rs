//! TCP sockets: options here, binding in a room of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use wharf_http::connection::{Local, Peer};

use super::{Accepted, Site, Stream};

mod bind;

pub(super) use bind::{adopt, bind};

/// Options of a TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpConfig {
    pub(crate) backlog: u32,
    pub(crate) reuse_address: bool,
    pub(crate) reuse_port: bool,
    pub(crate) v6_only: Option<bool>,
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<Duration>,
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl TcpConfig {
    /// Creates the options that suit most servers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            backlog: 2048,
            reuse_address: cfg!(unix),
            reuse_port: false,
            v6_only: None,
            nodelay: true,
            keepalive: Some(Duration::from_secs(60)),
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

    /// Sets whether the address can be bound while connections of an earlier process still linger on it.
    ///
    /// Default: true on unix, where a server could not be restarted at once without it; false on Windows, where it
    /// would let another program take the address away.
    #[must_use]
    pub fn reuse_address(mut self, on: bool) -> Self {
        self.reuse_address = on;
        self
    }

    /// Sets whether several processes may listen on the address; the system spreads connections over them.
    ///
    /// Default: false. Without effect on systems that have no `SO_REUSEPORT`.
    #[must_use]
    pub fn reuse_port(mut self, on: bool) -> Self {
        self.reuse_port = on;
        self
    }

    /// Sets whether `[::]` leaves IPv4 connections alone.
    ///
    /// Default: `None`, which takes them too, unless the same server binds `0.0.0.0` on the same port.
    #[must_use]
    pub fn v6_only(mut self, only: impl Into<Option<bool>>) -> Self {
        self.v6_only = only.into();
        self
    }

    /// Sets whether small pieces are sent at once instead of waiting for more (`TCP_NODELAY`).
    ///
    /// Default: true.
    #[must_use]
    pub fn nodelay(mut self, on: bool) -> Self {
        self.nodelay = on;
        self
    }

    /// Sets after how much silence the system asks whether the peer is still there.
    ///
    /// It finds peers that vanished without a word where no other time limit holds, such as on a WebSocket.
    ///
    /// Default: 60 seconds. `None` never asks.
    #[must_use]
    pub fn keepalive(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.keepalive = after.into();
        self
    }

    /// Sets what every connection shall have. On Linux and the BSDs accepted sockets inherit it from the listener,
    /// which saves the calls for each connection.
    fn apply(&self, socket: &SockRef<'_>) -> io::Result<()> {
        if self.nodelay {
            socket.set_tcp_nodelay(true)?;
        }
        if let Some(after) = self.keepalive {
            let keepalive = TcpKeepalive::new()
                .with_time(after)
                .with_interval((after / 4).max(Duration::from_secs(1)));
            socket.set_tcp_keepalive(&keepalive)?;
        }
        Ok(())
    }
}

/// Describes a connection that was accepted.
pub(super) fn accepted(stream: TcpStream, peer: SocketAddr, site: &Arc<Site>) -> Accepted {
    if cfg!(not(unix)) {
        // A peer that is gone already is found out by the first read.
        let _gone = site.tcp.apply(&SockRef::from(&stream));
    }
    let local = match &site.local {
        Local::Tcp(addr) if addr.ip().is_unspecified() => {
            Local::Tcp(stream.local_addr().map_or(*addr, canonical))
        }
        known => known.clone(),
    };
    Accepted {
        stream: Stream::Tcp(stream),
        peer: Peer::Tcp(canonical(peer)),
        local,
        site: Arc::clone(site),
    }
}

/// Prints `::ffff:192.0.2.1`, which is what an IPv6 socket calls an IPv4 peer, as the `192.0.2.1` that it is.
fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => (ip, addr.port()).into(),
        std::net::IpAddr::V6(_) => addr,
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::listener::{Inherited, Listener, OpenListener, open_all};

    async fn open(config: &TcpConfig, workers: usize) -> (OpenListener, SocketAddr) {
        let listeners = vec![Listener::new("127.0.0.1:0").tcp(config.clone())];
        let open = open_all(listeners, workers, &mut Inherited::default(), &mut 0)
            .await
            .unwrap()
            .remove(0);
        let Local::Tcp(addr) = *open.local() else {
            unreachable!("a TCP address was bound")
        };
        (open, addr)
    }

    async fn accepted(config: &TcpConfig) -> TcpStream {
        let (open, addr) = open(config, 1).await;
        let socket = open.share(0, 1).unwrap().remove(0);
        let bound = socket.register(Arc::clone(&open.site)).unwrap();
        let _client = std::net::TcpStream::connect(addr).unwrap();
        match poll_fn(|cx| bound.poll_accept(cx)).await.unwrap().stream {
            Stream::Tcp(stream) => stream,
            _ => unreachable!("a TCP address was bound"),
        }
    }

    #[tokio::test]
    async fn accepted_sockets_have_the_options_of_the_listener() {
        let stream = accepted(&TcpConfig::new().keepalive(Duration::from_secs(40))).await;
        assert!(stream.nodelay().unwrap());
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(
            socket.tcp_keepalive_time().unwrap(),
            Duration::from_secs(40)
        );

        let stream = accepted(&TcpConfig::new().nodelay(false).keepalive(None)).await;
        assert!(!stream.nodelay().unwrap());
        assert!(!SockRef::from(&stream).keepalive().unwrap());
    }

    #[tokio::test]
    async fn closing_accepts_those_of_whom_the_runtime_has_not_heard() {
        let (open, addr) = open(&TcpConfig::new(), 1).await;
        let _clients = [(); 3].map(|()| std::net::TcpStream::connect(addr).unwrap());
        assert_eq!(open.close().len(), 3);
        assert!(std::net::TcpStream::connect(addr).is_err());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn workers_have_a_socket_each_and_nobody_waits_in_a_queue_without_a_worker() {
        let (open, addr) = open(&TcpConfig::new(), 3).await;
        let _clients = [(); 30].map(|()| std::net::TcpStream::connect(addr).unwrap());
        assert_eq!(open.sockets().len(), 3);
        // One more worker than sockets, one less, and as many.
        for workers in [4, 2, 3] {
            let shares = (0..workers).map(|worker| open.share(worker, workers).unwrap().len());
            assert_eq!(shares.sum::<usize>(), workers.max(3), "{workers} workers");
        }
        assert_eq!(open.close().len(), 30);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_that_a_server_listens_on_is_taken_although_its_workers_share_it() {
        let (_open, addr) = open(&TcpConfig::new(), 2).await;
        let (mut nothing, mut next) = (Inherited::default(), 0);
        let again = vec![Listener::new(addr.to_string().as_str())];
        let again = open_all(again, 2, &mut nothing, &mut next);
        let error = again.await.unwrap_err();
        assert!(
            error.to_string().contains("another program listens there"),
            "{error}"
        );
    }

    #[test]
    fn an_ipv4_peer_of_an_ipv6_socket_has_its_own_address() {
        let mapped = "[::ffff:192.0.2.1]:80".parse().unwrap();
        assert_eq!(canonical(mapped).to_string(), "192.0.2.1:80");
        let other = "[2001:db8::1]:80".parse().unwrap();
        assert_eq!(canonical(other), other);
    }
}
