//! Where connections come from: [`Listener`] and [`Address`], [`TcpConfig`] and [`UnixConfig`]; [`ProxyProtocol`].

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use wharf_http::connection::{Local, Peer};

use crate::error::{Error, ErrorKind};
use crate::tls::{Acceptor, TlsConfig};

mod address;
mod inherited;
mod open;
pub(crate) mod proxy_protocol;
mod raw;
mod site;
mod stream;
mod tcp;
mod unix;

pub(crate) use address::Target;
pub(crate) use inherited::Inherited;
#[cfg(unix)]
pub(crate) use inherited::{READY, name_of};
pub(crate) use open::{OpenListener, open_all};
pub(crate) use raw::{RawAccepted, RawListener};
pub(crate) use site::Site;
pub(crate) use stream::Stream;

pub use address::Address;
pub use open::ListenerId;
pub use proxy_protocol::ProxyProtocol;
pub use tcp::TcpConfig;
pub use unix::UnixConfig;

/// One place where a server listens: an address to bind, or a socket that is bound already.
///
/// Most servers need only [`Server::bind`](crate::Server::bind). This is for a socket with settings of its own, or one
/// that a supervisor or a test has bound.
///
/// # Examples
///
/// ```
/// use wharf_server::listener::{Listener, TcpConfig};
///
/// let ready = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let bound = Listener::from(ready);
/// let to_bind = Listener::new("[::1]:0").tcp(TcpConfig::new().backlog(64));
/// # let _ = (bound, to_bind);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Listener {
    source: Source,
    tcp: Option<TcpConfig>,
    unix: Option<UnixConfig>,
    proxy_protocol: Option<ProxyProtocol>,
    /// Whether there is nothing but the health of the process.
    pub(crate) health_alone: bool,
    pub(crate) tls: Option<Arc<TlsConfig>>,
    /// What was made of the configuration.
    pub(crate) acceptor: Option<Acceptor>,
}

#[derive(Debug)]
enum Source {
    Address(Address),
    Tcp(std::net::TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl Listener {
    /// Creates a listener that binds `address` when the server starts.
    #[must_use]
    pub fn new(address: impl Into<Address>) -> Self {
        Self::of(Source::Address(address.into()))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            tcp: None,
            unix: None,
            proxy_protocol: None,
            health_alone: false,
            tls: None,
            acceptor: None,
        }
    }

    /// Sets the options of the socket, should it be a TCP socket. Default: those of the server.
    #[must_use]
    pub fn tcp(mut self, config: TcpConfig) -> Self {
        self.tcp = Some(config);
        self
    }

    /// Sets the options of the socket, should it be a unix socket. Default: those of the server.
    #[must_use]
    pub fn unix(mut self, config: UnixConfig) -> Self {
        self.unix = Some(config);
        self
    }

    /// Sets that each connection begins with a header of the PROXY protocol, which says whose connection it is.
    ///
    /// Default: none does.
    #[must_use]
    pub fn proxy_protocol(mut self, protocol: ProxyProtocol) -> Self {
        self.proxy_protocol = Some(protocol);
        self
    }

    /// Gives the listener the options of the server where it has none of its own.
    pub(crate) fn or(mut self, tcp: &TcpConfig, unix: &UnixConfig) -> Self {
        self.tcp.get_or_insert_with(|| tcp.clone());
        self.unix.get_or_insert_with(|| unix.clone());
        self
    }

    /// Returns the address when it says that connections are encrypted.
    pub(crate) fn tls_address(&self) -> Option<&Address> {
        match &self.source {
            Source::Address(address) if address.is_tls() => Some(address),
            _ => None,
        }
    }

    /// Returns the address, if this is an address and nothing else.
    pub(crate) fn as_address(&self) -> Option<&Address> {
        match self {
            Self {
                source: Source::Address(address),
                tcp: None,
                unix: None,
                tls: None,
                proxy_protocol: None,
                health_alone: _,
                acceptor: _,
            } => Some(address),
            _ => None,
        }
    }

    /// Returns the port on which this takes all IPv4 connections, if it does.
    fn wildcard_v4(&self) -> Option<u16> {
        let addr = match &self.source {
            Source::Address(address) => match address.target().ok()? {
                Target::Socket(addr) => *addr,
                _ => return None,
            },
            Source::Tcp(listener) => listener.local_addr().ok()?,
            #[cfg(unix)]
            Source::Unix(_) => return None,
        };
        (addr.is_ipv4() && addr.ip().is_unspecified()).then_some(addr.port())
    }

    /// Finds out whether the address and the options make sense; touches nothing.
    fn check(&self) -> Result<(), Error> {
        if let Source::Address(address) = &self.source {
            address.target()?;
        }
        if let Some(protocol) = &self.proxy_protocol {
            protocol.check()?;
        }
        self.unix.as_ref().map_or(Ok(()), UnixConfig::check)
    }
}

impl From<&str> for Listener {
    fn from(address: &str) -> Self {
        Self::new(address)
    }
}

impl From<String> for Listener {
    fn from(address: String) -> Self {
        Self::new(address)
    }
}

impl From<Address> for Listener {
    fn from(address: Address) -> Self {
        Self::of(Source::Address(address))
    }
}

impl From<std::net::TcpListener> for Listener {
    fn from(listener: std::net::TcpListener) -> Self {
        Self::of(Source::Tcp(listener))
    }
}

#[cfg(unix)]
impl From<std::os::unix::net::UnixListener> for Listener {
    /// Takes the socket as it is; its file is not removed when the server stops.
    fn from(listener: std::os::unix::net::UnixListener) -> Self {
        Self::of(Source::Unix(listener))
    }
}

/// Finds out whether all addresses and options make sense; touches nothing.
pub(crate) fn check(listeners: &[Listener]) -> Result<(), Error> {
    listeners.iter().try_for_each(Listener::check)
}

/// A socket that listens, in the hands of a runtime.
#[derive(Debug)]
pub(crate) struct Bound {
    socket: Socket,
    site: Arc<Site>,
}

#[derive(Debug)]
enum Socket {
    Tcp(tokio::net::TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

/// A connection that was accepted, and both of its ends.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
    pub(crate) local: Local,
    pub(crate) site: Arc<Site>,
}

impl Bound {
    /// Accepts a connection, or arranges for the task to be woken when there is one.
    pub(crate) fn poll_accept(&self, cx: &mut task::Context<'_>) -> Poll<io::Result<Accepted>> {
        match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, peer) = ready!(socket.poll_accept(cx))?;
                Poll::Ready(Ok(tcp::accepted(stream, peer, &self.site)))
            }
            #[cfg(unix)]
            Socket::Unix(socket) => {
                let (stream, _unnamed) = ready!(socket.poll_accept(cx))?;
                Poll::Ready(Ok(unix::accepted(stream, &self.site)))
            }
        }
    }
}

/// Prints a scheme and what is bound as an address to connect to.
pub(crate) struct Url<'a>(pub(crate) &'static str, pub(crate) &'a Local);

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(scheme, local) = self;
        match local {
            Local::Tcp(addr) => write!(f, "{scheme}://{addr}"),
            Local::Unix(Some(path)) => write!(f, "{scheme}://unix:{}:", path.display()),
            _ => write!(f, "{scheme}://unix:"),
        }
    }
}

/// Why `address` could not be bound, and what can be done.
fn bind_error(address: &impl fmt::Display, cause: io::Error) -> Error {
    let advice = match cause.kind() {
        io::ErrorKind::AddrInUse => {
            " (another program listens there: stop it, or choose another address)"
        }
        io::ErrorKind::AddrNotAvailable => {
            " (no interface of this machine has that address: 127.0.0.1 is always there, 0.0.0.0 is all of them)"
        }
        io::ErrorKind::PermissionDenied => {
            " (ports below 1024, and sockets in folders of others, need a privilege)"
        }
        io::ErrorKind::NotFound => " (is there such a host, or such a folder?)",
        _ => "",
    };
    Error::new(
        ErrorKind::Bind,
        format!("could not listen on {address}{advice}"),
    )
    .because(cause)
}
