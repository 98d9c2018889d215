//! Headers as proxies write them, for tests.

use std::net::{IpAddr, SocketAddr};

use super::v2;

/// Writes a line of version 1; both addresses are of one family.
pub(crate) fn text(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
    let (ports, ips) = ((from.port(), to.port()), (from.ip(), to.ip()));
    format!(
        "PROXY {family} {} {} {} {}\r\n",
        ips.0, ips.1, ports.0, ports.1
    )
    .into_bytes()
}

/// Writes a header of version 2 that hands on a stream; both addresses are of one family.
pub(crate) fn binary(from: SocketAddr, to: SocketAddr, extensions: &[(u8, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for ip in [from.ip(), to.ip()] {
        match ip {
            IpAddr::V4(ip) => block.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => block.extend_from_slice(&ip.octets()),
        }
    }
    for port in [from.port(), to.port()] {
        block.extend_from_slice(&port.to_be_bytes());
    }
    for (kind, value) in extensions {
        block.push(*kind);
        block.extend_from_slice(&(value.len() as u16).to_be_bytes());
        block.extend_from_slice(value);
    }
    raw(0x21, if from.is_ipv4() { 0x11 } else { 0x21 }, &block)
}

/// Writes a header of version 2 with any block.
pub(crate) fn raw(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let mut header = v2::SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend_from_slice(&(block.len() as u16).to_be_bytes());
    header.extend_from_slice(block);
    header
}

/// Puts the checksum into the four bytes that the last extension ends with.
pub(crate) fn sign(mut header: Vec<u8>) -> Vec<u8> {
    let at = header.len() - 4;
    header[at..].fill(0);
    let sum = v2::crc32c(header.iter().copied());
    header[at..].copy_from_slice(&sum.to_be_bytes());
    header
}
