//! How TCP sockets are set up and connected.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::connect::Socket;
use crate::{Error, ErrorKind};

/// How TCP sockets are set up and connected.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_client::{Client, TcpConfig, config::Family};
///
/// let tcp = TcpConfig::new().family(Family::V4).keepalive(Duration::from_secs(20));
/// let client = Client::builder().tcp(tcp).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct TcpConfig {
    pub(crate) local_v4: Option<Ipv4Addr>,
    pub(crate) local_v6: Option<Ipv6Addr>,
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<Duration>,
    pub(crate) family: Family,
    pub(crate) send_buffer: Option<usize>,
    pub(crate) receive_buffer: Option<usize>,
    pub(crate) interface: Option<String>,
    pub(crate) hook: Option<Arc<Hook>>,
    pub(crate) happy_eyeballs: Option<Duration>,
}

type Hook = dyn Fn(&Socket<'_>) -> io::Result<()> + Send + Sync;

/// Which addresses of a host are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// All of them, IPv6 before IPv4.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl TcpConfig {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            local_v4: None,
            local_v6: None,
            nodelay: true,
            keepalive: Some(Duration::from_secs(60)),
            family: Family::Any,
            send_buffer: None,
            receive_buffer: None,
            interface: None,
            hook: None,
            happy_eyeballs: Some(Duration::from_millis(250)),
        }
    }

    /// Sets the address of this machine that connections come from, one per family: the last of each counts.
    ///
    /// Addresses of a host whose family has no local address are not used then.
    ///
    /// Default: the system chooses.
    pub fn local_address(mut self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => self.local_v4 = Some(v4),
            IpAddr::V6(v6) => self.local_v6 = Some(v6),
        }
        self
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`) rather than held back for more.
    ///
    /// Default: `true`.
    pub fn nodelay(mut self, on: bool) -> Self {
        self.nodelay = on;
        self
    }

    /// Sets after how much silence the system asks the peer whether it is still there (`SO_KEEPALIVE`).
    ///
    /// It finds peers that vanished while a response is awaited, and keeps the connection known to firewalls between.
    ///
    /// Default: 60 seconds. `None` never asks; less than a second is refused when the client is built.
    pub fn keepalive(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.keepalive = after.into();
        self
    }

    /// Sets which addresses of a host are used.
    ///
    /// Default: [`Family::Any`].
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// Sets the size in bytes of the system's buffer for what is sent (`SO_SNDBUF`), within the system's own bounds.
    ///
    /// Default: `None`, which lets the system adapt it.
    pub fn send_buffer(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.send_buffer = bytes.into();
        self
    }

    /// Sets the size in bytes of the system's buffer for what is received (`SO_RCVBUF`), within the system's own bounds.
    ///
    /// Default: `None`, which lets the system adapt it.
    pub fn receive_buffer(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.receive_buffer = bytes.into();
        self
    }

    /// Sets the network interface that connections go over, such as `eth1` (`SO_BINDTODEVICE`).
    ///
    /// Linux only; elsewhere no connection can be opened with it.
    ///
    /// Default: `None`, what the system's routes say.
    pub fn interface(mut self, name: impl Into<Option<String>>) -> Self {
        self.interface = name.into();
        self
    }

    /// Sets a function that is shown every socket before it is connected, to set what has no setting here.
    ///
    /// It runs once per address that is tried, when all other options are set and before the socket is bound to a
    /// [local address](Self::local_address). It has to return soon. Its error fails the attempt.
    ///
    /// Default: none.
    pub fn socket(
        mut self,
        hook: impl Fn(&Socket<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Sets how long an address has to itself before the next one of the host is tried too (RFC 8305 §5).
    ///
    /// The families take turns, IPv6 first; the first connection that is open is used and the others are dropped. When an
    /// attempt fails, the next begins at once.
    ///
    /// Default: 250 milliseconds, what RFC 8305 §8 recommends. Zero tries all at once; `None` one after the other, each until
    /// it has failed.
    pub fn happy_eyeballs(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.happy_eyeballs = delay.into();
        self
    }

    /// Tells whether an address is of a family that may be used.
    pub(crate) fn accepts(&self, address: IpAddr) -> bool {
        let (family, local) = match address {
            IpAddr::V4(_) => (Family::V4, self.local_v4.is_some()),
            IpAddr::V6(_) => (Family::V6, self.local_v6.is_some()),
        };
        let anywhere = self.local_v4.is_none() && self.local_v6.is_none();
        (self.family == Family::Any || self.family == family) && (anywhere || local)
    }

    /// Refuses settings that no socket could be given.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let invalid = |why: &str| Err(Error::new(ErrorKind::Config).because(why));
        if self
            .keepalive
            .is_some_and(|after| after < Duration::from_secs(1))
        {
            return invalid("`keepalive` is less than a second; `None` switches it off");
        }
        if self.interface.as_deref() == Some("") {
            return invalid("the name of the network interface is empty");
        }
        Ok(())
    }
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TcpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConfig")
            .field("local_v4", &self.local_v4)
            .field("local_v6", &self.local_v6)
            .field("nodelay", &self.nodelay)
            .field("keepalive", &self.keepalive)
            .field("family", &self.family)
            .field("send_buffer", &self.send_buffer)
            .field("receive_buffer", &self.receive_buffer)
            .field("interface", &self.interface)
            .field("socket", &self.hook.is_some())
            .field("happy_eyeballs", &self.happy_eyeballs)
            .finish()
    }
}
