//! Whether a host is a name or an address.

use std::net::{IpAddr, Ipv6Addr};

/// A host, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Host<'a> {
    /// A name, to be looked up.
    Name(&'a str),
    /// An address, which needs no look-up.
    Address(IpAddr),
    /// An address of one link, and which of this machine's interfaces leads there: its number or name (RFC 4007 §11).
    Scoped(Ipv6Addr, &'a str),
}

impl<'a> Host<'a> {
    /// Reads a host, an IPv6 address without its brackets.
    ///
    /// An IPv4 address is four decimal numbers. The system would also take `127.1`, `0x7f.1` and `2130706433`, and what
    /// compared the host with a list before would not know them. URLs are made canonical when they are parsed; what is not
    /// canonical here was not made from one.
    pub(super) fn parse(host: &'a str) -> Result<Self, &'static str> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        if host.contains(':') {
            let scoped = host.split_once('%').and_then(|(address, zone)| {
                // In a URI, the percent sign stands as `%25` (RFC 6874 §2).
                let zone = match zone.strip_prefix("25") {
                    Some(rest) if !rest.is_empty() => rest,
                    _ => zone,
                };
                let address = address.parse().ok()?;
                (!zone.is_empty()).then_some(Self::Scoped(address, zone))
            });
            return scoped.ok_or("the host is not an IPv6 address");
        }
        if host.contains('%') {
            return Err("the host holds a percent sign, as no name does");
        }
        if ends_in_a_number(host) {
            return Err(
                "the host ends in a number, and is not an IPv4 address of four decimal ones",
            );
        }
        Ok(Self::Name(host))
    }
}

/// Tells whether a host is meant to be an IPv4 address, by the rule of the URL standard: its last label is a number.
fn ends_in_a_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hex {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_canonical_addresses_are_addresses() {
        let link_local = "fe80::1".parse().unwrap();
        for (text, expected) in [
            ("127.0.0.1", Some(Host::Address([127, 0, 0, 1].into()))),
            ("::1", Some(Host::Address(Ipv6Addr::LOCALHOST.into()))),
            (
                "::ffff:127.0.0.1",
                Some(Host::Address([127, 0, 0, 1].into())),
            ),
            ("fe80::1%eth0", Some(Host::Scoped(link_local, "eth0"))),
            ("fe80::1%25eth0", Some(Host::Scoped(link_local, "eth0"))),
            ("fe80::1%253", Some(Host::Scoped(link_local, "3"))),
            ("fe80::1%3", Some(Host::Scoped(link_local, "3"))),
            ("fe80::1%25", Some(Host::Scoped(link_local, "25"))),
            ("quay.test", Some(Host::Name("quay.test"))),
            ("quay.test.", Some(Host::Name("quay.test."))),
            ("0xquay", Some(Host::Name("0xquay"))),
            (
                "127.0.0.1.quay.test",
                Some(Host::Name("127.0.0.1.quay.test")),
            ),
            ("127.1", None),
            ("127.0.0.1.", None),
            ("127.0.0.01", None),
            ("0177.0.0.1", None),
            ("2130706433", None),
            ("0x7f000001", None),
            ("0x7f.0.0.0x1", None),
            ("0x", None),
            ("256.0.0.1", None),
            ("1.2.3.4.5", None),
            ("quay.1", None),
            ("quay:80", None),
            ("fe80::1%", None),
            ("127.0.0.1%eth0", None),
            ("quay%2etest", None),
        ] {
            assert_eq!(Host::parse(text).ok(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_address_is_read_as_itself(v4: [u8; 4], v6: [u8; 16]) {
            for address in [IpAddr::from(v4), IpAddr::from(v6)] {
                let text = address.to_string();
                prop_assert_eq!(Host::parse(&text), Ok(Host::Address(address.to_canonical())));
            }
        }

        #[test]
        fn what_the_system_takes_for_an_ipv4_address_is_never_a_name(number: u32) {
            let [a, b, c, d] = number.to_be_bytes();
            let low = u32::from_be_bytes([0, b, c, d]);
            let half = u16::from_be_bytes([c, d]);
            for text in [
                format!("{number}"),
                format!("{number:#x}"),
                format!("0{number:o}"),
                format!("{a}.{low}"),
                format!("{a}.{b}.{half}"),
                format!("{a:#x}.{b}.{c}.{d:#x}"),
            ] {
                prop_assume!(text.parse::<Ipv4Addr>().is_err());
                prop_assert!(Host::parse(&text).is_err(), "{}", text);
            }
        }

        #[test]
        fn any_text_can_be_read(text in "\\PC*") {
            if let Ok(Host::Name(name)) = Host::parse(&text) {
                prop_assert_eq!(name, text.as_str());
            }
        }
    }
}
