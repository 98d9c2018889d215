//! What travels with a request: its identity, deadline, cancellation and typed extensions.

mod request_id;
mod trace;

pub use request_id::RequestId;
pub use trace::TraceContext;

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use http::uri::Scheme;
use tokio::time::Instant;

use crate::connection::{Connection, Peer};
use crate::signal::Signal;

/// What travels with one request, from the socket through middleware and handler to outgoing calls. Cheap to clone.
///
/// It is a value, handed on by hand: nothing is kept in a task-local or a static.
///
/// # Examples
///
/// ```
/// use wharf_http::{Connection, Context};
///
/// let context = Context::new(Connection::memory());
/// context.insert(42_u64);
/// assert_eq!(context.get::<u64>(), Some(42));
/// assert_eq!(context.request_id().to_string().len(), 32);
/// ```
#[derive(Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Connection,
    sequence: u64,
    started: Instant,
    /// Who sent the request, where that is not the peer of the connection. Beside the lock, so that it can be borrowed.
    client: OnceLock<Box<Client>>,
    /// One lock, held for a few instructions and hardly ever contended: all of it belongs to one request.
    shared: Mutex<Shared>,
    /// Read by the server for each request, so beside the lock: 0 is the server's own, else `RATE_IS_SET` and the rate.
    min_rate: AtomicU64,
    /// One more than the number of the route; 0 is none.
    route_number: AtomicU32,
}

const RATE_IS_SET: u64 = 1 << 32;

struct Client {
    peer: Peer,
    scheme: Scheme,
}

/// What comes as `tracestate`. Among the extensions, since most requests have none.
#[derive(Clone)]
struct TraceState(HeaderValue);

#[derive(Default)]
struct Shared {
    route: Option<Arc<str>>,
    trace: Option<TraceContext>,
    deadline: Option<Instant>,
    client_left: Option<Signal>,
    extensions: http::Extensions,
}

impl Inner {
    fn clear(&mut self) {
        let shared = self
            .shared
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        shared.route = None;
        shared.trace = None;
        shared.deadline = None;
        shared.client_left = None;
        shared.extensions.clear();
        *self.min_rate.get_mut() = 0;
        *self.route_number.get_mut() = 0;
        // Hardly ever set, and taking is more than looking.
        if self.client.get().is_some() {
            self.client.take();
        }
    }
}

impl Context {
    /// Creates the context of the first request on `connection`.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self::with_sequence(connection, 0, Instant::now())
    }

    fn with_sequence(connection: Connection, sequence: u64, started: Instant) -> Self {
        Self {
            inner: Arc::new(Inner {
                connection,
                sequence,
                started,
                client: OnceLock::new(),
                shared: Mutex::default(),
                min_rate: AtomicU64::new(0),
                route_number: AtomicU32::new(0),
            }),
        }
    }

    /// Turns this into the context of the next request on the same connection, whose head was complete at `started`.
    ///
    /// For servers. The memory is used again when nobody else holds the context any more.
    pub fn advance(&mut self, started: Instant) {
        self.advance_to(self.inner.sequence.wrapping_add(1), started);
    }

    /// Turns this into the context of the request that `sequence` others came before on the same connection, and whose head
    /// was complete at `started`.
    ///
    /// For servers of connections whose requests do not end in order. The memory is used again when nobody else holds the
    /// context any more.
    pub fn advance_to(&mut self, sequence: u64, started: Instant) {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.clear();
            inner.sequence = sequence;
            inner.started = started;
        } else {
            *self = Self::with_sequence(self.inner.connection.clone(), sequence, started);
        }
    }

    /// Lets go of all that was put beside the request, unless somebody else still holds the context.
    ///
    /// For servers, when a request has ended: what belongs to it must not live on while the connection is idle.
    pub fn clear(&mut self) {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.clear();
        }
    }

    /// Returns the connection that the request came by.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.inner.connection
    }

    /// Returns who sent the request: the peer of the connection, or the client that proxies which are trusted name.
    ///
    /// The port is 0 where the proxies did not tell it.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        match self.inner.client.get() {
            None => self.inner.connection.peer(),
            Some(client) => &client.peer,
        }
    }

    /// Returns the scheme of the URL that the client asked for: that of the connection, or what proxies which are
    /// trusted say.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        match self.inner.client.get() {
            None => self.inner.connection.scheme(),
            Some(client) => &client.scheme,
        }
    }

    /// Sets who sent the request and by which scheme, where that is not the peer of the connection; it has no effect
    /// once it was set.
    ///
    /// A server does it when it trusts a proxy. A middleware can where the proxy speaks a language of its own.
    pub fn set_client(&self, peer: Peer, scheme: Scheme) {
        self.inner
            .client
            .get_or_init(|| Box::new(Client { peer, scheme }));
    }

    /// Returns when the request head was complete.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.inner.started
    }

    /// Returns how many requests came by this connection before this one.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.inner.sequence
    }

    /// Returns the id of the request: 16 random bytes, printed as 32 hexadecimal digits.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        // One draw of randomness per connection; an odd multiplier keeps the ids of one connection apart.
        let step =
            u128::from(self.inner.sequence).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        RequestId(self.inner.connection.id().wrapping_add(step))
    }

    /// Returns the trace context: the one that [`set_trace`](Self::set_trace) set, or a new one made of the request id.
    #[must_use]
    pub fn trace(&self) -> TraceContext {
        let made = || TraceContext::from_id(self.request_id());
        *self.lock().trace.get_or_insert_with(made)
    }

    /// Sets the trace context that came with the request; it has no effect once one was set or read.
    pub fn set_trace(&self, trace: TraceContext) {
        self.lock().trace.get_or_insert(trace);
    }

    /// Returns what the `tracestate` fields said that came with the trace context, as one line; `None` when there was nothing.
    #[must_use]
    pub fn trace_state(&self) -> Option<HeaderValue> {
        self.get::<TraceState>().map(|state| state.0)
    }

    /// Sets what those who took part in the trace before have noted of it: it goes on unchanged with the trace context, in
    /// outgoing calls (W3C Trace Context, level 1, §3.3 and §3.5).
    pub fn set_trace_state(&self, state: HeaderValue) {
        self.insert(TraceState(state));
    }

    /// Returns the pattern of the route that serves the request, such as `/resources/{id}`.
    #[must_use]
    pub fn route(&self) -> Option<Arc<str>> {
        self.lock().route.clone()
    }

    /// Sets the pattern of the route. The router writes it once; access log and counters read it.
    pub fn set_route(&self, route: &Arc<str>) {
        self.lock().route = Some(Arc::clone(route));
    }

    /// Returns the number of the route that serves the request, by which [`Service::describe_route`] knows it.
    ///
    /// [`Service::describe_route`]: crate::Service::describe_route
    #[must_use]
    pub fn route_number(&self) -> Option<u32> {
        let number = self.inner.route_number.load(Ordering::Relaxed);
        number.checked_sub(1)
    }

    /// Sets the number of the route. The router writes it once, with the pattern; counters and watchdog read it when the
    /// service has been called.
    pub fn set_route_number(&self, number: u32) {
        let number = number.saturating_add(1);
        self.inner.route_number.store(number, Ordering::Relaxed);
    }

    /// Returns when the answer is due; `None` when there is no deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.lock().deadline
    }

    /// Returns how much time is left until the deadline: zero when it has passed, `None` when there is none.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Moves the deadline to `at` unless it is already earlier.
    pub fn shorten_deadline(&self, at: Instant) {
        let deadline = &mut self.lock().deadline;
        *deadline = Some(deadline.map_or(at, |earlier| earlier.min(at)));
    }

    /// Returns the least average rate of this request's bodies in bytes per second: `None` is the server's own limit,
    /// `Some(None)` any rate.
    #[must_use]
    pub fn min_rate(&self) -> Option<Option<u32>> {
        let set = self.inner.min_rate.load(Ordering::Relaxed);
        // The lower half is the rate; 0 allows any.
        (set & RATE_IS_SET != 0).then(|| Some(set as u32).filter(|&rate| rate > 0))
    }

    /// Sets the least average rate of this request's bodies in bytes per second, instead of the server's own limit.
    /// `None` and 0 allow any rate.
    ///
    /// The server looks once, when its service has been called: a router sets it there, a handler comes too late.
    pub fn set_min_rate(&self, bytes_per_second: impl Into<Option<u32>>) {
        let rate = u64::from(bytes_per_second.into().unwrap_or(0));
        self.inner
            .min_rate
            .store(RATE_IS_SET | rate, Ordering::Relaxed);
    }

    /// Returns the signal that fires when the server begins to shut down.
    ///
    /// Long-lived answers, such as event streams, await it to end in time.
    #[must_use]
    pub fn shutdown(&self) -> &Signal {
        self.inner.connection.shutdown()
    }

    /// Returns the signal that fires when the client leaves before it has the whole answer.
    ///
    /// A handler whose route is set to finish all the same can await it to stop early at a place of its own choice.
    #[must_use]
    pub fn client_left(&self) -> Signal {
        self.lock().client_left.get_or_insert_default().clone()
    }

    /// Runs `future` to its end even when the client leaves and the handler is dropped; shutdown waits for it.
    ///
    /// # Panics
    ///
    /// Panics when `future` panics, and when called outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Safe: `future` runs on in a task of its own when the returned future is dropped.
    pub async fn protect<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match self.inner.connection.tasks().spawn(future).await {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going away, and this task with it.
                Err(_cancelled) => std::future::pending().await,
            },
        }
    }

    /// Puts `value` beside the request, and returns the value of that type that was there before.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        self.lock().extensions.insert(value)
    }

    /// Returns a clone of the value of type `T` that was put beside the request.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.lock().extensions.get().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.inner
            .shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request_id", &self.request_id())
            .field("peer", self.peer())
            .field("route", &self.route())
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::UnixPeer;

    #[test]
    fn the_client_is_the_peer_unless_it_was_set_once() {
        let context = Context::new(Connection::memory());
        assert_eq!(
            (context.peer(), context.scheme()),
            (&Peer::Memory, &Scheme::HTTP)
        );
        let client = Peer::Unix(UnixPeer::new());
        context.set_client(client.clone(), Scheme::HTTPS);
        context.set_client(Peer::Memory, Scheme::HTTP);
        assert_eq!(
            (context.peer(), context.scheme()),
            (&client, &Scheme::HTTPS)
        );
    }

    #[test]
    fn the_next_request_starts_clean_and_uses_the_memory_again() {
        let mut context = Context::new(Connection::memory());
        let first = context.request_id();
        context.insert("left behind");
        context.set_route(&"/a".into());
        context.shorten_deadline(Instant::now());
        context.set_min_rate(7);
        context.set_route_number(3);
        assert_eq!(context.route_number(), Some(3));
        context.set_client(Peer::Unix(UnixPeer::new()), Scheme::HTTPS);
        let memory = Arc::as_ptr(&context.inner);
        context.advance(Instant::now());
        assert_eq!(memory, Arc::as_ptr(&context.inner));
        assert_ne!(context.request_id(), first);
        assert_eq!(context.get::<&str>(), None);
        assert_eq!((context.min_rate(), context.route_number()), (None, None));
        assert_eq!(
            (context.peer(), context.scheme()),
            (&Peer::Memory, &Scheme::HTTP)
        );
        assert_eq!((context.route(), context.deadline()), (None, None));
    }

    #[test]
    fn a_context_that_somebody_still_holds_is_left_alone() {
        let mut context = Context::new(Connection::memory());
        context.insert(1_u8);
        let held = context.clone();
        context.advance(Instant::now());
        assert_eq!(held.get::<u8>(), Some(1));
        assert_eq!(context.get::<u8>(), None);
    }

    #[test]
    fn a_deadline_is_only_ever_shortened() {
        let context = Context::new(Connection::memory());
        let now = Instant::now();
        context.shorten_deadline(now + Duration::from_secs(1));
        context.shorten_deadline(now + Duration::from_secs(2));
        assert_eq!(context.deadline(), Some(now + Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn protected_work_survives_its_caller() {
        let context = Context::new(Connection::memory());
        let gate = Signal::new();
        let done = Signal::new();
        {
            let (gate, done) = (gate.clone(), done.clone());
            let mut work = Box::pin(context.protect(async move {
                gate.fired().await;
                done.fire();
            }));
            tokio::select! {
                biased;
                () = &mut work => unreachable!("the gate is shut"),
                () = tokio::task::yield_now() => {}
            }
        }
        assert_eq!(context.connection().tasks().running(), 1);
        gate.fire();
        context.connection().tasks().idle().await;
        assert!(done.is_fired());
    }
}
