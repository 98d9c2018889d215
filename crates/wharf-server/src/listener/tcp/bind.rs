//! Binding TCP sockets: one address or several, one socket for all workers or one for each.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::TcpConfig;
use crate::error::Error;
use crate::listener::{Address, Target, bind_error};

/// How often a name's second address is tried on the port that the system chose for the first.
const SAME_PORT_ATTEMPTS: usize = 16;

/// The sockets of one socket address: a single one that all workers share, or one for each of them.
pub(in crate::listener) type Group = Vec<TcpListener>;

/// Gives the options to a socket that somebody else has bound.
pub(in crate::listener) fn adopt(listener: &TcpListener, config: &TcpConfig) -> Result<(), Error> {
    config
        .apply(&SockRef::from(listener))
        .map_err(|cause| match listener.local_addr() {
            Ok(addr) => bind_error(&addr, cause),
            Err(_unknown) => bind_error(&"a socket that was handed over", cause),
        })
}

/// Binds every socket address that `address` stands for, with up to `sockets` sockets each.
pub(in crate::listener) async fn bind(
    address: &Address,
    config: &TcpConfig,
    taken_v4: &[u16],
    sockets: usize,
) -> Result<Vec<Group>, Error> {
    match address.target()? {
        Target::Socket(addr) => {
            let v6_only = addr.port() != 0 && taken_v4.contains(&addr.port());
            Ok(vec![
                bind_one(*addr, config, v6_only, sockets)
                    .map_err(|cause| bind_error(address, cause))?,
            ])
        }
        Target::Any(port) => bind_any(*port, config, sockets)
            .map(|bound| vec![bound])
            .map_err(|cause| bind_error(address, cause)),
        Target::Name(name, port) => {
            let addrs = tokio::net::lookup_host((name.as_str(), *port))
                .await
                .map_err(|cause| bind_error(address, cause))?;
            let mut addrs: Vec<SocketAddr> = addrs.collect();
            addrs.sort_unstable();
            addrs.dedup();
            bind_name(&addrs, config, sockets).map_err(|cause| bind_error(address, cause))
        }
        Target::Unix(_) | Target::Abstract(_) | Target::Inherited(_) | Target::Bad(..) => {
            Ok(Vec::new())
        }
    }
}

/// Binds all interfaces: by one IPv6 socket that takes IPv4 too, or by an IPv4 one where there is no IPv6.
fn bind_any(port: u16, config: &TcpConfig, sockets: usize) -> io::Result<Group> {
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    match bind_one(v6, config, false, sockets) {
        Err(cause) if is_absent(&cause) => {
            bind_one((Ipv4Addr::UNSPECIFIED, port).into(), config, false, sockets)
        }
        bound => bound,
    }
}

/// Binds each address of a name, all on one port.
fn bind_name(addrs: &[SocketAddr], config: &TcpConfig, sockets: usize) -> io::Result<Vec<Group>> {
    let any_port = addrs.iter().all(|addr| addr.port() == 0);
    let mut attempts = 0;
    loop {
        attempts += 1;
        match bind_together(addrs, config, sockets) {
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
fn bind_together(
    addrs: &[SocketAddr],
    config: &TcpConfig,
    sockets: usize,
) -> io::Result<Vec<Group>> {
    let mut bound = Vec::<Group>::new();
    let mut failure = None;
    for &(mut addr) in addrs {
        if let Some(first) = bound.first().and_then(|group| group.first()) {
            addr.set_port(first.local_addr()?.port());
        }
        match bind_one(addr, config, true, sockets) {
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

/// Binds one socket address. With several sockets the system spreads connections over them.
fn bind_one(
    addr: SocketAddr,
    config: &TcpConfig,
    v6_only: bool,
    sockets: usize,
) -> io::Result<Group> {
    let socket = make(addr, config, v6_only)?;
    if config.reuse_port {
        reuse_port(&socket)?;
    }
    socket.bind(&addr.into())?;
    // Only now: another program that listens there is found out, although its sockets would let others join.
    let spread = sockets > 1 && cfg!(target_os = "linux") && reuse_port(&socket).is_ok();
    listen(&socket, config)?;
    let first = TcpListener::from(socket);
    let addr = first.local_addr()?;
    let mut group = vec![first];
    while spread && group.len() < sockets {
        match join(addr, config, v6_only) {
            Ok(socket) => group.push(socket),
            // One socket is enough: workers that have none of their own share those that are there.
            Err(cause) => {
                tracing::debug!(target: "wharf::server", %addr, %cause, "workers share a socket");
                break;
            }
        }
    }
    Ok(group)
}

/// Binds one more socket beside those that listen on `addr` already.
fn join(addr: SocketAddr, config: &TcpConfig, v6_only: bool) -> io::Result<TcpListener> {
    let socket = make(addr, config, v6_only)?;
    reuse_port(&socket)?;
    socket.bind(&addr.into())?;
    listen(&socket, config)?;
    Ok(socket.into())
}

fn make(addr: SocketAddr, config: &TcpConfig, v6_only: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if config.reuse_address {
        socket.set_reuse_address(true)?;
    }
    if addr.is_ipv6() {
        // Set in both cases: the default of the system differs between systems and is a setting on most.
        socket.set_only_v6(config.v6_only.unwrap_or(v6_only))?;
    }
    config.apply(&SockRef::from(&socket))?;
    Ok(socket)
}

fn listen(socket: &Socket, config: &TcpConfig) -> io::Result<()> {
    socket.listen(i32::try_from(config.backlog).unwrap_or(i32::MAX))
}

#[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos"))))]
fn reuse_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(all(unix, not(any(target_os = "solaris", target_os = "illumos")))))]
fn reuse_port(_socket: &Socket) -> io::Result<()> {
    Ok(())
}
