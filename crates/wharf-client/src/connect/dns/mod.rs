//! Names and their addresses: overrides, a cache, and one look-up at a time per name.
//!
//! ~~~text
//! override ─▶ cache, fresh ─▶ a look-up that is running ─▶ a new look-up ─▶ addresses, or stale ones
//! ~~~
//!
//! A look-up is a task, so that it outlives the call that began it: others wait for it, and the system's look-up cannot be
//! stopped anyway. A task that ends without a word, since its runtime did, is noticed by who waits, who then begins anew. The
//! lock covers map operations only, never an `.await`.

mod answer;
mod cache;
mod resolve;

pub(crate) use answer::Failure;
pub(crate) use resolve::Erased;
pub use resolve::{Resolve, SystemResolver};

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

use self::answer::{Answer, Outcome};
use self::cache::{Cache, Found};
use crate::DnsConfig;
use crate::trace::{Call, Event};

/// How long a call that has stale addresses waits for new ones (the client response timer of RFC 8767 §5).
const PATIENCE: Duration = Duration::from_millis(1800);

/// The longest name that can be looked up, with the dot that may end it (RFC 1035 §2.3.4).
const NAME_LIMIT: usize = 254;

/// All that is known of names.
pub(crate) struct Names {
    config: DnsConfig,
    overrides: HashMap<String, Arc<Answer>>,
    resolver: Arc<dyn Erased>,
    permits: Semaphore,
    state: Mutex<State>,
}

struct State {
    cache: Cache,
    flights: HashMap<Arc<str>, Weak<Board>>,
}

/// Where a look-up puts what it has found.
type Board = watch::Sender<Option<Outcome>>;

/// What a call is to do.
enum Next {
    Use(Outcome),
    Join(watch::Receiver<Option<Outcome>>, Option<Arc<Answer>>),
    Start(Flight, Option<Arc<Answer>>),
}

impl Names {
    pub(crate) fn new(config: DnsConfig, resolver: Arc<dyn Erased>) -> Self {
        let overrides = config.overrides.iter();
        Self {
            overrides: overrides
                .map(|(host, addresses)| (host.clone(), Arc::new(Answer::new(addresses))))
                .collect(),
            resolver,
            permits: Semaphore::new(config.concurrent.min(Semaphore::MAX_PERMITS)),
            state: Mutex::new(State {
                cache: Cache::new(&config),
                flights: HashMap::new(),
            }),
            config,
        }
    }

    pub(crate) fn config(&self) -> &DnsConfig {
        &self.config
    }

    pub(crate) fn resolver(&self) -> Arc<dyn Erased> {
        Arc::clone(&self.resolver)
    }

    /// Returns the addresses of a name, IPv6 before IPv4; each time another one of a family comes first.
    pub(crate) async fn look_up(
        self: &Arc<Self>,
        host: &str,
        port: u16,
        call: &Call,
    ) -> Result<Vec<IpAddr>, Failure> {
        let name: Arc<str> = host.to_ascii_lowercase().into();
        if let Some(answer) = self.overridden(&name, port) {
            return Ok(answer.next());
        }
        if name.len() > NAME_LIMIT {
            return Err(Failure::new("the name is longer than 253 bytes"));
        }
        loop {
            match self.ask(&name) {
                Next::Use(outcome) => {
                    call.notify(&Event::DnsCacheHit { host });
                    return outcome.map(|answer| answer.next());
                }
                Next::Join(board, stale) => {
                    call.notify(&Event::DnsCacheHit { host });
                    if let Some(outcome) = wait(board, stale).await {
                        return outcome.map(|answer| answer.next());
                    }
                }
                Next::Start(flight, stale) => {
                    call.notify(&Event::DnsCacheMiss { host });
                    call.notify(&Event::DnsStarted { host });
                    let board = flight.board.subscribe();
                    tokio::spawn(flight.run());
                    // On this very runtime nothing but a panic of the resolver ends the task early; once more would be no better.
                    let given_up = || Err(Failure::new("the look-up was given up"));
                    let outcome = wait(board, stale).await.unwrap_or_else(given_up);
                    let result = outcome.map(|answer| answer.next());
                    let addresses = result.as_deref().unwrap_or_default();
                    call.notify(&Event::DnsEnded { host, addresses });
                    return result;
                }
            }
        }
    }

    fn overridden(&self, name: &str, port: u16) -> Option<&Arc<Answer>> {
        if self.overrides.is_empty() {
            return None;
        }
        let for_port = self.overrides.get(&format!("{name}:{port}"));
        for_port.or_else(|| self.overrides.get(name))
    }

    fn ask(self: &Arc<Self>, name: &Arc<str>) -> Next {
        let mut state = self.lock();
        let stale = match state.cache.get(name, Instant::now()) {
            Found::Fresh(outcome) => return Next::Use(outcome),
            Found::Stale(answer) => Some(answer),
            Found::Nothing => None,
        };
        if let Some(board) = state.flights.get(name).and_then(Weak::upgrade) {
            return Next::Join(board.subscribe(), stale);
        }
        let board = Arc::new(Board::new(None));
        let flight = Arc::downgrade(&board);
        state.flights.insert(Arc::clone(name), flight);
        Next::Start(
            Flight {
                names: Arc::clone(self),
                name: Arc::clone(name),
                board,
            },
            stale,
        )
    }

    /// Forgets the addresses of one name; a look-up that is running serves those who wait for it and nobody else.
    pub(crate) fn clear(&self, host: &str) {
        let name = host.to_ascii_lowercase();
        let mut state = self.lock();
        state.cache.remove(&name);
        state.flights.remove(name.as_str());
    }

    /// Forgets the addresses of all names.
    pub(crate) fn clear_all(&self) {
        let mut state = self.lock();
        state.cache.clear();
        state.flights.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Waits for what a look-up finds; for stale addresses only so long. `None` when the look-up will find nothing any more.
async fn wait(
    mut board: watch::Receiver<Option<Outcome>>,
    stale: Option<Arc<Answer>>,
) -> Option<Outcome> {
    let ended = async {
        let found = board.wait_for(Option::is_some).await;
        found.ok().and_then(|found| found.clone())
    };
    match stale {
        None => ended.await,
        Some(answer) => match timeout(PATIENCE, ended).await {
            Ok(Some(outcome)) => Some(outcome),
            Ok(None) | Err(_) => Some(Ok(answer)),
        },
    }
}

/// One look-up, and its place among those that are running, which it leaves when it is dropped.
struct Flight {
    names: Arc<Names>,
    name: Arc<str>,
    board: Arc<Board>,
}

impl Flight {
    async fn run(self) {
        let Some(_permit) = self.turn().await else {
            return;
        };
        let found = self.names.resolver.resolve(&self.name).await;
        let mut state = self.names.lock();
        // Else the name was cleared meanwhile: what was found may be what somebody wanted to get rid of.
        let outcome = if self.is_listed(&state) {
            state.flights.remove(&self.name);
            state.cache.store(&self.name, found, Instant::now())
        } else {
            cache::outcome(found)
        };
        drop(state);
        self.board.send_replace(Some(outcome));
    }

    /// Waits for permission to look up; `None` when nobody waits for the addresses any more before that.
    async fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        let mut permit = pin!(self.names.permits.acquire());
        let mut abandoned = pin!(self.board.closed());
        std::future::poll_fn(|cx| {
            if let Poll::Ready(permit) = permit.as_mut().poll(cx) {
                return Poll::Ready(permit.ok());
            }
            abandoned.as_mut().poll(cx).map(|()| None)
        })
        .await
    }

    fn is_listed(&self, state: &State) -> bool {
        let listed = state.flights.get(&self.name);
        listed.is_some_and(|flight| flight.as_ptr() == Arc::as_ptr(&self.board))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.names.lock();
        if self.is_listed(&state) {
            state.flights.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests;
