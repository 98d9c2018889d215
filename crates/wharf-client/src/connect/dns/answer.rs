//! What a look-up comes to, shared by all who asked.

use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wharf_http::BoxError;

/// The most addresses of one family that are kept of a name: whoever owns it must not make a client knock at every door.
const ADDRESS_LIMIT: usize = 64;

/// The addresses of a name, at least one unless somebody overrode them with none.
#[derive(Debug)]
pub(crate) struct Answer {
    v6: Vec<Ipv6Addr>,
    v4: Vec<Ipv4Addr>,
    turn: AtomicUsize,
}

pub(crate) type Outcome = Result<Arc<Answer>, Failure>;

impl Answer {
    pub(super) fn new(addresses: &[IpAddr]) -> Self {
        let (mut v6, mut v4) = (Vec::new(), Vec::new());
        for address in addresses {
            match address.to_canonical() {
                IpAddr::V6(address) => push(&mut v6, address),
                IpAddr::V4(address) => push(&mut v4, address),
            }
        }
        Self {
            v6,
            v4,
            turn: AtomicUsize::new(0),
        }
    }

    /// Returns the addresses, each family turned by one against the last time.
    pub(super) fn next(&self) -> Vec<IpAddr> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        turned(&self.v6, turn)
            .map(IpAddr::from)
            .chain(turned(&self.v4, turn).map(IpAddr::from))
            .collect()
    }
}

fn push<A: PartialEq>(addresses: &mut Vec<A>, address: A) {
    if addresses.len() < ADDRESS_LIMIT && !addresses.contains(&address) {
        addresses.push(address);
    }
}

fn turned<A: Copy>(addresses: &[A], turn: usize) -> impl Iterator<Item = A> {
    let first = turn.checked_rem(addresses.len()).unwrap_or_default();
    let (tail, head) = addresses.split_at(first);
    head.iter().chain(tail).copied()
}

/// Why a look-up failed, for everybody who waits for it. Prints as the error it holds.
#[derive(Clone)]
pub(crate) struct Failure {
    cause: Arc<dyn StdError + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(cause: impl Into<BoxError>) -> Self {
        Self {
            cause: cause.into().into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // Itself rather than its source, so that its type can be found; printers of chains leave out what repeats.
        Some(self.cause.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn each_use_begins_with_another_address_of_each_family() {
        let answer = Answer::new(&ips(&[
            "10.0.0.1", "fd00::1", "10.0.0.2", "10.0.0.3", "fd00::2",
        ]));
        for expected in [
            ["fd00::1", "fd00::2", "10.0.0.1", "10.0.0.2", "10.0.0.3"],
            ["fd00::2", "fd00::1", "10.0.0.2", "10.0.0.3", "10.0.0.1"],
            ["fd00::1", "fd00::2", "10.0.0.3", "10.0.0.1", "10.0.0.2"],
            ["fd00::2", "fd00::1", "10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ] {
            assert_eq!(answer.next(), ips(&expected));
        }
    }

    #[test]
    fn an_address_counts_once_however_it_is_written() {
        let answer = Answer::new(&ips(&["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"]));
        assert_eq!(answer.next(), ips(&["10.0.0.1"]));
    }

    #[test]
    fn a_name_with_thousands_of_addresses_does_not_fill_the_memory() {
        let v4 = (0..5000).map(|number| Ipv4Addr::from_bits(0x0a00_0000 + number).into());
        let addresses: Vec<_> = v4.chain(ips(&["fd00::1"])).collect();
        let kept = Answer::new(&addresses).next();
        assert_eq!(kept.len(), 65);
        assert_eq!(kept[..2], ips(&["fd00::1", "10.0.0.0"]));
    }
}
