//! Streams through a proxy: what is said to it before its stream is that of the target.

mod http;
mod prefixed;
#[cfg(feature = "socks")]
mod socks4;
#[cfg(feature = "socks")]
mod socks5;

#[cfg(any(test, feature = "digest"))]
pub(crate) use self::http::Challenges;

use std::net::SocketAddr;

#[cfg(feature = "socks")]
use tokio::io::AsyncReadExt;
use wharf_http::BoxError;

use super::{Protocol, Proxy};
use crate::connect::{Stream, Target};
use crate::{Error, ErrorKind};

/// Makes a stream to a proxy one to the target.
///
/// `addresses` are those of the target, best first; only a [protocol that wants one](Protocol::wants_address) looks at them,
/// and not when the target is an address already. One stream leads to one address: to try the next takes another stream.
///
/// The stream keeps its peer address, which is the proxy's, and its probe.
///
/// # Errors
///
/// [`ErrorKind::Proxy`], with the proxy as peer. Where an HTTP proxy answered, with its status and the start of the body, and
/// with its [`Challenges`](http::Challenges) as cause if it made any.
///
/// # Cancel safety
///
/// Dropping the future closes the stream. Time is limited by the caller.
pub(crate) async fn tunnel(
    stream: Stream,
    target: &Target,
    addresses: &[SocketAddr],
    proxy: &Proxy,
) -> Result<Stream, Error> {
    match proxy.protocol() {
        Protocol::Http | Protocol::Https => http::connect(stream, target, proxy).await,
        #[cfg(feature = "socks")]
        Protocol::Socks4 | Protocol::Socks4a => {
            let connected = socks4::connect(stream, target, addresses, proxy).await;
            connected.map_err(|error| failed(proxy, error))
        }
        #[cfg(feature = "socks")]
        Protocol::Socks5 | Protocol::Socks5h => {
            let connected = socks5::connect(stream, target, addresses, proxy).await;
            connected.map_err(|error| failed(proxy, error))
        }
        #[cfg(not(feature = "socks"))]
        _ => {
            let _unused = addresses;
            Err(failed(proxy, "SOCKS needs the feature `socks`"))
        }
    }
}

fn failed(proxy: &Proxy, cause: impl Into<BoxError>) -> Error {
    Error::new(ErrorKind::Proxy)
        .at(proxy.target())
        .because(cause)
}

#[cfg(feature = "socks")]
async fn read_exact(stream: &mut Stream, bytes: &mut [u8]) -> std::io::Result<()> {
    use std::io::{Error, ErrorKind};
    match AsyncReadExt::read_exact(stream, bytes).await {
        Ok(_all) => Ok(()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Error::new(
            ErrorKind::UnexpectedEof,
            "it closed the connection before its answer was whole",
        )),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
