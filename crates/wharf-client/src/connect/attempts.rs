//! What became of each address of a host when none could be connected to.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Every address that was tried, and why it could not be connected to.
///
/// It is a cause of an error of kind [`Connect`](crate::ErrorKind::Connect). Its own [`source`](StdError::source) is an
/// `std::io::Error`: the one of the address that says most.
///
/// # Examples
///
/// ```no_run
/// use wharf_client::connect::Attempts;
///
/// # async fn example(client: wharf_client::Client) {
/// if let Err(error) = client.get("http://quay.test/").send().await
///     && let Some(attempts) = error.find_cause::<Attempts>()
/// {
///     for attempt in attempts.iter() {
///         eprintln!("{}: {} after {:?}", attempt.address(), attempt.error(), attempt.elapsed());
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Attempts {
    list: Vec<Attempt>,
    elapsed: Duration,
    /// What was asked for was this one address, so that it need not be told again.
    literal: bool,
    /// The error in the name of all; `None` when there is only one.
    summary: Option<io::Error>,
}

/// One address that could not be connected to.
#[derive(Debug)]
pub struct Attempt {
    pub(super) address: SocketAddr,
    pub(super) error: io::Error,
    pub(super) elapsed: Duration,
}

impl Attempt {
    /// Returns the address that was tried.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns why it could not be connected to.
    #[must_use]
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// Returns how long it took to find out.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Tells whether this says more of the host than of the way there, which often has no IPv6.
    fn is_telling(&self) -> bool {
        !matches!(
            self.error.kind(),
            io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    }
}

impl Attempts {
    pub(super) fn new(list: Vec<Attempt>, elapsed: Duration) -> Self {
        let telling = list.iter().rfind(|attempt| attempt.is_telling());
        let summary = match (list.len(), telling.or(list.last())) {
            (0 | 1, _) | (_, None) => None,
            (count, Some(Attempt { error, .. })) => {
                let took = elapsed.as_millis();
                let text = format!("{error} after {count} addresses, {took} ms");
                Some(io::Error::new(error.kind(), text))
            }
        };
        Self {
            list,
            elapsed,
            literal: false,
            summary,
        }
    }

    /// Leaves out the address from the text when the host is that address.
    pub(super) fn literal(mut self, literal: bool) -> Self {
        self.literal = literal;
        self
    }

    /// Returns the attempts in the order in which they failed.
    pub fn iter(&self) -> impl Iterator<Item = &Attempt> {
        self.list.iter()
    }

    /// Returns how long it took until the last of them had failed.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list.as_slice() {
            [] => f.write_str("there was no address to try"),
            [Attempt { error, .. }] if self.literal => error.fmt(f),
            [attempt] => {
                let took = attempt.elapsed.as_millis();
                write!(f, "{} after {took} ms", attempt.address)
            }
            list => {
                for (index, attempt) in list.iter().enumerate() {
                    let before = if index == 0 { "tried " } else { ", " };
                    let took = attempt.elapsed.as_millis();
                    let Attempt { address, error, .. } = attempt;
                    write!(f, "{before}{address} ({error}, {took} ms)")?;
                }
                Ok(())
            }
        }
    }
}

impl StdError for Attempts {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let first = self.list.first().map(|attempt| &attempt.error);
        self.summary.as_ref().or(first).map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Target;
    use crate::{Error, ErrorKind};

    fn attempt(address: &str, kind: io::ErrorKind, millis: u64) -> Attempt {
        Attempt {
            address: address.parse().unwrap(),
            error: kind.into(),
            elapsed: Duration::from_millis(millis),
        }
    }

    fn error(list: Vec<Attempt>, literal: bool) -> Error {
        let target = Target::new("quay.test", 80);
        let attempts = Attempts::new(list, Duration::from_millis(42)).literal(literal);
        Error::new(ErrorKind::Connect).at(&target).because(attempts)
    }

    #[test]
    fn the_error_that_says_most_stands_for_all() {
        let error = error(
            vec![
                attempt("[fd00::1]:80", io::ErrorKind::NetworkUnreachable, 0),
                attempt("10.0.0.1:80", io::ErrorKind::ConnectionRefused, 7),
                attempt("[fd00::2]:80", io::ErrorKind::NetworkUnreachable, 1),
            ],
            false,
        );
        assert_eq!(
            error.to_string(),
            "could not connect (quay.test:80): connection refused after 3 addresses, 42 ms"
        );
        assert_eq!(
            format!("{error:#}"),
            "could not connect (quay.test:80): tried [fd00::1]:80 (network unreachable, 0 ms), \
             10.0.0.1:80 (connection refused, 7 ms), [fd00::2]:80 (network unreachable, 1 ms): \
             connection refused after 3 addresses, 42 ms"
        );
        let cause = error.find_cause::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::ConnectionRefused);
        let attempts = error.find_cause::<Attempts>().unwrap();
        assert_eq!(attempts.elapsed().as_millis(), 42);
        let tried: Vec<_> = attempts.iter().map(|each| each.address().port()).collect();
        assert_eq!(tried, [80, 80, 80]);
    }

    #[test]
    fn a_single_address_is_told_once() {
        let refused = || vec![attempt("10.0.0.1:80", io::ErrorKind::ConnectionRefused, 7)];
        let line = "could not connect (quay.test:80): connection refused";
        assert_eq!(error(refused(), false).to_string(), line);
        assert_eq!(
            format!("{:#}", error(refused(), false)),
            "could not connect (quay.test:80): 10.0.0.1:80 after 7 ms: connection refused"
        );
        assert_eq!(error(refused(), true).to_string(), line);
        assert_eq!(format!("{:#}", error(refused(), true)), line);
    }
}
