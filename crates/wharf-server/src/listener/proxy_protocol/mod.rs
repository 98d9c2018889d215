//! The PROXY protocol: a proxy that hands on bytes says first, once per connection, whose bytes they are.
//!
//! haproxy's `proxy-protocol.txt` is its specification; sections are of that. The header comes before everything else,
//! TLS included, and is read in the task of the connection, so that nobody waits for it but its own sender.

mod parse;
mod v1;
mod v2;

pub(crate) use parse::{Ends, Header, Malformed, Step};

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use bytes::BytesMut;
use http::uri::Scheme;
use tokio::io::{AsyncRead, ReadBuf};
use wharf_http::connection::{Local, Peer};
use wharf_http::{Connection, ErrorChain};

use crate::error::Error;
use crate::prefixed::Prefixed;
use crate::trust::TrustedProxies;

/// Which connections of a listener begin with a header of the PROXY protocol, and in which version.
///
/// Every connection of such a listener has to: whether there is a header must not be guessed, as a client could send
/// one (§1, "must not try to guess"). One that comes from elsewhere than the trusted proxies, or without a header, is
/// closed without an answer. So a listener for proxies is not one for clients; let clients have one of their own.
///
/// The peer of the connection is then the client, its local end what the client connected to, and
/// [`Connection::proxy`](wharf_http::Connection::proxy) the proxy. Where the proxy speaks for itself, as it does to
/// check that the server lives (`LOCAL`, `UNKNOWN`), the ends are those of the socket. Where a header of version 2 says
/// that the client's connection was encrypted (`PP2_TYPE_SSL`), the scheme is `https`; a checksum (`PP2_TYPE_CRC32C`)
/// has to be right; all other extensions are passed over.
///
/// The header has to be there within [`Timeouts::proxy_header`](crate::Timeouts::proxy_header).
///
/// # Examples
///
/// ```
/// use wharf_server::listener::{Listener, ProxyProtocol};
/// use wharf_server::TrustedProxies;
///
/// let balancers = TrustedProxies::new().network("10.0.7.0/28");
/// let listener = Listener::new("0.0.0.0:8081").proxy_protocol(ProxyProtocol::v1_and_v2(balancers));
/// # let _ = listener;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyProtocol {
    versions: Versions,
    from: TrustedProxies,
}

/// Which versions are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    Text,
    Binary,
    Both,
}

impl ProxyProtocol {
    /// Expects version 1, a line of text, from these proxies.
    #[must_use]
    pub fn v1(from: impl Into<TrustedProxies>) -> Self {
        Self::new(Versions::Text, from.into())
    }

    /// Expects version 2, which is binary, from these proxies.
    #[must_use]
    pub fn v2(from: impl Into<TrustedProxies>) -> Self {
        Self::new(Versions::Binary, from.into())
    }

    /// Expects either version from these proxies; a header says which it is.
    #[must_use]
    pub fn v1_and_v2(from: impl Into<TrustedProxies>) -> Self {
        Self::new(Versions::Both, from.into())
    }

    fn new(versions: Versions, from: TrustedProxies) -> Self {
        Self { versions, from }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.from.check()
    }

    /// Reads the header, and returns the stream behind it with the description of the connection.
    ///
    /// Nothing is read past the header but for a piece of at most 107 bytes, which the stream then begins with.
    pub(crate) async fn receive<IO: AsyncRead + Unpin>(
        &self,
        mut io: IO,
        peer: Peer,
        local: Local,
    ) -> Result<(Prefixed<IO>, Connection), Refused> {
        if !self.from.trusts(&peer) {
            return Err(Refused::Untrusted);
        }
        let mut bytes = BytesMut::new();
        let (header, length) = loop {
            match parse::parse(&bytes, self.versions)? {
                Step::Done(header, length) => break (header, length),
                Step::More(room) => read(&mut io, &mut bytes, room).await?,
            }
        };
        let rest = bytes.split_off(length).freeze();
        Ok((Prefixed::new(rest, io), header.describe(peer, local)))
    }
}

impl Header {
    /// Describes the connection that began with this header.
    fn describe(self, peer: Peer, local: Local) -> Connection {
        let connection = match self.ends {
            None => Connection::new(peer, local),
            Some(Ends { client, reached }) => Connection::new(client, reached).with_proxy(peer),
        };
        match self.secure {
            true => connection.with_scheme(Scheme::HTTPS),
            false => connection,
        }
    }
}

/// Reads once, `room` bytes at most.
async fn read<IO: AsyncRead + Unpin>(
    io: &mut IO,
    bytes: &mut BytesMut,
    room: usize,
) -> Result<(), Refused> {
    let filled = bytes.len();
    bytes.resize(filled + room, 0);
    let read = poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut bytes[filled..]);
        Pin::new(&mut *io)
            .poll_read(cx, &mut buf)
            .map_ok(|()| buf.filled().len())
    })
    .await?;
    bytes.truncate(filled + read);
    match read {
        0 => Err(Refused::Ended),
        _ => Ok(()),
    }
}

/// Why a connection was closed before its first request.
#[derive(Debug)]
pub(crate) enum Refused {
    Untrusted,
    Malformed(Malformed),
    /// The stream ended within the header.
    Ended,
    /// The header did not come in time.
    TooSlow,
    Broken(io::Error),
}

impl From<Malformed> for Refused {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<io::Error> for Refused {
    fn from(cause: io::Error) -> Self {
        Self::Broken(cause)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted => f.write_str("it is from none of the trusted proxies"),
            Self::Malformed(malformed) => {
                write!(f, "its PROXY header is malformed: {}", malformed.0)
            }
            Self::Ended => f.write_str("it ended before its PROXY header did"),
            Self::TooSlow => f.write_str("its PROXY header did not come in time"),
            Self::Broken(cause) => write!(f, "it broke: {}", ErrorChain::new(cause)),
        }
    }
}

#[cfg(test)]
pub(crate) mod write;

#[cfg(test)]
mod tests;
