//! The accept loop: one for all sockets of a worker, which also keeps the worker's connections.
//!
//! It never stops and never spins. A connection that failed before it was accepted is passed over. When the system is
//! out of something, most often descriptors, the loop pauses until one of its own connections has ended, or for a
//! moment; those who wait in the queues keep waiting, which is kinder than accepting them only to hang up. A panic in
//! it is told, and the loop goes on: sockets and connections are as they were.

use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep};
use wharf_http::{BoxFuture, Signal};

use crate::arrival::Arrival;
use crate::listener::{Accepted, Bound, ListenerId};
use crate::notice::Notice;
use crate::panic;
use crate::worker::{Command, Load, Neighbours, Place};

/// The first pause after the system was out of something; each further one in a row is twice as long.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause: ten failing calls a second are no load, and nobody notices the wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Events less than this apart are one burst, logged once.
const BURST: Duration = Duration::from_secs(10);

/// The sockets of a worker and the connections that came by them.
pub(crate) struct Acceptor {
    sockets: Vec<(ListenerId, Bound)>,
    /// Whose turn it is, so that a busy socket does not starve the others.
    next: usize,
    arrival: Arc<Arrival>,
    commands: UnboundedReceiver<Command>,
    /// Everybody who could tell it anything is gone, or has told it to end.
    finishing: bool,
    connections: JoinSet<()>,
    load: Arc<Load>,
    neighbours: Option<Neighbours>,
    worn: Option<Worn>,
    limit: usize,
    full: Burst,
    patience: Patience,
    notice: Notice,
}

/// What becomes of a worker that has served as many requests as it may.
struct Worn {
    fired: BoxFuture<'static, ()>,
    tell: Box<dyn FnOnce() + Send>,
}

impl Acceptor {
    /// Creates the loop; up to `limit` connections at a time are served.
    pub(crate) fn new(
        arrival: Arc<Arrival>,
        commands: UnboundedReceiver<Command>,
        load: Arc<Load>,
        limit: usize,
        notice: Notice,
    ) -> Self {
        Self {
            sockets: Vec::new(),
            next: 0,
            arrival,
            commands,
            finishing: false,
            connections: JoinSet::new(),
            load,
            neighbours: None,
            worn: None,
            limit: limit.max(1),
            full: Burst::default(),
            patience: Patience::new(),
            notice,
        }
    }

    /// Lets it hand on connections of which it has more than its neighbours.
    pub(crate) fn balance(&mut self, neighbours: Neighbours) {
        self.neighbours = Some(neighbours);
    }

    /// Calls `tell` when `signal` fires.
    pub(crate) fn tell_when_worn(&mut self, signal: Signal, tell: impl FnOnce() + Send + 'static) {
        self.worn = Some(Worn {
            fired: Box::pin(async move { signal.fired().await }),
            tell: Box::new(tell),
        });
    }

    /// Does what it is told until it is told to finish and its last connection has ended.
    pub(crate) async fn run(&mut self) {
        poll_fn(|cx| {
            match catch_unwind(AssertUnwindSafe(|| self.poll(cx))) {
                Ok(poll) => poll,
                Err(cause) => {
                    self.notice.warn(format_args!(
                        "a worker panicked outside a request, and goes on: {}",
                        panic::message(cause.as_ref())
                    ));
                    // Not at once, or the same panic would keep it busy.
                    self.patience.failed();
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
            }
        })
        .await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(command) = self.commands.poll_recv(cx) {
            match command {
                Some(command) => self.obey(command),
                None => {
                    self.sockets.clear();
                    self.finishing = true;
                    break;
                }
            }
        }
        if let Some(worn) = &mut self.worn
            && worn.fired.as_mut().poll(cx).is_ready()
            && let Some(worn) = self.worn.take()
        {
            (worn.tell)();
        }
        while self.poll_once(cx).is_ready() {}
        if self.finishing && self.connections.is_empty() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Listen(id, site, sockets) => {
                for socket in sockets {
                    match socket.register(Arc::clone(&site)) {
                        Ok(bound) => self.sockets.push((id, bound)),
                        Err(cause) => self
                            .notice
                            .warn(format_args!("a worker could not take a listener: {cause}")),
                    }
                }
            }
            Command::Close(id, _done) => self
                .sockets
                .retain(|(of, _)| id.is_some_and(|id| *of != id)),
            Command::Serve(accepted) => {
                let place = Place::taken(&self.load);
                // A peer that is gone already is no loss.
                if let Ok(accepted) = accepted.register() {
                    self.serve(accepted, place);
                }
            }
            Command::Finish => self.finishing = true,
            Command::Abort => self.connections.abort_all(),
            #[cfg(test)]
            Command::Panic => panic!("on purpose"),
        }
    }

    fn serve(&mut self, accepted: Accepted, place: Place) {
        self.connections.spawn(self.arrival.serve(accepted, place));
    }

    /// Serves a connection, or hands it on to somebody who has fewer.
    fn take(&mut self, accepted: Accepted) {
        let own = self.load.connections();
        let lighter = self
            .neighbours
            .as_mut()
            .and_then(|neighbours| neighbours.lighter(own));
        let Some(seat) = lighter else {
            self.load.add();
            return self.serve(accepted, Place::taken(&self.load));
        };
        // A peer that is gone already is no loss.
        if let Ok(accepted) = accepted.into_raw() {
            seat.load.add();
            if let Err(refused) = seat.commands.send(Command::Serve(accepted)) {
                // It is being replaced this very moment.
                seat.load.remove();
                if let Command::Serve(accepted) = refused.0
                    && let Ok(accepted) = accepted.register()
                {
                    self.load.add();
                    self.serve(accepted, Place::taken(&self.load));
                }
            }
        }
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
                self.take(accepted);
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
            if let Poll::Ready(accepted) = self.sockets[at].1.poll_accept(cx) {
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
