use proptest::prelude::*;

use super::*;

/// Addresses of the public Internet, beginnings and ends of what surrounds the special ones among them.
const PUBLIC: &[&str] = &[
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:827::200e",
    "3ffe::1",
    "3fff:1000::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
];

/// Addresses that only somebody inside can reach, or nobody.
const SPECIAL: &[&str] = &[
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::1.1.1.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1.1.1.1",
    "64:ff9b:0:1::1.1.1.1",
    "100::1",
    "1fff::1",
    "2001::1",
    "2001:2::1",
    "2001:20::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2001:db8:ffff::1",
    "2002:a00:1::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2002:c0a8:101::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fdff::1",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn only_what_is_public_passes_as_public() {
    let policy = AddressPolicy::public_only();
    for (rows, allowed) in [(PUBLIC, true), (SPECIAL, false)] {
        for text in rows {
            assert_eq!(policy.check(ip(text)), allowed, "{text}");
        }
    }
}

#[test]
fn everything_is_allowed_by_default() {
    for text in PUBLIC.iter().chain(SPECIAL) {
        assert!(AddressPolicy::new().check(ip(text)), "{text}");
    }
}

#[test]
fn the_smallest_network_decides_in_any_order() {
    let policies = [
        AddressPolicy::public_only()
            .allow("10.0.0.0/8")
            .deny("10.1.0.0/16")
            .allow("10.1.2.3"),
        AddressPolicy::public_only()
            .allow("10.1.2.3")
            .deny("10.1.0.0/16")
            .allow("10.0.0.0/8"),
    ];
    for policy in policies {
        for (text, allowed) in [
            ("10.2.0.1", true),
            ("::ffff:10.2.0.1", true),
            ("64:ff9b::10.2.0.1", true),
            ("2002:a02:1::", true),
            ("10.1.0.1", false),
            ("::ffff:10.1.0.1", false),
            ("64:ff9b::10.1.0.1", false),
            ("10.1.2.3", true),
            ("192.168.0.1", false),
            ("1.1.1.1", true),
        ] {
            assert_eq!(policy.check(ip(text)), allowed, "{text}");
        }
    }
}

#[test]
fn of_two_equal_networks_the_denied_one_decides() {
    for policy in [
        AddressPolicy::new().deny("fd00::/8").allow("fd00::/8"),
        AddressPolicy::new().allow("fd00::/8").deny("fd00::/8"),
    ] {
        assert!(!policy.check(ip("fd00::1")));
    }
}

#[test]
fn a_denied_ipv4_network_cannot_be_reached_through_ipv6() {
    for network in ["8.8.8.0/24", "::ffff:8.8.8.0/120"] {
        let policy = AddressPolicy::new().deny(network);
        for text in [
            "8.8.8.8",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(!policy.check(ip(text)), "{text}");
        }
        assert!(policy.check(ip("8.8.9.8")));
    }
}

#[test]
fn a_network_that_makes_no_sense_is_an_error_and_allows_nothing() {
    for (text, why) in [
        ("10.0.0.1/8", "did you mean `10.0.0.0/8`?"),
        ("10.0.0.0/33", "invalid IP address syntax"),
        ("ten", "invalid IP address syntax"),
        ("", "invalid IP address syntax"),
    ] {
        let policy = AddressPolicy::new().allow(text);
        let error = policy.check_settings().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let line = format!("invalid client setting: `{text}` is not an IP network: {why}");
        assert_eq!(error.to_string(), line);
        assert!(!policy.check(ip("1.1.1.1")));
    }
}

proptest! {
    #[test]
    fn an_address_is_judged_alike_however_it_is_written(v4: [u8; 4]) {
        let policy = AddressPolicy::public_only();
        let v4 = std::net::Ipv4Addr::from(v4);
        let [a, b, c, d] = v4.octets().map(u16::from);
        let allowed = policy.check(v4.into());
        prop_assert_eq!(policy.check(v4.to_ipv6_mapped().into()), allowed);
        let (high, low) = (a << 8 | b, c << 8 | d);
        let six_to_four = std::net::Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1);
        prop_assert_eq!(policy.check(six_to_four.into()), allowed);
        let nat64 = std::net::Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
        prop_assert_eq!(policy.check(nat64.into()), allowed);
    }

    #[test]
    fn any_text_is_a_network_or_an_error(text in "\\PC*") {
        let policy = AddressPolicy::new().deny(&text);
        prop_assert_eq!(policy.check_settings().is_err(), policy.rules.is_empty());
    }

    #[test]
    fn a_network_that_prints_is_read_back(v6: [u8; 16], prefix in 0u8..=128) {
        let network = ipnet::Ipv6Net::new(v6.into(), prefix).unwrap().trunc();
        let policy = AddressPolicy::new().deny(network.to_string());
        prop_assert!(policy.check_settings().is_ok());
        let address = network.broadcast();
        prop_assume!(address.to_ipv4_mapped().is_none() || prefix >= 96);
        prop_assert!(!policy.check(address.into()));
    }
}
