//! Version 1, a line of text (§2.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use wharf_http::connection::{Local, Peer};

use super::{Ends, Header, Malformed, Step};

pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// The longest line, its end included (§2.1).
const MAX_LINE: usize = 107;

pub(super) fn parse(bytes: &[u8]) -> Result<Step, Malformed> {
    let line = &bytes[..bytes.len().min(MAX_LINE)];
    let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else {
        return match MAX_LINE - line.len() {
            0 => Err(Malformed("the line does not end")),
            room => Ok(Step::More(room)),
        };
    };
    let line = str::from_utf8(&line[SIGNATURE.len()..end])
        .map_err(|_not_text| Malformed("the line is not text"))?;
    let (family, rest) = line.split_once(' ').unwrap_or((line, ""));
    let ends = match family {
        // Whatever follows is to be ignored.
        "UNKNOWN" => None,
        "TCP4" => Some(ends::<Ipv4Addr>(rest)?),
        "TCP6" => Some(ends::<Ipv6Addr>(rest)?),
        _ => return Err(Malformed("the family is none of TCP4, TCP6 and UNKNOWN")),
    };
    let header = Header {
        ends,
        secure: false,
    };
    Ok(Step::Done(header, end + 2))
}

/// Reads both addresses and both ports, one space between them.
fn ends<Ip: FromStr + Into<IpAddr>>(text: &str) -> Result<Ends, Malformed> {
    let mut words = text.split(' ');
    let ips = (
        words.next().and_then(ip::<Ip>),
        words.next().and_then(ip::<Ip>),
    );
    let (Some(from), Some(to)) = ips else {
        return Err(Malformed("there are not two addresses of the family"));
    };
    let ports = (words.next().and_then(port), words.next().and_then(port));
    let (Some(from_port), Some(to_port), None) = (ports.0, ports.1, words.next()) else {
        return Err(Malformed("there are not two ports at the end"));
    };
    Ok(Ends {
        client: Peer::Tcp(SocketAddr::new(from, from_port)),
        reached: Local::Tcp(SocketAddr::new(to, to_port)),
    })
}

fn ip<Ip: FromStr + Into<IpAddr>>(text: &str) -> Option<IpAddr> {
    let ip = text.parse::<Ip>().ok()?;
    Some(ip.into().to_canonical())
}

/// Reads a port without a leading zero.
fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text.len() == 1 || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}
