//! SOCKS5 (RFC 1928), with user name and password (RFC 1929).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use tokio::io::AsyncWriteExt;
use wharf_http::BoxError;

use super::read_exact;
use crate::connect::{Stream, Target};
use crate::proxy::{Credentials, Protocol, Proxy};

const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Asks a SOCKS5 proxy for a connection.
pub(super) async fn connect(
    mut stream: Stream,
    target: &Target,
    addresses: &[SocketAddr],
    proxy: &Proxy,
) -> Result<Stream, BoxError> {
    // Made first, so that nothing is sent when there is nothing to ask for.
    let request = request(target, addresses, proxy.protocol())?;
    let login = proxy.inner.credentials.as_ref().map(login).transpose()?;
    authenticate(&mut stream, login.as_deref()).await?;
    write(&mut stream, &request).await?;
    read_reply(&mut stream).await?;
    Ok(stream)
}

/// Agrees on a method (RFC 1928 §3), and goes by it.
async fn authenticate(stream: &mut Stream, login: Option<&[u8]>) -> Result<(), BoxError> {
    let methods: &[u8] = match login {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    write(stream, methods).await?;
    let mut chosen = [0; 2];
    read_exact(stream, &mut chosen).await?;
    match (chosen, login) {
        ([VERSION, NO_AUTHENTICATION], _) => Ok(()),
        ([VERSION, PASSWORD], Some(login)) => {
            write(stream, login).await?;
            let mut answer = [0; 2];
            read_exact(stream, &mut answer).await?;
            match answer {
                // The version ought to be 1, but some proxies send that of SOCKS.
                [_version, 0] => Ok(()),
                _ => Err("it does not accept the user name and password".into()),
            }
        }
        ([VERSION, NONE_ACCEPTABLE], Some(_)) => {
            Err("it accepts neither a user name and password nor none".into())
        }
        ([VERSION, NONE_ACCEPTABLE], None) => Err("it asks for credentials".into()),
        ([VERSION, method], _) => {
            Err(format!("it chose method {method} to authenticate, which was not offered").into())
        }
        ([version, _], _) => Err(Refusal::Version(version).into()),
    }
}

async fn write(stream: &mut Stream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Writes user name and password as RFC 1929 §2 has them.
fn login(credentials: &Credentials) -> Result<Vec<u8>, &'static str> {
    let mut bytes = vec![1];
    for text in [&credentials.user, &credentials.password] {
        let Ok(length) = u8::try_from(text.len()) else {
            return Err("the user name or password has more than 255 bytes");
        };
        bytes.push(length);
        bytes.extend(text.bytes());
    }
    Ok(bytes)
}

/// Writes what is asked for (RFC 1928 §4).
fn request(
    target: &Target,
    addresses: &[SocketAddr],
    protocol: Protocol,
) -> Result<Vec<u8>, &'static str> {
    let mut bytes = vec![VERSION, CONNECT, 0];
    let address = match target.host().parse() {
        Ok(address) => Some(address),
        Err(_name) if protocol == Protocol::Socks5h => None,
        Err(_name) => {
            let first = addresses.first().map(SocketAddr::ip);
            Some(first.ok_or("the target has no address")?)
        }
    };
    match address {
        Some(IpAddr::V4(address)) => {
            bytes.push(IPV4);
            bytes.extend(address.octets());
        }
        Some(IpAddr::V6(address)) => {
            bytes.push(IPV6);
            bytes.extend(address.octets());
        }
        None => {
            let Ok(length) = u8::try_from(target.host().len()) else {
                return Err("the name of the host has more than 255 bytes");
            };
            bytes.extend([NAME, length]);
            bytes.extend(target.host().bytes());
        }
    }
    bytes.extend(target.port().to_be_bytes());
    Ok(bytes)
}

/// Reads the reply and not a byte more: what follows is from the target.
async fn read_reply(stream: &mut Stream) -> Result<(), BoxError> {
    let mut reply = Vec::new();
    while let Step::Needs(length) = parse_reply(&reply)? {
        let read = reply.len();
        reply.resize(length, 0);
        read_exact(stream, &mut reply[read..]).await?;
    }
    Ok(())
}

/// How far the reading of a reply has come.
#[derive(Debug, PartialEq)]
enum Step {
    /// The connection is there.
    Granted,
    /// So many bytes are needed from the beginning to tell more.
    Needs(usize),
}

/// Why there is no connection.
#[derive(Debug, PartialEq)]
enum Refusal {
    Version(u8),
    AddressType(u8),
    Code(u8),
}

/// Reads the beginning of a reply (RFC 1928 §6). One that refuses is understood by its first two bytes, as some end there.
fn parse_reply(bytes: &[u8]) -> Result<Step, Refusal> {
    match *bytes {
        [version, ..] if version != VERSION => Err(Refusal::Version(version)),
        [_, code, ..] if code != 0 => Err(Refusal::Code(code)),
        [] | [_] => Ok(Step::Needs(2)),
        [_, _, _, kind, first, ..] => {
            let address = match kind {
                IPV4 => 4,
                IPV6 => 16,
                NAME => 1 + usize::from(first),
                other => return Err(Refusal::AddressType(other)),
            };
            let length = 4 + address + 2;
            match bytes.len() < length {
                true => Ok(Step::Needs(length)),
                false => Ok(Step::Granted),
            }
        }
        // As far as the length of a name.
        _ => Ok(Step::Needs(5)),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Version(version) => {
                return write!(f, "its answer is not SOCKS5: version {version}");
            }
            Self::AddressType(kind) => {
                return write!(f, "its answer is not SOCKS5: address type {kind}");
            }
            Self::Code(1) => "it could not make the connection, and does not say why",
            Self::Code(2) => "its rules do not allow the connection",
            Self::Code(3) => "it cannot reach the network of the target",
            Self::Code(4) => "it cannot reach the target, or does not know it",
            Self::Code(5) => "the target refused the connection",
            Self::Code(6) => "the target is too far away for it",
            Self::Code(7) => "it makes no connections",
            Self::Code(8) => "it does not know addresses of this type",
            Self::Code(code) => return write!(f, "it refused with reply code {code}"),
        };
        f.write_str(why)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn target(host: &str) -> Target {
        Target::of(&format!("http://{host}:8080/").parse().unwrap())
            .unwrap()
            .0
    }

    #[test]
    fn a_request_is_written_as_rfc_1928_has_it() {
        let known = ["192.0.2.7:1".parse().unwrap(), "[::1]:1".parse().unwrap()];
        for (protocol, host, bytes) in [
            (
                Protocol::Socks5h,
                "quay.test",
                &b"\x05\x01\x00\x03\x09quay.test\x1f\x90"[..],
            ),
            (
                Protocol::Socks5,
                "quay.test",
                b"\x05\x01\x00\x01\xc0\x00\x02\x07\x1f\x90",
            ),
            // An address is no name, whoever looks up names.
            (
                Protocol::Socks5h,
                "192.0.2.1",
                b"\x05\x01\x00\x01\xc0\x00\x02\x01\x1f\x90",
            ),
            (
                Protocol::Socks5h,
                "[2001:db8::1]",
                b"\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1f\x90",
            ),
        ] {
            let written = request(&target(host), &known, protocol);
            assert_eq!(written.unwrap(), bytes, "{protocol} {host}");
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_told_before_it_is_sent() {
        let none = request(&target("quay.test"), &[], Protocol::Socks5);
        assert_eq!(none, Err("the target has no address"));
        let long = request(&target(&"a".repeat(256)), &[], Protocol::Socks5h);
        assert_eq!(long, Err("the name of the host has more than 255 bytes"));
        let credentials = Credentials::new("me", "a".repeat(256));
        let long = login(&credentials);
        assert_eq!(
            long,
            Err("the user name or password has more than 255 bytes")
        );
    }

    fn reply() -> impl Strategy<Value = Vec<u8>> {
        let address = prop_oneof![
            vec(any::<u8>(), 4).prop_map(|bytes| [vec![IPV4], bytes].concat()),
            vec(any::<u8>(), 16).prop_map(|bytes| [vec![IPV6], bytes].concat()),
            vec(any::<u8>(), 0..=255)
                .prop_map(|bytes| [vec![NAME, bytes.len() as u8], bytes].concat()),
        ];
        (address, any::<[u8; 2]>())
            .prop_map(|(address, port)| [&[VERSION, 0, 0], &*address, &port].concat())
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_need_no_more_than_the_longest_reply(bytes in vec(any::<u8>(), 0..300)) {
            if let Ok(Step::Needs(length)) = parse_reply(&bytes) {
                prop_assert!(bytes.len() < length && length <= 262);
            }
        }

        #[test]
        fn a_reply_is_read_to_its_last_byte_and_no_further(reply in reply(), rest in vec(any::<u8>(), 0..20)) {
            let mut read = 0;
            while let Step::Needs(length) = parse_reply(&reply[..read]).unwrap() {
                prop_assert!(read < length && length <= reply.len());
                read = length;
            }
            prop_assert_eq!(read, reply.len());
            prop_assert_eq!(parse_reply(&[reply, rest].concat()), Ok(Step::Granted));
        }

        #[test]
        fn a_code_other_than_zero_refuses_and_has_words(code in 1_u8.., rest in vec(any::<u8>(), 0..20)) {
            let refusal = parse_reply(&[&[VERSION, code], &*rest].concat()).unwrap_err();
            prop_assert_eq!(&refusal, &Refusal::Code(code));
            prop_assert!(!refusal.to_string().is_empty());
        }
    }
}
