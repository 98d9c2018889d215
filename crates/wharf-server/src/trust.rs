//! [`TrustedProxies`], whose word counts for somebody else's address, and [`Network`]: refused late, so that a builder
//! never fails.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use wharf_http::Peer;

use crate::error::{Error, ErrorKind};

/// An IP network in CIDR notation, such as `10.0.0.0/8` or `2001:db8::/32`; an address alone is a network of one.
///
/// A network is made of text without a check, so that it can be given to a builder; one that makes no sense is the
/// error of [`Server::start`](crate::Server::start), before anything listens. [`str::parse`] checks at once.
///
/// IPv4 addresses are never in an IPv6 network, however they are written: `::ffff:10.0.0.1` is `10.0.0.1`.
///
/// # Examples
///
/// ```
/// use wharf_server::Network;
///
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains([10, 1, 2, 3].into()));
/// assert!("10.0.0.1/8".parse::<Network>().is_err());
/// # Ok::<(), wharf_server::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    range: Range,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Range {
    Good(Block),
    /// Text that makes no sense, and why.
    Bad(String, String),
}

impl Network {
    /// Tells whether an address is in the network; a network that makes no sense has none.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match &self.range {
            Range::Good(range) => range.contains(ip.to_canonical()),
            Range::Bad(..) => false,
        }
    }

    fn check(&self) -> Result<(), Error> {
        match &self.range {
            Range::Good(_) => Ok(()),
            Range::Bad(text, reason) => Err(Error::new(
                ErrorKind::Settings,
                format!("`{text}` is not an IP network: {reason}"),
            )),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.range {
            Range::Good(range) => range.fmt(f),
            Range::Bad(text, _) => f.write_str(text),
        }
    }
}

impl From<IpAddr> for Network {
    fn from(ip: IpAddr) -> Self {
        Self {
            range: Range::Good(Block::of_one(ip.to_canonical())),
        }
    }
}

impl From<&str> for Network {
    fn from(text: &str) -> Self {
        let text = text.trim();
        let range = match parse(text) {
            Ok(range) => Range::Good(range),
            Err(reason) => Range::Bad(text.to_owned(), reason),
        };
        Self { range }
    }
}

impl From<String> for Network {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for Network {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let network = Self::from(text);
        network.check()?;
        Ok(network)
    }
}

/// An address and how many of its bits count; the others are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    first: IpAddr,
    length: u32,
}

impl Block {
    fn of_one(ip: IpAddr) -> Self {
        Self {
            first: ip,
            length: longest(ip),
        }
    }

    /// Returns the block of that length that has the address.
    fn around(ip: IpAddr, length: u32) -> Self {
        let spare = longest(ip).saturating_sub(length);
        // As many places as there are bits would be one too many to shift by.
        let first = match ip {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(spare).unwrap_or(0);
                Ipv4Addr::from_bits(v4.to_bits() & mask).into()
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(spare).unwrap_or(0);
                Ipv6Addr::from_bits(v6.to_bits() & mask).into()
            }
        };
        Self { first, length }
    }

    fn contains(&self, ip: IpAddr) -> bool {
        ip.is_ipv4() == self.first.is_ipv4() && Self::around(ip, self.length) == *self
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

/// The number of bits of an address of that kind.
fn longest(ip: IpAddr) -> u32 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn parse(text: &str) -> Result<Block, String> {
    let (ip, length) = match text.split_once('/') {
        Some((ip, length)) => (ip, Some(length)),
        None => (text, None),
    };
    let Ok(ip) = ip.parse::<IpAddr>() else {
        return Err("write an address and the length of its prefix, such as 10.0.0.0/8".to_owned());
    };
    let longest = longest(ip);
    let length = match length {
        None => longest,
        Some(length) => length
            .parse()
            .ok()
            .filter(|&number| number <= longest && length.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| format!("the length of the prefix is a number from 0 to {longest}"))?,
    };
    let (ip, length) = match ip.to_canonical() {
        v4 @ IpAddr::V4(_) if ip.is_ipv6() => match length.checked_sub(96) {
            Some(length) => (v4, length),
            None => return Err("a network of IPv4 addresses is written as one".to_owned()),
        },
        ip => (ip, length),
    };
    let block = Block::around(ip, length);
    if block.first != ip {
        // Whoever wrote it meant either this address or its network, and one of them is too much trust.
        return Err(format!(
            "its address goes on after the prefix, the network is {block}"
        ));
    }
    Ok(block)
}

/// The proxies whose word counts for the address of a client, by the network they connect from. Nobody, until added.
///
/// It is made step by step, or of a text with commas: networks, and the words `loopback`, `private` and `unix`.
///
/// Whoever can connect from a trusted network without being a proxy can choose the address that he is seen under: trust
/// the proxies, not the whole network that they are in, where others are in it too.
///
/// # Examples
///
/// ```
/// use wharf_server::TrustedProxies;
///
/// let step_by_step = TrustedProxies::new().network("10.1.0.0/24").loopback().unix();
/// let of_a_text = TrustedProxies::from("10.1.0.0/24, loopback, unix");
/// assert_eq!(step_by_step, of_a_text);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    unix: bool,
}

const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

impl TrustedProxies {
    /// Creates the empty list, on which nobody is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a network, or a single address.
    #[must_use]
    pub fn network(mut self, network: impl Into<Network>) -> Self {
        self.networks.push(network.into());
        self
    }

    /// Adds several networks, such as those that a content delivery network publishes.
    #[must_use]
    pub fn networks(mut self, networks: impl IntoIterator<Item: Into<Network>>) -> Self {
        self.networks.extend(networks.into_iter().map(Into::into));
        self
    }

    /// Adds this machine: `127.0.0.0/8` and `::1`.
    #[must_use]
    pub fn loopback(self) -> Self {
        self.networks(LOOPBACK)
    }

    /// Adds the networks that are not routed in the internet (RFC 1918, RFC 4193): `10.0.0.0/8`, `172.16.0.0/12`,
    /// `192.168.0.0/16` and `fc00::/7`.
    #[must_use]
    pub fn private(self) -> Self {
        self.networks(PRIVATE)
    }

    /// Adds everybody who may connect to a unix socket of the server; the mode of its file says who may.
    #[must_use]
    pub fn unix(mut self) -> Self {
        self.unix = true;
        self
    }

    /// Adds everybody who is on another list.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.unix |= other.unix;
        self.networks(other.networks)
    }

    /// Finds out whether all networks make sense.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.networks.iter().try_for_each(Network::check)
    }

    /// Returns what is on the list, each as it could be written.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        let unix = self.unix.then(|| "unix".to_owned());
        self.networks.iter().map(Network::to_string).chain(unix)
    }

    /// Tells whether nobody is on the list.
    pub(crate) fn is_empty(&self) -> bool {
        self.networks.is_empty() && !self.unix
    }

    /// Tells whether an address is in a network of the list.
    pub(crate) fn contains(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(ip))
    }

    /// Tells whether the other end of a socket is on the list. A peer in the same process never is.
    pub(crate) fn trusts(&self, peer: &Peer) -> bool {
        match peer {
            Peer::Tcp(addr) => self.contains(addr.ip()),
            Peer::Unix(_) => self.unix,
            _ => false,
        }
    }
}

impl From<&str> for TrustedProxies {
    fn from(text: &str) -> Self {
        let words = text.split(',').map(str::trim);
        words.fold(Self::new(), |list, word| match word {
            "" if text.trim().is_empty() => list,
            "loopback" => list.loopback(),
            "private" => list.private(),
            "unix" => list.unix(),
            network => list.network(network),
        })
    }
}

impl From<String> for TrustedProxies {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for TrustedProxies {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let list = Self::from(text);
        list.check()?;
        Ok(list)
    }
}

impl<N: Into<Network>> FromIterator<N> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = N>>(networks: I) -> Self {
        Self::new().networks(networks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_network_has_the_addresses_with_its_prefix() {
        let rows = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::ffff:203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "::ffff:203.0.113.9", false),
            ("2001:db8::/33", "2001:db8:8000::", false),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            (" ::1 ", "::1", true),
        ];
        for (network, ip, is_in) in rows {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(ip.parse().unwrap()),
                is_in,
                "{network} {ip}"
            );
        }
    }

    #[test]
    fn a_network_is_printed_with_the_length_of_its_prefix() {
        for text in [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "192.0.2.1/32",
            "::/0",
            "2001:db8::/33",
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        assert_eq!(Network::from("192.0.2.1").to_string(), "192.0.2.1/32");
        assert_eq!(Network::from("::1").to_string(), "::1/128");
    }

    #[test]
    fn what_is_no_network_is_named_with_what_was_expected() {
        let rows = [
            ("", "such as 10.0.0.0/8"),
            ("quay.test", "such as 10.0.0.0/8"),
            ("10.0.0/8", "such as 10.0.0.0/8"),
            ("[::1]/128", "such as 10.0.0.0/8"),
            ("10.0.0.0/33", "from 0 to 32"),
            ("10.0.0.0/+8", "from 0 to 32"),
            ("10.0.0.0/", "from 0 to 32"),
            ("10.0.0.0/255.0.0.0", "from 0 to 32"),
            ("::/129", "from 0 to 128"),
            ("10.0.0.1/8", "the network is 10.0.0.0/8"),
            ("::ffff:0.0.0.0/95", "is written as one"),
        ];
        for (text, expected) in rows {
            let error = text.parse::<Network>().expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Settings);
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("`{text}` is not an IP network: ")),
                "{message}"
            );
            assert!(message.contains(expected), "{message}");
            assert!(!Network::from(text).contains([10, 0, 0, 1].into()));
        }
    }

    #[test]
    fn a_list_of_words_is_the_list_step_by_step() {
        let list = TrustedProxies::from("loopback,private, unix ,192.0.2.0/24");
        let same = TrustedProxies::new().loopback().private().unix();
        assert_eq!(list, same.network("192.0.2.0/24"));
        assert_eq!(TrustedProxies::from(" "), TrustedProxies::new());
        assert!("10.0.0.0/8,,unix".parse::<TrustedProxies>().is_err());
        assert!("10.0.0.0/8,cloud".parse::<TrustedProxies>().is_err());
    }

    #[test]
    fn nobody_is_trusted_until_added() {
        use wharf_http::connection::UnixPeer;

        let tcp = |text: &str| Peer::Tcp(text.parse().unwrap());
        let unix = Peer::Unix(UnixPeer::new());
        let nobody = TrustedProxies::new();
        let some = TrustedProxies::from("loopback");
        assert!(!nobody.trusts(&tcp("127.0.0.1:80")) && nobody.is_empty());
        assert!(some.trusts(&tcp("127.9.9.9:80")));
        assert!(some.trusts(&tcp("[::ffff:127.0.0.1]:80")));
        assert!(!some.trusts(&unix) && some.clone().unix().trusts(&unix));
        assert!(!some.unix().private().trusts(&Peer::Memory));
    }

    proptest! {
        #[test]
        fn an_address_is_in_a_network_by_the_bits_of_its_prefix_alone(
            bits: u128,
            is_v4: bool,
            length in 0_u32..=128,
            flipped in 0_u32..128,
        ) {
            let ip = |bits: u128| match is_v4 {
                true => IpAddr::from(Ipv4Addr::from_bits((bits >> 96) as u32)),
                false => IpAddr::from(Ipv6Addr::from_bits(bits)),
            };
            let length = if is_v4 { length % 33 } else { length };
            let flipped = if is_v4 { flipped % 32 } else { flipped };
            let block = Block::around(ip(bits), length);
            prop_assert!(block.contains(ip(bits)));
            let other = ip(bits ^ (1 << (127 - flipped)));
            prop_assert_eq!(block.contains(other), flipped >= length);
        }
    }
}
