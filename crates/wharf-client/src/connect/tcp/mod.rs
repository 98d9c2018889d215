//! [`TcpConnector`]: from a host and a port to a connection.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use tokio::time::Instant;
use wharf_http::BoxError;

use super::dns::{Failure, Names, Resolve, SystemResolver};
use super::host::Host;
use super::{Connector, Stream, Target, probed, race};
use crate::config::Family;
use crate::trace::{Call, Timing};
use crate::{AddressPolicy, DnsConfig, Error, ErrorKind, TcpConfig};

/// Connects over TCP: looks up the name, asks the address policy, and tries the addresses until one answers.
///
/// Cheap to clone; clones share the settings and the names that were looked up.
///
/// A host that is an address is not looked up. An IPv4 address is four decimal numbers: other forms that some systems
/// accept, such as `127.1`, are refused. (`Url` turns them into the canonical form, so they get here only in a request
/// that was made without it.)
///
/// A client has one of its own, set by [`ClientBuilder::dns`](crate::ClientBuilder::dns) and its like. To make another is of use
/// to a [`Connector`] that opens TCP connections among others.
///
/// # Examples
///
/// ```
/// use wharf_client::connect::{Stream, Target, TcpConnector, UnixConnector};
/// use wharf_client::{AddressPolicy, Client, Connector};
/// use wharf_http::BoxError;
///
/// /// One host is a neighbour, all others are far away.
/// struct Neighbourly {
///     near: UnixConnector,
///     far: TcpConnector,
/// }
///
/// impl Connector for Neighbourly {
///     async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
///         match target.host() {
///             "neighbour.test" => self.near.connect(target).await,
///             _ => self.far.connect(target).await,
///         }
///     }
/// }
///
/// let client = Client::builder().connector(Neighbourly {
///     near: UnixConnector::new("/run/neighbour.sock"),
///     far: TcpConnector::new().addresses(AddressPolicy::public_only()),
/// });
/// # client.build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TcpConnector {
    names: Arc<Names>,
    tcp: Arc<TcpConfig>,
    policy: Arc<AddressPolicy>,
}

impl TcpConnector {
    /// Creates a connector with the default settings, which asks the system for addresses.
    pub fn new() -> Self {
        Self {
            names: Arc::new(Names::new(
                DnsConfig::new(),
                Arc::new(SystemResolver::new()),
            )),
            tcp: Arc::default(),
            policy: Arc::default(),
        }
    }

    /// Sets how names are looked up and kept. Nothing is known of any name then.
    pub fn dns(mut self, config: DnsConfig) -> Self {
        self.names = Arc::new(Names::new(config, self.names.resolver()));
        self
    }

    /// Sets who looks up names. Nothing is known of any name then.
    ///
    /// Default: [`SystemResolver`].
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.names = Arc::new(Names::new(self.names.config().clone(), Arc::new(resolver)));
        self
    }

    /// Sets how sockets are set up and connected.
    pub fn tcp(mut self, config: TcpConfig) -> Self {
        self.tcp = Arc::new(config);
        self
    }

    /// Sets which addresses may be connected to. Default: every address.
    ///
    /// An address that may not is as if the name did not have it; when none is left, the error is of kind
    /// [`AddressRefused`](ErrorKind::AddressRefused).
    pub fn addresses(mut self, policy: AddressPolicy) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// Forgets the addresses of one name, for this connector and its clones.
    pub fn clear_name(&self, host: &str) {
        self.names.clear(host);
    }

    /// Forgets the addresses of all names, for this connector and its clones. Overrides stay.
    pub fn clear_names(&self) {
        self.names.clear_all();
    }

    /// Refuses settings that nothing could work with.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.names.config().check()?;
        self.tcp.check()?;
        self.policy.check_settings()
    }

    /// Opens a connection, and shows and times the look-up in `call`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops all attempts. A look-up that has begun goes on, for the next who asks.
    pub(crate) async fn open(&self, target: &Target, call: &Call) -> Result<Stream, Error> {
        let addresses = self.resolve(target, call).await?;
        self.connect_any(addresses, target).await
    }

    /// Opens a connection to a host that the settings name: it may have any address.
    #[cfg(feature = "proxy")]
    pub(crate) async fn open_any(&self, target: &Target, call: &Call) -> Result<Stream, Error> {
        let addresses = self.find(target, call).await?;
        self.connect_any(addresses, target).await
    }

    /// Finds the addresses of a host that may be connected to, at least one.
    pub(crate) async fn resolve(
        &self,
        target: &Target,
        call: &Call,
    ) -> Result<Vec<SocketAddr>, Error> {
        let mut addresses = self.find(target, call).await?;
        let first = addresses.first().map(SocketAddr::ip);
        addresses.retain(|address| self.policy.check(address.ip()));
        match first {
            Some(refused) if addresses.is_empty() => {
                let why = format!("`{}` has the address {refused}", target.host());
                Err(Error::new(ErrorKind::AddressRefused)
                    .at(target)
                    .because(why))
            }
            _ => Ok(addresses),
        }
    }

    /// Finds the addresses of a host, at least one.
    async fn find(&self, target: &Target, call: &Call) -> Result<Vec<SocketAddr>, Error> {
        self.check()?;
        let host = Host::parse(target.host())
            .map_err(|why| Error::new(ErrorKind::Url).at(target).because(why))?;
        let port = target.port();
        let found = match host {
            Host::Address(address) => Ok(vec![SocketAddr::new(address, port)]),
            Host::Scoped(address, zone) => scoped(address, zone, port).await,
            Host::Name(name) => {
                let _looking_up = Stopwatch::start(call, |timing, took| timing.dns += took);
                let found = self.names.look_up(name, port, call).await;
                found.map(|found| found.iter().map(|&ip| SocketAddr::new(ip, port)).collect())
            }
        };
        match found {
            Ok(addresses) if addresses.is_empty() => Err(no_address("it has no address", target)),
            Ok(addresses) => Ok(addresses),
            Err(why) => Err(no_address(why, target)),
        }
    }

    /// Connects to the first address that answers, of those that are of the right family.
    async fn connect_any(
        &self,
        mut addresses: Vec<SocketAddr>,
        target: &Target,
    ) -> Result<Stream, Error> {
        addresses.retain(|address| self.tcp.accepts(address.ip()));
        if addresses.is_empty() {
            let why = match self.tcp.family {
                Family::V4 => "it has no IPv4 address",
                Family::V6 => "it has no IPv6 address",
                Family::Any => "it has no address of the family of the local one",
            };
            return Err(no_address(why, target));
        }
        if addresses.len() > 1 {
            addresses = race::interleave(&addresses);
        }
        let connected = race::race(&*self.tcp, &addresses, self.tcp.happy_eyeballs).await;
        let (socket, peer) = connected.map_err(|attempts| {
            let literal = target.host().parse::<IpAddr>().is_ok();
            Error::new(ErrorKind::Connect)
                .at(target)
                .because(attempts.literal(literal))
        })?;
        Ok(probed::stream(socket).with_peer_addr(peer))
    }
}

/// Finds the address behind an interface.
async fn scoped(address: Ipv6Addr, zone: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(scope) = zone.parse() {
        return Ok(vec![SocketAddrV6::new(address, port, 0, scope).into()]);
    }
    // Only the system knows its interfaces by name; this asks no name server.
    match tokio::net::lookup_host((format!("{address}%{zone}"), port)).await {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(Failure::new(error)),
    }
}

fn no_address(why: impl Into<BoxError>, target: &Target) -> Error {
    Error::new(ErrorKind::Dns).at(target).because(why)
}

impl Default for TcpConnector {
    fn default() -> Self {
        Self::new()
    }
}

impl Connector for TcpConnector {
    async fn connect(&self, target: Target) -> Result<Stream, BoxError> {
        let nobody = Call::new(Arc::default(), Extensions::new());
        Ok(self.open(&target, &nobody).await?)
    }
}

/// Adds the time until it is dropped to a phase of a call: also when a time limit drops what it measures.
struct Stopwatch<'a> {
    call: &'a Call,
    since: Instant,
    add: fn(&mut Timing, Duration),
}

impl<'a> Stopwatch<'a> {
    fn start(call: &'a Call, add: fn(&mut Timing, Duration)) -> Self {
        Self {
            call,
            since: Instant::now(),
            add,
        }
    }
}

impl Drop for Stopwatch<'_> {
    fn drop(&mut self) {
        let took = self.since.elapsed();
        self.call.time(|timing| (self.add)(timing, took));
    }
}

#[cfg(test)]
mod tests;
