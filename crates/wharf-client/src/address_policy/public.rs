//! What the special-purpose registries of IANA say of an address (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Tells whether an address is one of the public Internet; what an IPv6 one stands for is not looked at.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0, ..] // "this network", RFC 791 §3.2
            | [10, ..] // private, RFC 1918
            | [100, 64..=127, ..] // shared, RFC 6598; 100.100.100.200 has credentials
            | [127, ..] // loopback, RFC 1122 §3.2.1.3
            | [168, 63, 129, 16] // a public address that one cloud answers at itself, with keys
            | [169, 254, ..] // link-local, RFC 3927; 169.254.169.254 has credentials
            | [172, 16..=31, ..] // private, RFC 1918
            | [192, 0, 0, _] // protocol assignments, RFC 6890 §2.1; 192.0.0.192 has credentials
            | [192, 0, 2, _] // documentation, RFC 5737
            | [192, 88, 99, _] // 6to4 relays, RFC 7526
            | [192, 168, ..] // private, RFC 1918
            | [198, 18..=19, ..] // benchmarking, RFC 2544
            | [198, 51, 100, _] // documentation, RFC 5737
            | [203, 0, 113, _] // documentation, RFC 5737
            | [224..=255, ..] // multicast, RFC 5771; reserved, RFC 1112; broadcast, RFC 919
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // The well-known prefix of NAT64 (RFC 6052); what it stands for is judged apart.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => true,
        // Protocol assignments with Teredo (RFC 4380), benchmarking (RFC 5180) and ORCHID (RFC 7343): no web server.
        [0x2001, 0..=0x1ff, ..] => false,
        [0x2001, 0xdb8, ..] => false,     // documentation, RFC 3849
        [0x3fff, 0..=0xfff, ..] => false, // documentation, RFC 9637
        // What was given out so far (RFC 4291 §2.4). All else is loopback, unique-local (RFC 4193), link-local,
        // multicast, the local prefix of NAT64 (RFC 8215), discard-only (RFC 6666), or nobody's.
        [first, ..] => matches!(first, 0x2000..=0x3fff),
    }
}

/// Returns the IPv4 address that an IPv6 one stands for: packets to it end up there.
pub(super) fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let (high, low) = match v6.segments() {
        [0x2002, high, low, ..] => (high, low), // 6to4, RFC 3056 §2
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low), // NAT64, RFC 6052 §2.1
        [0, 0, 0, 0, 0, 0xffff, high, low] => (high, low), // IPv4-mapped, RFC 4291 §2.5.5.2
        // IPv4-compatible, RFC 4291 §2.5.5.1; `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => (high, low),
        _ => return None,
    };
    let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
    Some(Ipv4Addr::new(a, b, c, d))
}
