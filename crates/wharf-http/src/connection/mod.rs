//! What is known of the connection that a request came by.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use http::uri::Scheme;

use crate::error::ErrorLog;
use crate::signal::{Signal, Tasks};

mod tls;
mod websockets;

pub use tls::{PeerCertificate, TlsInfo};
pub use websockets::{WebSocketEnd, WebSocketStats};

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP peer.
    Tcp(SocketAddr),
    /// A peer on a unix socket.
    Unix(UnixPeer),
    /// A peer in the same process, over an in-memory pipe.
    Memory,
}

impl Peer {
    /// Returns the socket address of a TCP peer.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(addr) => Some(*addr),
            Self::Unix(_) | Self::Memory => None,
        }
    }
}

impl fmt::Display for Peer {
    /// Prints the IP address without the port, `unix` (with the process id where known), or `memory`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addr) => addr.ip().fmt(f),
            Self::Unix(UnixPeer { pid: Some(pid), .. }) => write!(f, "unix:{pid}"),
            Self::Unix(_) => f.write_str("unix"),
            Self::Memory => f.write_str("memory"),
        }
    }
}

/// Who is at the other end of a unix socket, as the kernel tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixPeer {
    pid: Option<i32>,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl UnixPeer {
    /// Creates a peer of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the process, user and group that the kernel reported when the peer connected.
    #[must_use]
    pub fn credentials(mut self, pid: Option<i32>, uid: u32, gid: u32) -> Self {
        self.pid = pid;
        self.uid = Some(uid);
        self.gid = Some(gid);
        self
    }

    /// Returns the process id of the peer.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// Returns the effective user id of the peer.
    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        self.uid
    }

    /// Returns the effective group id of the peer.
    #[must_use]
    pub fn gid(&self) -> Option<u32> {
        self.gid
    }
}

/// The listener's end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Local {
    /// A TCP socket.
    Tcp(SocketAddr),
    /// A unix socket and its path, where it has one.
    Unix(Option<PathBuf>),
    /// An in-memory pipe.
    Memory,
}

impl Local {
    /// Returns the path of a unix socket.
    #[must_use]
    pub fn unix_path(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => path.as_deref(),
            Self::Tcp(_) | Self::Memory => None,
        }
    }
}

/// What is known of the connection that a request came by. Cheap to clone.
///
/// Nothing here is taken from a request header. What `Forwarded` and its like say, where they are believed, differs from
/// request to request: it is found in the [`Context`](crate::Context).
#[derive(Clone, Debug)]
pub struct Connection {
    inner: Arc<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    /// Drawn when it is first asked for: most connections are never named, and it is a call of the system.
    id: OnceLock<u128>,
    peer: Peer,
    local: Local,
    /// In a box, like `tls`: connections that have neither are many, and do not grow by it.
    proxy: Option<Box<Peer>>,
    tls: Option<Box<TlsInfo>>,
    scheme: Scheme,
    peer_certificate: Option<PeerCertificate>,
    shutdown: Signal,
    tasks: Tasks,
    errors: ErrorLog,
    websockets: Option<WebSocketStats>,
}

impl Connection {
    /// Creates the description of a plain connection from `peer` to `local`.
    #[must_use]
    pub fn new(peer: Peer, local: Local) -> Self {
        Self {
            inner: Arc::new(Inner {
                id: OnceLock::new(),
                peer,
                local,
                proxy: None,
                scheme: Scheme::HTTP,
                tls: None,
                peer_certificate: None,
                shutdown: Signal::new(),
                tasks: Tasks::new(),
                errors: ErrorLog::new(),
                websockets: None,
            }),
        }
    }

    /// Creates the description of a connection within this process.
    #[must_use]
    pub fn memory() -> Self {
        Self::new(Peer::Memory, Local::Memory)
    }

    /// Sets the scheme that requests of this connection have. Default: `http`.
    #[must_use]
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        self.change(|inner| inner.scheme = scheme)
    }

    /// Sets the proxy that holds the other end of the socket and has told who its client is (the PROXY protocol).
    ///
    /// Default: none, the peer itself holds it.
    #[must_use]
    pub fn with_proxy(self, proxy: Peer) -> Self {
        self.change(|inner| inner.proxy = Some(Box::new(proxy)))
    }

    /// Sets how the connection is encrypted, and with it the scheme `https`. Default: it is not.
    #[must_use]
    pub fn with_tls(self, tls: TlsInfo) -> Self {
        self.change(|inner| {
            inner.scheme = Scheme::HTTPS;
            inner.tls = Some(Box::new(tls));
        })
    }

    /// Sets the certificate by which the peer has proved who it is. Default: `None`.
    #[must_use]
    pub fn with_peer_certificate(self, certificate: impl Into<Option<PeerCertificate>>) -> Self {
        self.change(|inner| inner.peer_certificate = certificate.into())
    }

    /// Sets the signal that fires when the server begins to shut down, and the count of work it then waits for.
    #[must_use]
    pub fn with_server(self, shutdown: Signal, tasks: Tasks) -> Self {
        self.change(|inner| {
            inner.shutdown = shutdown;
            inner.tasks = tasks;
        })
    }

    /// Lets [`report`](Self::report) write to standard error while no `tracing` subscriber is set. Default: off.
    #[must_use]
    pub fn with_errors_to_stderr(self, on: bool) -> Self {
        self.change(|inner| inner.errors = inner.errors.clone().stderr(on))
    }

    /// Sets where [`report`](Self::report) writes. Default: [`ErrorLog::new`].
    #[must_use]
    pub fn with_error_log(self, log: ErrorLog) -> Self {
        self.change(|inner| inner.errors = log)
    }

    /// Sets where the WebSockets of this connection are counted. Default: `None`, nowhere.
    #[must_use]
    pub fn with_websocket_stats(self, stats: impl Into<Option<WebSocketStats>>) -> Self {
        self.change(|inner| inner.websockets = stats.into())
    }

    /// Logs an error that no caller will see, such as the cause of an answer with status 500.
    ///
    /// It goes to `tracing` at level `ERROR` with the target `wharf::error`; without a subscriber, and where the
    /// server says so, to standard error, so that a newcomer sees it.
    pub fn report(&self, error: impl fmt::Display) {
        self.inner.errors.report(error);
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Returns a random number that names this connection; request ids are made from it.
    pub(crate) fn id(&self) -> u128 {
        *self.inner.id.get_or_init(random)
    }

    /// Returns the other end, as the socket tells, or as a [`proxy`](Self::proxy) told when it connected.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.inner.peer
    }

    /// Returns the listener's end, or that of the [`proxy`](Self::proxy) to which the peer connected.
    #[must_use]
    pub fn local(&self) -> &Local {
        &self.inner.local
    }

    /// Returns the proxy that holds the other end of the socket and told who the peer is (the PROXY protocol); `None`
    /// when the peer itself holds it.
    #[must_use]
    pub fn proxy(&self) -> Option<&Peer> {
        self.inner.proxy.as_deref()
    }

    /// Returns `http`, or `https` when the connection itself is encrypted, here or up to the [`proxy`](Self::proxy).
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.inner.scheme
    }

    /// Returns how the connection itself is encrypted; `None` when it is not.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.inner.tls.as_deref()
    }

    /// Returns the certificate by which the client has proved who it is; `None` when it was not asked, or had none.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&PeerCertificate> {
        self.inner.peer_certificate.as_ref()
    }

    /// Returns the signal that fires when the server begins to shut down.
    #[must_use]
    pub fn shutdown(&self) -> &Signal {
        &self.inner.shutdown
    }

    /// Returns where the WebSockets of this connection are counted; `None` when they are not.
    #[must_use]
    pub fn websocket_stats(&self) -> Option<&WebSocketStats> {
        self.inner.websockets.as_ref()
    }

    /// Returns the count of work that the server waits for when it shuts down.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }
}

/// Sixteen random bytes, or a mix of clock and address should the system have none to give.
fn random() -> u128 {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        use std::hash::{BuildHasher, RandomState};
        let state = RandomState::new();
        let high = u128::from(state.hash_one(std::time::SystemTime::now()));
        return high << 64 | u128::from(RandomState::new().hash_one(high));
    }
    u128::from_ne_bytes(bytes)
}
