//! Connecting to the first address that answers (RFC 8305).
//!
//! ~~~text
//! v6 ├───────────────╌╌╌╌╌╌╌ dropped
//! v4      250 ms ├──────✕ refused
//! v6                    ├────── open: wins
//! ~~~

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::attempts::{Attempt, Attempts};

/// Connects to one address.
pub(super) trait Dial: Sync {
    type Stream: Send;

    fn dial(&self, address: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Makes the families take turns, the one of the first address first (RFC 8305 §4).
pub(super) fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut mixed = Vec::with_capacity(addresses.len());
    while mixed.len() < addresses.len() {
        mixed.extend(one.next());
        mixed.extend(other.next());
    }
    mixed
}

/// Connects to `addresses` in their order, and returns the first connection that is open; the other attempts are dropped.
///
/// The next attempt begins `delay` after the last one, or as soon as one fails; without a delay, only then.
pub(super) async fn race<D: Dial>(
    dial: &D,
    addresses: &[SocketAddr],
    delay: Option<Duration>,
) -> Result<(D::Stream, SocketAddr), Attempts> {
    let started = Instant::now();
    if let [address] = *addresses {
        // Most hosts have one, and nothing to race with it.
        return match dial.dial(address).await {
            Ok(stream) => Ok((stream, address)),
            Err(error) => {
                let elapsed = started.elapsed();
                let failed = Attempt {
                    address,
                    error,
                    elapsed,
                };
                Err(Attempts::new(vec![failed], elapsed))
            }
        };
    }
    let mut waiting = addresses.iter();
    let mut race = Race {
        running: Vec::new(),
        failed: Vec::new(),
    };
    loop {
        match waiting.next() {
            Some(&address) => race.running.push(Running {
                address,
                since: Instant::now(),
                attempt: Box::pin(dial.dial(address)),
            }),
            None if race.running.is_empty() => {
                return Err(Attempts::new(race.failed, started.elapsed()));
            }
            None => {}
        }
        let ended = poll_fn(|cx| race.poll_ended(cx));
        let won = match delay {
            Some(delay) if waiting.len() > 0 => timeout(delay, ended).await.unwrap_or(None),
            _ => ended.await,
        };
        if let Some(won) = won {
            return Ok(won);
        }
    }
}

struct Race<F> {
    running: Vec<Running<F>>,
    failed: Vec<Attempt>,
}

struct Running<F> {
    address: SocketAddr,
    since: Instant,
    attempt: Pin<Box<F>>,
}

impl<F, S> Race<F>
where
    F: Future<Output = io::Result<S>>,
{
    /// Waits until an attempt ends: with a connection, or `None` when it failed and is now among those.
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Option<(S, SocketAddr)>> {
        let failed_before = self.failed.len();
        let mut index = 0;
        while let Some(running) = self.running.get_mut(index) {
            match running.attempt.as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(stream)) => return Poll::Ready(Some((stream, running.address))),
                Poll::Ready(Err(error)) => {
                    let Running { address, since, .. } = self.running.remove(index);
                    self.failed.push(Attempt {
                        address,
                        error,
                        elapsed: since.elapsed(),
                    });
                }
            }
        }
        if self.failed.len() > failed_before {
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
