//! Version 2, a binary header (§2.2).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use wharf_http::connection::{Local, Peer, UnixPeer};

use super::{Ends, Header, Malformed, Step};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family and transport, length of the rest.
pub(super) const FIXED: usize = 16;

/// The longest header that is read, in bytes: addresses have 216 at most, and the extensions in use some hundreds.
pub(super) const MAX_HEADER: usize = 4096;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

/// The length of a unix path.
const PATH: usize = 108;

const CRC32C: u8 = 0x03;
const SSL: u8 = 0x20;
const CLIENT_SSL: u8 = 0x01;

pub(super) fn parse(bytes: &[u8]) -> Result<Step, Malformed> {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED) else {
        return Ok(Step::More(FIXED - bytes.len()));
    };
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if FIXED + length > MAX_HEADER {
        return Err(Malformed("it is longer than 4096 bytes"));
    }
    let (command, family) = (fixed[12], fixed[13]);
    if !matches!(command, LOCAL | PROXY) {
        return Err(Malformed("the version is not 2, or the command unknown"));
    }
    let Some(block) = rest.get(..length) else {
        return Ok(Step::More(length - rest.len()));
    };
    let done = |header| Ok(Step::Done(header, FIXED + length));
    // LOCAL: the block is to be discarded, the family included.
    if command == LOCAL {
        return done(Header::default());
    }
    let (ends, extensions) = match family {
        // An unknown family: as much of the block as is the addresses is unknown too.
        0x00 => return done(Header::default()),
        // A stream or datagrams; a proxy may have made one of the other.
        0x11 | 0x12 => tcp::<4, Ipv4Addr>(block)?,
        0x21 | 0x22 => tcp::<16, Ipv6Addr>(block)?,
        0x31 | 0x32 => unix(block)?,
        _ => return Err(Malformed("the family or the transport is unknown")),
    };
    let header = Header {
        ends: Some(ends),
        secure: read_extensions(&bytes[..FIXED + length], extensions)?,
    };
    done(header)
}

const SHORT: Malformed = Malformed("it is too short for its addresses");

/// Takes an array off the front.
fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (array, rest) = bytes.split_first_chunk::<N>().ok_or(SHORT)?;
    *bytes = rest;
    Ok(*array)
}

fn tcp<const N: usize, Ip>(mut block: &[u8]) -> Result<(Ends, &[u8]), Malformed>
where
    Ip: From<[u8; N]> + Into<std::net::IpAddr>,
{
    let [from, to] = [take::<N>(&mut block)?, take::<N>(&mut block)?];
    let [from_port, to_port] = [take(&mut block)?, take(&mut block)?].map(u16::from_be_bytes);
    let addr = |ip, port| SocketAddr::new(Into::into(Ip::from(ip)).to_canonical(), port);
    let ends = Ends {
        client: Peer::Tcp(addr(from, from_port)),
        reached: Local::Tcp(addr(to, to_port)),
    };
    Ok((ends, block))
}

fn unix(mut block: &[u8]) -> Result<(Ends, &[u8]), Malformed> {
    // A client's socket has no path, as a rule, and nothing is known of its process.
    let [_from, to] = [take::<PATH>(&mut block)?, take::<PATH>(&mut block)?];
    let path = to.split(|&byte| byte == 0).next().unwrap_or_default();
    let path = str::from_utf8(path).ok().filter(|path| !path.is_empty());
    let ends = Ends {
        client: Peer::Unix(UnixPeer::new()),
        reached: Local::Unix(path.map(Into::into)),
    };
    Ok((ends, block))
}

/// Reads what comes after the addresses (§2.2.1 to §2.2.7); tells whether the client's connection was encrypted.
fn read_extensions(header: &[u8], mut rest: &[u8]) -> Result<bool, Malformed> {
    let (mut secure, mut checked) = (false, false);
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, after)) = after.split_at_checked(length) else {
            return Err(Malformed("an extension goes on after the header"));
        };
        match *kind {
            CRC32C => {
                let at = header.len() - after.len() - length;
                if checked || !has_sum(header, at, value) {
                    return Err(Malformed("the checksum is wrong"));
                }
                checked = true;
            }
            SSL if value.len() < 5 => return Err(Malformed("the TLS extension is too short")),
            SSL => secure = value[0] & CLIENT_SSL != 0,
            _ => {}
        }
        rest = after;
    }
    match rest {
        [] => Ok(secure),
        _ => Err(Malformed("an extension goes on after the header")),
    }
}

/// Tells whether `sum`, which stands at `at`, is that of the header with zeros in its place (§2.2.3).
fn has_sum(header: &[u8], at: usize, sum: &[u8]) -> bool {
    let Ok(sum) = <[u8; 4]>::try_from(sum) else {
        return false;
    };
    let with_zeros = header[..at].iter().chain(&[0; 4]).chain(&header[at + 4..]);
    crc32c(with_zeros.copied()) == u32::from_be_bytes(sum)
}

/// Computes the checksum of RFC 3720 §12.1, bit by bit: a header is short, and hardly any has one.
pub(super) fn crc32c(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}
