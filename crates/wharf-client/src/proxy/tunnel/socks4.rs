//! SOCKS4, and 4a, whose proxies look up names. Neither has an RFC; what is spoken is that of the first implementations.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::AsyncWriteExt;
use wharf_http::BoxError;

use super::read_exact;
use crate::connect::{Stream, Target};
use crate::proxy::{Protocol, Proxy};

const VERSION: u8 = 4;
const CONNECT: u8 = 1;
const REPLY: usize = 8;

/// Asks a SOCKS4 proxy for a connection.
pub(super) async fn connect(
    mut stream: Stream,
    target: &Target,
    addresses: &[SocketAddr],
    proxy: &Proxy,
) -> Result<Stream, BoxError> {
    let user = proxy.inner.credentials.as_ref();
    let user = user.map_or("", |credentials| &credentials.user);
    let request = request(target, addresses, proxy.protocol(), user)?;
    stream.write_all(&request).await?;
    stream.flush().await?;
    let mut reply = [0; REPLY];
    read_exact(&mut stream, &mut reply).await?;
    granted(reply)?;
    Ok(stream)
}

fn request(
    target: &Target,
    addresses: &[SocketAddr],
    protocol: Protocol,
    user: &str,
) -> Result<Vec<u8>, &'static str> {
    // Both end at a zero byte: one inside would begin something else.
    if user.contains('\0') || target.host().contains('\0') {
        return Err("user name and host cannot hold a zero byte");
    }
    let (address, name) = match target.host().parse() {
        Ok(IpAddr::V4(address)) => (address, None),
        Ok(IpAddr::V6(_)) => return Err("SOCKS4 does not know IPv6 addresses"),
        // To 4a an address of this kind says that a name follows.
        Err(_name) if protocol == Protocol::Socks4a => {
            (Ipv4Addr::new(0, 0, 0, 1), Some(target.host()))
        }
        Err(_name) => {
            let mut known = addresses.iter().filter_map(|address| match address.ip() {
                IpAddr::V4(address) => Some(address),
                IpAddr::V6(_) => None,
            });
            let found = known.next();
            (found.ok_or("the target has no IPv4 address")?, None)
        }
    };
    let mut request = vec![VERSION, CONNECT];
    request.extend(target.port().to_be_bytes());
    request.extend(address.octets());
    request.extend(user.bytes().chain([0]));
    if let Some(name) = name {
        request.extend(name.bytes().chain([0]));
    }
    Ok(request)
}

/// Reads a reply. Its version is 0, but some proxies send their own, so it is not looked at.
fn granted(reply: [u8; REPLY]) -> Result<(), String> {
    let [_version, code, ..] = reply;
    match code {
        90 => Ok(()),
        91 => Err("it refused the connection, or could not make it".into()),
        92 => Err("it refused the connection, as no identd runs here".into()),
        93 => Err("it refused the connection, as identd here knows another user".into()),
        other => Err(format!("its answer is not SOCKS4: reply code {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str) -> Target {
        Target::of(&format!("http://{host}:8080/").parse().unwrap())
            .unwrap()
            .0
    }

    #[test]
    fn a_request_is_written_as_the_first_implementations_have_it() {
        let known = [
            "[::1]:8080".parse().unwrap(),
            "192.0.2.7:8080".parse().unwrap(),
        ];
        for (protocol, host, user, bytes) in [
            (
                Protocol::Socks4,
                "quay.test",
                "",
                &b"\x04\x01\x1f\x90\xc0\x00\x02\x07\x00"[..],
            ),
            (
                Protocol::Socks4,
                "192.0.2.1",
                "me",
                b"\x04\x01\x1f\x90\xc0\x00\x02\x01me\x00",
            ),
            (
                Protocol::Socks4a,
                "quay.test",
                "me",
                b"\x04\x01\x1f\x90\x00\x00\x00\x01me\x00quay.test\x00",
            ),
            (
                Protocol::Socks4a,
                "192.0.2.1",
                "",
                b"\x04\x01\x1f\x90\xc0\x00\x02\x01\x00",
            ),
        ] {
            let written = request(&target(host), &known, protocol, user);
            assert_eq!(written.unwrap(), bytes, "{protocol} {host}");
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_told_before_it_is_sent() {
        for (protocol, host, user, why) in [
            (
                Protocol::Socks4,
                "quay.test",
                "",
                "the target has no IPv4 address",
            ),
            (
                Protocol::Socks4a,
                "[::1]",
                "",
                "SOCKS4 does not know IPv6 addresses",
            ),
            (
                Protocol::Socks4a,
                "quay.test",
                "m\0e",
                "user name and host cannot hold a zero byte",
            ),
        ] {
            assert_eq!(request(&target(host), &[], protocol, user), Err(why));
        }
    }

    #[test]
    fn every_reply_code_is_told() {
        assert_eq!(granted([0, 90, 0, 0, 0, 0, 0, 0]), Ok(()));
        assert_eq!(granted([4, 90, 0, 0, 0, 0, 0, 0]), Ok(()));
        let mut told: Vec<_> = (91..=94)
            .map(|code| granted([0, code, 0, 0, 0, 0, 0, 0]).unwrap_err())
            .collect();
        told.dedup();
        assert_eq!(told.len(), 4, "{told:?}");
    }
}
