//! How names are looked up, and for how long the answers are kept.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::{Error, ErrorKind};

/// How the names of hosts are looked up, and for how long the answers are kept.
///
/// Concurrent calls to one name share one look-up. A request that goes over a kept connection looks up nothing.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use wharf_client::{Client, DnsConfig};
///
/// let dns = DnsConfig::new()
///     .ttl(Duration::from_secs(30))
///     .overrides("db.test", [[10, 0, 0, 7].into()])
///     .overrides("db.test:9200", [[10, 0, 0, 8].into()]);
/// let client = Client::builder().dns(dns).build()?;
/// # Ok::<(), wharf_client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DnsConfig {
    pub(crate) ttl: Option<Duration>,
    pub(crate) negative_ttl: Duration,
    pub(crate) stale: Duration,
    pub(crate) size: usize,
    pub(crate) concurrent: usize,
    pub(crate) overrides: BTreeMap<String, Vec<IpAddr>>,
}

impl DnsConfig {
    /// Creates the default settings.
    pub fn new() -> Self {
        Self {
            ttl: Some(Duration::from_secs(10)),
            negative_ttl: Duration::from_secs(1),
            stale: Duration::from_secs(300),
            size: 1000,
            concurrent: 16,
            overrides: BTreeMap::new(),
        }
    }

    /// Sets how long the addresses of a name are used without another look-up.
    ///
    /// The system's resolver does not tell for how long an answer holds, so this has to be short enough for a server that
    /// moves and long enough for a burst of new connections.
    ///
    /// Default: 10 seconds. `None` keeps them for ever; zero keeps nothing, failures and stale addresses included.
    pub fn ttl(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.ttl = time.into();
        self
    }

    /// Sets how long a failed look-up is not repeated; meanwhile calls get the same error, or stale addresses.
    ///
    /// Default: 1 second, so that a service in trouble does not ask for each of its requests. Zero repeats at once.
    pub fn negative_ttl(mut self, time: Duration) -> Self {
        self.negative_ttl = time;
        self
    }

    /// Sets for how long after their time addresses may still be used when looking them up again fails (RFC 8767).
    ///
    /// They are also used when the answer does not come within 1.8 seconds, as a name server that is down is silent rather
    /// than quick to say no. An answer without addresses is no failure: it ends the use of older ones.
    ///
    /// Default: 5 minutes. Zero uses none.
    pub fn stale(mut self, time: Duration) -> Self {
        self.stale = time;
        self
    }

    /// Sets how many names are kept; beyond that, the one used least recently is dropped.
    ///
    /// Default: 1,000. Zero keeps none.
    pub fn size(mut self, names: usize) -> Self {
        self.size = names;
        self
    }

    /// Sets how many names may be looked up at once; others wait for their turn.
    ///
    /// A look-up by the system takes one of the runtime's blocking threads (512 by default) until it ends, also when nobody
    /// waits for it any more: it cannot be cancelled.
    ///
    /// Default: 16. Zero is refused when the client is built.
    pub fn concurrent(mut self, look_ups: usize) -> Self {
        self.concurrent = look_ups;
        self
    }

    /// Sets the addresses of a name, which is then never looked up; those given earlier for it are replaced.
    ///
    /// `host` is a name for every port, or `name:port` for one, which goes before. Case does not matter. The name stays in the
    /// `host` field and in TLS; an [`AddressPolicy`](crate::AddressPolicy) applies as to any other address. Without an
    /// address, the name cannot be reached.
    pub fn overrides(
        mut self,
        host: impl AsRef<str>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        let host = host.as_ref().to_ascii_lowercase();
        self.overrides.insert(host, addresses.into_iter().collect());
        self
    }

    /// Refuses settings that nothing could work with.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.concurrent == 0 {
            let why = "`concurrent` of the name look-ups is zero, so that no name could be found";
            return Err(Error::new(ErrorKind::Config).because(why));
        }
        Ok(())
    }
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self::new()
    }
}
