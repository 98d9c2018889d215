//! What requests are told apart by.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::IpAddr;

use http::header::HeaderName;
use wharf_http::Request;
use wharf_http::connection::Peer;

use crate::extract::Scope;

/// Finds the fingerprint of a request's key: 64 bits, keyed at random, so that nobody can look for two that are the same. `None`
/// is a request that is not limited.
pub(super) type Fingerprint = dyn Fn(&Request, &Scope) -> Option<u64> + Send + Sync;

/// The client by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    V4(u32),
    /// The first 64 bits: the network of one customer, who has all addresses in it (RFC 4291 §2.5.4).
    V6(u64),
    /// On a unix socket or in the same process.
    Local,
}

impl Client {
    fn of(peer: &Peer) -> Self {
        // The same client, whichever kind of socket it came by.
        let address = peer.socket_addr().map(|peer| peer.ip().to_canonical());
        match address {
            Some(IpAddr::V4(address)) => Self::V4(address.to_bits()),
            Some(IpAddr::V6(address)) => Self::V6((address.to_bits() >> 64) as u64),
            None => Self::Local,
        }
    }
}

pub(super) fn by_peer() -> Box<Fingerprint> {
    let hasher = RandomState::new();
    Box::new(move |_request, scope| Some(hasher.hash_one(Client::of(scope.context().peer()))))
}

pub(super) fn by_header(name: HeaderName) -> Box<Fingerprint> {
    let hasher = RandomState::new();
    Box::new(move |request, _scope| {
        let mut state = hasher.build_hasher();
        // All lines of it: handlers differ in which one they read.
        for line in request.headers().get_all(&name) {
            line.hash(&mut state);
        }
        Some(state.finish())
    })
}

pub(super) fn by<K: Hash>(
    key: impl Fn(&Request, &Scope) -> Option<K> + Send + Sync + 'static,
) -> Box<Fingerprint> {
    let hasher = RandomState::new();
    Box::new(move |request, scope| key(request, scope).map(|key| hasher.hash_one(key)))
}

#[cfg(test)]
mod tests {
    use wharf_http::connection::UnixPeer;

    use super::*;

    fn client(address: &str) -> Client {
        Client::of(&Peer::Tcp(address.parse().unwrap()))
    }

    #[test]
    fn a_client_is_an_address_or_a_network_of_the_newer_kind() {
        for (one, other, same) in [
            ("192.0.2.7:1", "192.0.2.7:2", true),
            ("192.0.2.7:1", "192.0.2.8:1", false),
            ("192.0.2.7:1", "[::ffff:192.0.2.7]:1", true),
            ("192.0.2.7:1", "[::ffff:192.0.2.8]:1", false),
            ("[2001:db8:0:1::1]:1", "[2001:db8:0:1:ffff::2]:2", true),
            ("[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false),
            ("0.0.0.1:1", "[0:0:0:1::]:1", false),
        ] {
            assert_eq!(client(one) == client(other), same, "{one} {other}");
        }
        let unix = Client::of(&Peer::Unix(UnixPeer::new()));
        assert_eq!(unix, Client::of(&Peer::Memory));
        assert_ne!(unix, client("0.0.0.0:0"));
    }
}
