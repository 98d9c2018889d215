//! TCP sockets: options, binding, accepting.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::{self, Poll, ready};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};
use wharf_http::connection::{Local, Peer};

use super::{Accepted, Address, Bound, Site, Socket, Stream, Target, bind_error};
use crate::error::Error;

/// How often a name's second address is tried on the port that the system chose for the first.
const SAME_PORT_ATTEMPTS: usize = 16;

/// Options of a TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpConfig {
    backlog: u32,
    reuse_address: bool,
    reuse_port: bool,
    v6_only: Option<bool>,
    nodelay: bool,
    keepalive: Option<Duration>,
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

impl TcpConfig {
    fn accepted(&self, stream: TcpStream, peer: SocketAddr, site: &Arc<Site>) -> Accepted {
        if cfg!(not(unix)) {
            // A peer that is gone already is found out by the first read.
            let _gone = self.apply(&SockRef::from(&stream));
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
}

/// A TCP socket that listens.
#[derive(Debug)]
pub(super) struct TcpSocket {
    listener: TcpListener,
    config: TcpConfig,
}

impl TcpSocket {
    pub(super) fn poll_accept(
        &self,
        cx: &mut task::Context<'_>,
        site: &Arc<Site>,
    ) -> Poll<io::Result<Accepted>> {
        let (stream, peer) = ready!(self.listener.poll_accept(cx))?;
        Poll::Ready(Ok(self.config.accepted(stream, peer, site)))
    }

    /// Accepts until it would block, by asking the system itself: the runtime may not have heard of the last ones yet.
    pub(super) fn close(self, site: &Arc<Site>, waiting: &mut Vec<Accepted>) -> io::Result<()> {
        let listener = self.listener.into_std()?;
        loop {
            let (stream, peer) = listener.accept()?;
            stream.set_nonblocking(true)?;
            let stream = TcpStream::from_std(stream)?;
            waiting.push(self.config.accepted(stream, peer, site));
        }
    }
}

/// Prints `::ffff:192.0.2.1`, which is what an IPv6 socket calls an IPv4 peer, as the `192.0.2.1` that it is.
fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => (ip, addr.port()).into(),
        std::net::IpAddr::V6(_) => addr,
    }
}

/// Makes a listener of a socket that somebody else has bound.
pub(super) fn adopt(listener: std::net::TcpListener, config: &TcpConfig) -> Result<Bound, Error> {
    let addr = listener.local_addr();
    let bound = config
        .apply(&SockRef::from(&listener))
        .and_then(|()| register(listener, config));
    bound.map_err(|cause| match addr {
        Ok(addr) => bind_error(&addr, cause),
        Err(_unknown) => bind_error(&"a socket that was handed over", cause),
    })
}

/// Binds every socket address that `address` stands for.
pub(super) async fn bind(
    address: &Address,
    config: &TcpConfig,
    taken_v4: &[u16],
) -> Result<Vec<Bound>, Error> {
    match address.target()? {
        Target::Socket(addr) => {
            let v6_only = addr.port() != 0 && taken_v4.contains(&addr.port());
            Ok(vec![
                bind_one(*addr, config, v6_only).map_err(|cause| bind_error(address, cause))?,
            ])
        }
        Target::Any(port) => bind_any(*port, config)
            .map(|bound| vec![bound])
            .map_err(|cause| bind_error(address, cause)),
        Target::Name(name, port) => {
            let addrs = tokio::net::lookup_host((name.as_str(), *port))
                .await
                .map_err(|cause| bind_error(address, cause))?;
            let mut addrs: Vec<SocketAddr> = addrs.collect();
            addrs.sort_unstable();
            addrs.dedup();
            bind_name(&addrs, config).map_err(|cause| bind_error(address, cause))
        }
        Target::Unix(_) | Target::Abstract(_) | Target::Bad(..) => Ok(Vec::new()),
    }
}

/// Binds all interfaces: by one IPv6 socket that takes IPv4 too, or by an IPv4 one where there is no IPv6.
fn bind_any(port: u16, config: &TcpConfig) -> io::Result<Bound> {
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    match bind_one(v6, config, false) {
        Err(cause) if is_absent(&cause) => {
            bind_one((Ipv4Addr::UNSPECIFIED, port).into(), config, false)
        }
        bound => bound,
    }
}

/// Binds each address of a name, all on one port.
fn bind_name(addrs: &[SocketAddr], config: &TcpConfig) -> io::Result<Vec<Bound>> {
    let any_port = addrs.iter().all(|addr| addr.port() == 0);
    let mut attempts = 0;
    loop {
        attempts += 1;
        match bind_together(addrs, config) {
            // The port that was free on the first address is taken on the second: let the system choose another.
            Err(cause)
                if any_port
                    && cause.kind() == io::ErrorKind::AddrInUse
                    && attempts < SAME_PORT_ATTEMPTS => {}
            done => return done,
        }
    }
}

/// Binds all of `addrs`; one that this machine has no interface for is left out as long as there are others.
fn bind_together(addrs: &[SocketAddr], config: &TcpConfig) -> io::Result<Vec<Bound>> {
    let mut bound = Vec::<Bound>::new();
    let mut failure = None;
    for &(mut addr) in addrs {
        if let Some(Local::Tcp(first)) = bound.first().map(Bound::local) {
            addr.set_port(first.port());
        }
        match bind_one(addr, config, true) {
            Ok(one) => bound.push(one),
            Err(cause) if is_absent(&cause) => failure = Some(cause),
            Err(cause) => return Err(cause),
        }
    }
    match failure {
        Some(cause) if bound.is_empty() => Err(cause),
        None if bound.is_empty() => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )),
        _ => Ok(bound),
    }
}

/// Tells whether this machine lacks the address or its whole family.
fn is_absent(cause: &io::Error) -> bool {
    #[cfg(unix)]
    if cause.raw_os_error() == Some(libc::EAFNOSUPPORT) {
        return true;
    }
    matches!(
        cause.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    )
}

fn bind_one(addr: SocketAddr, config: &TcpConfig, v6_only: bool) -> io::Result<Bound> {
    let domain = Domain::for_address(addr);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if config.reuse_address {
        socket.set_reuse_address(true)?;
    }
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
    if config.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if addr.is_ipv6() {
        // Set in both cases: the default of the system differs between systems and is a setting on most.
        socket.set_only_v6(config.v6_only.unwrap_or(v6_only))?;
    }
    config.apply(&SockRef::from(&socket))?;
    socket.bind(&addr.into())?;
    socket.listen(i32::try_from(config.backlog).unwrap_or(i32::MAX))?;
    register(socket.into(), config)
}

fn register(listener: std::net::TcpListener, config: &TcpConfig) -> io::Result<Bound> {
    listener.set_nonblocking(true)?;
    let local = Local::Tcp(listener.local_addr()?);
    let listener = TcpListener::from_std(listener)?;
    Ok(Bound {
        socket: Socket::Tcp(TcpSocket {
            listener,
            config: config.clone(),
        }),
        site: Arc::new(Site::new(local)),
    })
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn accepted(config: &TcpConfig) -> TcpStream {
        let bound = bind(&Address::from("127.0.0.1:0"), config, &[])
            .await
            .unwrap()
            .remove(0);
        let Local::Tcp(addr) = bound.local() else {
            unreachable!("a TCP address was bound")
        };
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
        let bound = bind(&Address::from("127.0.0.1:0"), &TcpConfig::new(), &[])
            .await
            .unwrap()
            .remove(0);
        let Local::Tcp(addr) = *bound.local() else {
            unreachable!("a TCP address was bound")
        };
        let _clients = [(); 3].map(|()| std::net::TcpStream::connect(addr).unwrap());
        assert_eq!(bound.close().len(), 3);
        assert!(std::net::TcpStream::connect(addr).is_err());
    }

    #[test]
    fn an_ipv4_peer_of_an_ipv6_socket_has_its_own_address() {
        let mapped = "[::ffff:192.0.2.1]:80".parse().unwrap();
        assert_eq!(canonical(mapped).to_string(), "192.0.2.1:80");
        let other = "[2001:db8::1]:80".parse().unwrap();
        assert_eq!(canonical(other), other);
    }
}
