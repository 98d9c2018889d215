//! The accept loop: one for all sockets of a worker.
//!
//! It never stops and never spins. A connection that failed before it was accepted is passed over. When the system is
//! out of something, most often descriptors, the loop pauses until one of its own connections has ended, or for a
//! moment; those who wait in the queues keep waiting, which is kinder than accepting them only to hang up.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep};

use crate::listener::{Accepted, Bound};
use crate::notice::Notice;

/// The first pause after the system was out of something; each further one in a row is twice as long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause: ten failing calls a second are no load, and nobody notices the wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Events less than this apart are one burst, logged once.
const BURST: Duration = Duration::from_secs(10);

/// The sockets of a worker and the connections that came by them.
#[derive(Debug)]
pub(crate) struct Acceptor<F> {
    sockets: Vec<Bound>,
    /// Whose turn it is, so that a busy socket does not starve the others.
    next: usize,
    serve: F,
    connections: JoinSet<()>,
    limit: usize,
    full: Burst,
    patience: Patience,
    notice: Notice,
}

impl<F, Fut> Acceptor<F>
where
    F: Fn(Accepted) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    /// Creates the loop; up to `limit` connections at a time are each given to `serve`.
    pub(crate) fn new(sockets: Vec<Bound>, limit: usize, notice: Notice, serve: F) -> Self {
        Self {
            sockets,
            next: 0,
            serve,
            connections: JoinSet::new(),
            limit: limit.max(1),
            full: Burst::default(),
            patience: Patience::new(),
            notice,
        }
    }

    /// Accepts and serves until `stop` is ready. Connections live on after it.
    pub(crate) async fn accept_until(&mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        poll_fn(|cx| {
            if stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            while self.poll_once(cx).is_ready() {}
            Poll::Pending
        })
        .await;
    }

    /// Serves who waits in the queues already, closes the sockets and returns all connections.
    pub(crate) fn close(mut self) -> JoinSet<()> {
        for socket in std::mem::take(&mut self.sockets) {
            for accepted in socket.close() {
                self.connections.spawn((self.serve)(accepted));
            }
        }
        self.connections
    }

    /// Ready when something was done and there may be more to do.
    fn poll_once(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(Some(_ended)) = self.connections.poll_join_next(cx) {
            self.patience.interrupt();
        }
        ready!(self.patience.poll(cx));
        if self.connections.len() >= self.limit {
            if self.full.begins() {
                self.notice.warn(format_args!(
                    "{} connections are open, which is the limit: others wait for their turn",
                    self.connections.len()
                ));
            }
            return Poll::Pending;
        }
        match ready!(self.poll_accept(cx)) {
            Ok(accepted) => {
                self.patience.succeeded();
                self.connections.spawn((self.serve)(accepted));
            }
            Err(failure) if is_of_one_connection(&failure) => {}
            Err(failure) => {
                if self.patience.failed() {
                    self.notice.warn(format_args!(
                        "could not accept a connection with {} open, and will keep trying: {failure}",
                        self.connections.len()
                    ));
                }
            }
        }
        Poll::Ready(())
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        for turn in 0..self.sockets.len() {
            let at = (self.next + turn) % self.sockets.len();
            if let Poll::Ready(accepted) = self.sockets[at].poll_accept(cx) {
                self.next = at + 1;
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

/// How long the loop rests after failures that the next connection would meet too.
#[derive(Debug)]
struct Patience {
    pause: Option<Pin<Box<Sleep>>>,
    length: Duration,
    failures: Burst,
}

impl Patience {
    fn new() -> Self {
        Self {
            pause: None,
            length: SHORTEST_PAUSE,
            failures: Burst::default(),
        }
    }

    /// Begins a pause; tells whether this failure is the first one of a burst.
    fn failed(&mut self) -> bool {
        self.pause = Some(Box::pin(sleep(self.length)));
        self.length = (self.length * 2).min(LONGEST_PAUSE);
        self.failures.begins()
    }

    fn succeeded(&mut self) {
        self.length = SHORTEST_PAUSE;
    }

    /// Ends the pause: something that the system was out of was given back.
    fn interrupt(&mut self) {
        self.pause = None;
    }

    /// Ready when there is no pause.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        Poll::Ready(())
    }
}

/// Events that come in bursts, of which only the first is worth a line.
#[derive(Debug, Default)]
struct Burst {
    last: Option<Instant>,
}

impl Burst {
    /// Notes an event; tells whether it is the first one of a burst.
    fn begins(&mut self) -> bool {
        let now = Instant::now();
        let last = self.last.replace(now);
        last.is_none_or(|last| now - last > BURST)
    }
}

/// Tells whether a failure is over with the connection that had it, so that the next one can be accepted at once.
///
/// Linux hands pending network errors of the new connection to `accept`; its manual asks to treat them like this.
fn is_of_one_connection(failure: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable, PermissionDenied, TimedOut,
    };
    #[cfg(unix)]
    if failure.raw_os_error() == Some(libc::EPROTO) {
        return true;
    }
    matches!(
        failure.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_neither_spin_nor_fill_the_log() {
        let mut patience = Patience::new();
        let begun = Instant::now();
        let (mut failures, mut logged) = (0, 0);
        while begun.elapsed() < Duration::from_secs(60) {
            poll_fn(|cx| patience.poll(cx)).await;
            failures += 1;
            logged += usize::from(patience.failed());
        }
        assert!((550..=620).contains(&failures), "{failures} failures");
        assert_eq!(logged, 1);

        sleep(BURST * 2).await;
        assert!(patience.failed(), "a new burst");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_ends_cuts_the_pause_short() {
        let mut patience = Patience::new();
        for _ in 0..10 {
            patience.failed();
        }
        patience.interrupt();
        let begun = Instant::now();
        poll_fn(|cx| patience.poll(cx)).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);

        patience.succeeded();
        patience.failed();
        poll_fn(|cx| patience.poll(cx)).await;
        assert!(begun.elapsed() <= SHORTEST_PAUSE * 2);
    }

    #[test]
    fn only_the_trouble_of_one_connection_is_passed_over() {
        assert!(is_of_one_connection(
            &io::ErrorKind::ConnectionAborted.into()
        ));
        assert!(is_of_one_connection(&io::ErrorKind::Interrupted.into()));
        #[cfg(unix)]
        for (number, passes) in [
            (libc::EPROTO, true),
            (libc::EPERM, true),
            (libc::EMFILE, false),
            (libc::ENFILE, false),
            (libc::ENOBUFS, false),
            (libc::ENOMEM, false),
            (libc::EINVAL, false),
        ] {
            let failure = io::Error::from_raw_os_error(number);
            assert_eq!(is_of_one_connection(&failure), passes, "{failure}");
        }
    }
}
