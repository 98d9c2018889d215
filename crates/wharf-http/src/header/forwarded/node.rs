use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::Forwarded;
use crate::header::{BadHeader, TypedHeader as _};

/// One end of a hop: an IP address, or a name that hides it, each with or without a port (RFC 7239 §6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForwardedNode {
    name: Name,
    port: Option<Port>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Ip(IpAddr),
    Unknown,
    Obfuscated(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Port {
    Number(u16),
    Obfuscated(String),
}

impl ForwardedNode {
    /// Creates a node of which nothing is known (RFC 7239 §6.2).
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            name: Name::Unknown,
            port: None,
        }
    }

    /// Returns the IP address; `None` when it is unknown or hidden.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.name {
            Name::Ip(ip) => Some(ip),
            Name::Unknown | Name::Obfuscated(_) => None,
        }
    }

    /// Returns the port; `None` when there is none or it is hidden.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self.port {
            Some(Port::Number(port)) => Some(port),
            Some(Port::Obfuscated(_)) | None => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(text) => {
                let (ip, port) = text.split_once(']')?;
                let port = match port.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if port.is_empty() => None,
                    None => return None,
                };
                (Name::Ip(ip.parse::<Ipv6Addr>().ok()?.into()), port)
            }
            None => {
                let (name, port) = match text.split_once(':') {
                    Some((name, port)) => (name, Some(port)),
                    None => (text, None),
                };
                let name = if name.eq_ignore_ascii_case("unknown") {
                    Name::Unknown
                } else if is_obfuscated(name) {
                    Name::Obfuscated(name.to_owned())
                } else {
                    Name::Ip(name.parse::<Ipv4Addr>().ok()?.into())
                };
                (name, port)
            }
        };
        let port = match port {
            None => None,
            Some(port) if is_obfuscated(port) => Some(Port::Obfuscated(port.to_owned())),
            Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Port::Number(port.parse().ok()?))
            }
            Some(_) => return None,
        };
        Some(Self { name, port })
    }
}

/// Tells whether this is a name that its proxy made up, which begins with an underscore (RFC 7239 §6.3).
fn is_obfuscated(text: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_')
        .is_some_and(|name| !name.is_empty() && name.bytes().all(of_a_name))
}

impl FromStr for ForwardedNode {
    type Err = BadHeader;

    fn from_str(text: &str) -> Result<Self, BadHeader> {
        Self::parse(text).ok_or_else(|| {
            BadHeader::new(
                &Forwarded::NAME,
                "expected an IP address, `unknown`, or a name that begins with an underscore",
            )
        })
    }
}

impl From<IpAddr> for ForwardedNode {
    fn from(ip: IpAddr) -> Self {
        Self {
            name: Name::Ip(ip),
            port: None,
        }
    }
}

impl From<SocketAddr> for ForwardedNode {
    fn from(addr: SocketAddr) -> Self {
        Self {
            name: Name::Ip(addr.ip()),
            port: Some(Port::Number(addr.port())),
        }
    }
}

impl fmt::Display for ForwardedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Ip(IpAddr::V4(ip)) => ip.fmt(f)?,
            Name::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            Name::Unknown => f.write_str("unknown")?,
            Name::Obfuscated(name) => f.write_str(name)?,
        }
        match &self.port {
            None => Ok(()),
            Some(Port::Number(port)) => write!(f, ":{port}"),
            Some(Port::Obfuscated(port)) => write!(f, ":{port}"),
        }
    }
}
