//! The walk from the right, over the fields of either family.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::header::{HeaderMap, HeaderName};
use http::uri::Scheme;
use wharf_http::header::Forwarded;

use super::{ForwardedBy, Forwarding, Said, host, last, scheme};

const X_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// The most proxies that a request is followed through; nobody has so many, and each costs a look at the list.
const MAX_HOPS: usize = 64;

/// Reads what the peer, which is trusted, and the proxies before it say.
pub(super) fn read(headers: &HeaderMap, forwarding: &Forwarding) -> Said {
    match forwarding.by {
        ForwardedBy::Forwarded => forwarded(headers, forwarding),
        ForwardedBy::XForwarded => x_forwarded(headers, forwarding),
        ForwardedBy::XForwardedWithHost => Said {
            host: x_host(headers),
            ..x_forwarded(headers, forwarding)
        },
    }
}

fn forwarded(headers: &HeaderMap, forwarding: &Forwarding) -> Said {
    let mut said = Said::default();
    for element in Forwarded::from_the_right(headers).take(MAX_HOPS) {
        // Nobody knows who wrote what stands left of it.
        let Some(element) = element else { break };
        // An element is the work of one proxy; what the outermost one leaves out, the next may know.
        said.scheme = element.proto().and_then(scheme).or(said.scheme);
        said.host = element.host().and_then(host).or(said.host);
        let Some(node) = element.client() else { break };
        let Some(ip) = node.ip() else { break };
        let ip = ip.to_canonical();
        said.client = Some(SocketAddr::new(ip, node.port().unwrap_or(0)));
        if !forwarding.trusted.contains(ip) {
            break;
        }
    }
    said
}

fn x_forwarded(headers: &HeaderMap, forwarding: &Forwarding) -> Said {
    let lines = headers.get_all(&X_FOR).iter().rev();
    let entries = lines.flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
    let mut client = None;
    for entry in entries.take(MAX_HOPS) {
        // Among the others are `unknown` and names that hide an address: nobody knows who wrote what stands left of it.
        let Some(addr) = address(entry) else { break };
        client = Some(addr);
        if !forwarding.trusted.contains(addr.ip()) {
            break;
        }
    }
    // Proxies that hand a value on and those that add one cannot be told apart, so there is no walk: the last value is
    // the one that the peer saw or set.
    Said {
        client,
        scheme: last(headers, &X_PROTO).and_then(scheme),
        host: None,
    }
}

fn x_host(headers: &HeaderMap) -> Option<http::HeaderValue> {
    let name = last(headers, &X_HOST).and_then(host)?;
    let text = name.to_str().ok()?;
    let has_port = text
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'));
    let secure = last(headers, &X_PROTO).and_then(scheme) == Some(Scheme::HTTPS);
    match last(headers, &X_PORT).and_then(port) {
        // The port that the scheme has anyway is not written (RFC 9110 §4.2.3).
        Some(port) if !has_port && port != if secure { 443 } else { 80 } => {
            host(&format!("{text}:{port}")).or(Some(name))
        }
        _ => Some(name),
    }
}

fn port(text: &str) -> Option<u16> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| text.parse().ok()).flatten()
}

/// Reads an entry of `X-Forwarded-For`, which no standard describes: an address as any of the proxies write it.
pub(super) fn address(entry: &[u8]) -> Option<SocketAddr> {
    let text = str::from_utf8(entry.trim_ascii()).ok()?;
    let (ip, port_text): (IpAddr, Option<&str>) = if let Some(text) = text.strip_prefix('[') {
        let (ip, rest) = text.split_once(']')?;
        let port = match rest {
            "" => None,
            rest => Some(rest.strip_prefix(':')?),
        };
        (ip.parse::<Ipv6Addr>().ok()?.into(), port)
    } else if let Ok(ip) = text.parse() {
        (ip, None)
    } else {
        let (ip, port) = text.split_once(':')?;
        (ip.parse::<std::net::Ipv4Addr>().ok()?.into(), Some(port))
    };
    let number = match port_text {
        None => 0,
        Some(text) => port(text)?,
    };
    Some(SocketAddr::new(ip.to_canonical(), number))
}
