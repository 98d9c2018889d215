//! The list of hosts that no proxy is used for.

use std::net::IpAddr;

use url::Host;

/// The hosts of a `NO_PROXY` list, read as curl reads it.
///
/// Entries are separated by commas and blanks. A name stands for itself and all below it, with a leading dot or without. An
/// address stands for itself, with a prefix length for a network. An entry with a port is none. `*` alone is every host.
#[derive(Clone, Debug)]
pub(super) struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// As it was written.
    text: Box<str>,
    pattern: Pattern,
}

#[derive(Clone, Debug)]
enum Pattern {
    Everything,
    Network(IpAddr, u32),
    Name(Box<str>),
}

impl NoProxy {
    pub(super) fn parse(list: &str) -> Self {
        if list == "*" {
            let everything = Entry {
                text: list.into(),
                pattern: Pattern::Everything,
            };
            return Self {
                entries: vec![everything],
            };
        }
        let entries = list
            .split([',', ' ', '\t'])
            .filter(|text| !text.is_empty())
            .map(|text| Entry {
                text: text.into(),
                pattern: Pattern::parse(text),
            });
        Self {
            entries: entries.collect(),
        }
    }

    /// Returns the first entry that a host belongs to, as it was written.
    pub(super) fn entry_for(&self, host: &Host<&str>) -> Option<&str> {
        self.entries
            .iter()
            .find(|entry| entry.pattern.matches(host))
            .map(|entry| &*entry.text)
    }
}

impl Pattern {
    fn parse(text: &str) -> Self {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        if let Ok(address) = address.parse::<IpAddr>() {
            let width = if address.is_ipv4() { 32 } else { 128 };
            let bits = match bits {
                None => Some(width),
                Some(bits) => bits.parse().ok().filter(|bits| *bits <= width),
            };
            if let Some(bits) = bits {
                // To curl no bits at all are all of them.
                return Self::Network(address, if bits == 0 { width } else { bits });
            }
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        Self::Name(name.strip_prefix('.').unwrap_or(name).into())
    }

    fn matches(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Everything, _) => true,
            (Self::Network(IpAddr::V4(network), bits), Host::Ipv4(host)) => {
                let differing = network.to_bits() ^ host.to_bits();
                differing.leading_zeros() >= *bits
            }
            (Self::Network(IpAddr::V6(network), bits), Host::Ipv6(host)) => {
                let differing = network.to_bits() ^ host.to_bits();
                differing.leading_zeros() >= *bits
            }
            (Self::Name(name), Host::Domain(host)) => is_below(host, name),
            _ => false,
        }
    }
}

/// Tells whether a host is the name or ends in a dot and the name.
fn is_below(host: &str, name: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let Some(at) = host.len().checked_sub(name.len()) else {
        return false;
    };
    let (before, tail) = host.split_at(at);
    !name.is_empty()
        && tail.eq_ignore_ascii_case(name.as_bytes())
        && (before.is_empty() || before.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_list_is_read_and_any_host_asked(list in ".{0,60}", host in ".{0,40}") {
            let list = NoProxy::parse(&list);
            list.entry_for(&Host::Domain(&host));
        }

        #[test]
        fn a_name_stands_for_itself_and_for_what_is_below_it(
            name in "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", below in "[a-z]{1,8}", glue in "[,\\t ]{1,3}",
        ) {
            let list = NoProxy::parse(&format!("other.test{glue}{name}"));
            prop_assert_eq!(list.entry_for(&Host::Domain(&name)), Some(&*name));
            let host = format!("{below}.{name}");
            prop_assert_eq!(list.entry_for(&Host::Domain(&host)), Some(&*name));
            let host = format!("{below}{name}");
            prop_assert_eq!(list.entry_for(&Host::Domain(&host)), None);
        }

        #[test]
        fn a_network_holds_the_addresses_that_share_its_bits(
            network: std::net::Ipv4Addr, bits in 1_u32..=32, host: std::net::Ipv4Addr,
        ) {
            let list = NoProxy::parse(&format!("{network}/{bits}"));
            let shift = 32 - bits;
            let inside = network.to_bits() >> shift == host.to_bits() >> shift;
            prop_assert_eq!(list.entry_for(&Host::Ipv4(host)).is_some(), inside);
            let neighbour = (network.to_bits() ^ (1 << shift)).into();
            prop_assert_eq!(list.entry_for(&Host::Ipv4(neighbour)), None);
            let last = (network.to_bits() | ((1_u64 << shift) - 1) as u32).into();
            prop_assert!(list.entry_for(&Host::Ipv4(last)).is_some());
        }
    }
}
