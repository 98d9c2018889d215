//! [`AddressPolicy`]: which addresses a client may connect to, whatever a URL or a name server says.

mod public;

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::{Error, ErrorKind};

/// Which addresses a client may connect to.
///
/// A service that fetches URLs given by others can be made to fetch what only it can reach: its neighbours, itself, the
/// credentials that a cloud hands out at a fixed address. [`public_only`](Self::public_only) refuses those. The policy is
/// asked about addresses, after names were looked up, and those that it allows are the ones connected to: a name that leads
/// to one address when it is checked and to another when it is used gains nothing. It applies to every connection, so to
/// each redirect too.
///
/// What the settings name may have any address: a proxy, a unix socket. A proxy that looks up names itself connects to
/// whatever it likes, and needs a policy of its own.
///
/// Default: every address is allowed.
///
/// # Examples
///
/// ```
/// use wharf_client::AddressPolicy;
///
/// // The Internet, and one service of our own.
/// let policy = AddressPolicy::public_only().allow("10.2.0.0/16").deny("10.2.9.0/24");
/// assert!(policy.check([1, 1, 1, 1].into()));
/// assert!(policy.check([10, 2, 3, 4].into()));
/// assert!(!policy.check([10, 2, 9, 4].into()));
/// assert!(!policy.check([169, 254, 169, 254].into()));
///
/// // One network and nothing else.
/// let policy = AddressPolicy::new().deny("0.0.0.0/0").deny("::/0").allow("192.0.2.0/24");
/// assert!(!policy.check([1, 1, 1, 1].into()));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AddressPolicy {
    public_only: bool,
    rules: Vec<Rule>,
    /// What is wrong with the first network that makes no sense.
    problem: Option<String>,
}

#[derive(Clone, Debug)]
struct Rule {
    network: IpNet,
    allows: bool,
}

impl AddressPolicy {
    /// Creates a policy that allows every address.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a policy that allows the addresses of the public Internet only.
    ///
    /// What it refuses are the special-purpose registries of IANA (RFC 6890): private, shared (100.64.0.0/10), loopback,
    /// link-local, unique-local, multicast, unspecified, documentation, benchmarking and reserved addresses, IPv6 addresses
    /// that were never given out, and the addresses where clouds answer with credentials: 169.254.169.254,
    /// 168.63.129.16, 100.100.100.200, fd00:ec2::254 and their like.
    ///
    /// An address that stands for an IPv4 one (mapped, 6to4, NAT64) has to pass as both. A NAT64 prefix that a network made up
    /// for itself (RFC 6052 §2.2) cannot be known; [`deny`](Self::deny) it where there is one.
    pub fn public_only() -> Self {
        Self {
            public_only: true,
            ..Self::default()
        }
    }

    /// Allows a network in CIDR notation, such as `10.2.0.0/16`, or one address.
    ///
    /// Of all networks that an address is in, the smallest decides, in whatever order they were given; of two that are equal,
    /// the one that is denied. IPv4 addresses are never in an IPv6 network, however they are written: `::ffff:10.0.0.1` is
    /// `10.0.0.1`.
    ///
    /// Text that is no network makes the client's `build` fail with [`ErrorKind::Config`]; until it is set right, the policy
    /// allows nothing.
    pub fn allow(self, network: impl AsRef<str>) -> Self {
        self.rule(network.as_ref(), true)
    }

    /// Refuses a network in CIDR notation, or one address; see [`allow`](Self::allow).
    pub fn deny(self, network: impl AsRef<str>) -> Self {
        self.rule(network.as_ref(), false)
    }

    fn rule(mut self, text: &str, allows: bool) -> Self {
        match parse(text) {
            Ok(network) => self.rules.push(Rule { network, allows }),
            Err(why) => {
                let problem = format!("`{text}` is not an IP network: {why}");
                self.problem.get_or_insert(problem);
            }
        }
        self
    }

    /// Tells whether a connection to an address is allowed.
    #[must_use]
    pub fn check(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.problem.is_none()
            && self.allows(address)
            && public::embedded(address).is_none_or(|inner| self.allows(inner.into()))
    }

    fn allows(&self, address: IpAddr) -> bool {
        let matching = self
            .rules
            .iter()
            .filter(|rule| rule.network.contains(&address));
        // `false` is less than `true`: of two equal networks, the one that is denied is the greatest.
        match matching.max_by_key(|rule| (rule.network.prefix_len(), !rule.allows)) {
            Some(rule) => rule.allows,
            None => !self.public_only || public::is_public(address),
        }
    }

    /// Refuses a policy with a network that makes no sense.
    pub(crate) fn check_settings(&self) -> Result<(), Error> {
        match &self.problem {
            Some(problem) => Err(Error::new(ErrorKind::Config).because(problem.as_str())),
            None => Ok(()),
        }
    }
}

fn parse(text: &str) -> Result<IpNet, String> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|error| error.to_string())?,
    };
    // Most likely a slip, and which network was meant is not for us to guess.
    if network.trunc() != network {
        return Err(format!("did you mean `{}`?", network.trunc()));
    }
    Ok(match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => {
            match (v6.addr().to_ipv4_mapped(), v6.prefix_len() - 96) {
                (Some(v4), prefix) => Ipv4Net::new(v4, prefix).map_or(network, IpNet::V4),
                (None, _) => network,
            }
        }
        network => network,
    })
}

#[cfg(test)]
mod tests;
