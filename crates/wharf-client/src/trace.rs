//! What an observer sees of one call: [`Observer`], [`Event`]; and [`Timing`], what each phase took.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Extensions, HeaderMap, Method, StatusCode, Uri};
use tokio::time::Instant;

use crate::Error;
use crate::connect::Target;
use crate::response::Arrival;

/// Sees what happens to the calls of a client, as it happens.
///
/// It is called on the task that makes the call (body events: on the one that reads or sends the body), so it has to return
/// soon. It cannot change anything; that is what middleware is for.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
/// use wharf_client::trace::{Call, Event, Observer};
///
/// /// Counts connections that were opened.
/// #[derive(Default)]
/// struct Opened(AtomicUsize);
///
/// impl Observer for Opened {
///     fn on_event(&self, _call: &Call, event: &Event<'_>) {
///         if let Event::ConnectEnded { result: Ok(_), .. } = event {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Takes note of one event of one call.
    fn on_event(&self, call: &Call, event: &Event<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn on_event(&self, call: &Call, event: &Event<'_>) {
        (**self).on_event(call, event);
    }
}

/// One thing that happened to a call.
///
/// A call begins with `RequestStarted` and ends with `RequestEnded` or `RequestFailed`, unless its future is dropped. What
/// lies between comes once per hop and attempt. Of the body, what was not needed before follows after `RequestEnded`, up to
/// `BodyEnded`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request is about to be sent: the first of a call.
    #[non_exhaustive]
    RequestStarted {
        /// Its method.
        method: &'a Method,
        /// Its absolute URI. The query may hold secrets.
        uri: &'a Uri,
        /// Its header fields; those that hold secrets are marked as sensitive.
        headers: &'a HeaderMap,
    },
    /// No connection is free, and none may be opened: the call waits for its turn.
    #[non_exhaustive]
    QueueStarted {
        /// Where it is to go.
        target: &'a Target,
    },
    /// The turn of a call that waited has come.
    #[non_exhaustive]
    QueueEnded {
        /// Where it is to go.
        target: &'a Target,
        /// How long it waited.
        waited: Duration,
    },
    /// A name is not in the cache.
    #[non_exhaustive]
    DnsCacheMiss {
        /// The name.
        host: &'a str,
    },
    /// The addresses of a name are in the cache, or a look-up that is running already is joined.
    #[non_exhaustive]
    DnsCacheHit {
        /// The name.
        host: &'a str,
    },
    /// A name is looked up.
    #[non_exhaustive]
    DnsStarted {
        /// The name.
        host: &'a str,
    },
    /// A look-up has ended.
    #[non_exhaustive]
    DnsEnded {
        /// The name.
        host: &'a str,
        /// What the call goes on with: what was found, or found earlier; empty when there is nothing.
        addresses: &'a [IpAddr],
    },
    /// A new connection is opened: name look-up, TCP, proxy and TLS follow.
    #[non_exhaustive]
    ConnectStarted {
        /// Where it leads.
        target: &'a Target,
    },
    /// The TLS handshake begins.
    #[non_exhaustive]
    TlsStarted {
        /// Where the connection leads.
        target: &'a Target,
    },
    /// The TLS handshake is done.
    #[non_exhaustive]
    TlsEnded {
        /// Where the connection leads.
        target: &'a Target,
    },
    /// A connection is open, or could not be opened.
    #[non_exhaustive]
    ConnectEnded {
        /// Where it leads.
        target: &'a Target,
        /// The address of the other end where it has one, or why there is no connection.
        result: Result<Option<SocketAddr>, &'a Error>,
    },
    /// A kept connection is used again.
    #[non_exhaustive]
    ConnectionReused {
        /// Where it leads.
        target: &'a Target,
    },
    /// The request head is on its way.
    #[non_exhaustive]
    HeadersSent {
        /// The method as sent.
        method: &'a Method,
        /// The absolute URI of this hop. The query may hold secrets.
        uri: &'a Uri,
        /// The header fields as sent; those that hold secrets are marked as sensitive.
        headers: &'a HeaderMap,
    },
    /// A piece of the request body was handed to the connection.
    #[non_exhaustive]
    ChunkSent {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A piece of the response body was handed to the reader, as it came over the connection (not yet decoded).
    #[non_exhaustive]
    ChunkReceived {
        /// Its length in bytes.
        bytes: usize,
    },
    /// A response body was read to its end, broke off, or is read no further. There is one such event for each response that
    /// came over a connection; for one without a body it comes before `RequestEnded`.
    #[non_exhaustive]
    BodyEnded {
        /// How many bytes have come over the connection (not yet decoded).
        bytes: u64,
        /// Whether these are all.
        whole: bool,
    },
    /// A redirect is about to be followed.
    #[non_exhaustive]
    Redirected {
        /// The status of the response that asked for it.
        status: StatusCode,
        /// Its header fields.
        headers: &'a HeaderMap,
        /// Where it leads.
        to: &'a Uri,
    },
    /// A request is sent once more.
    #[non_exhaustive]
    Retried {
        /// How many times it was sent already.
        attempts: u32,
        /// How long the client waits before.
        after: Duration,
    },
    /// The response head of the last hop is there.
    #[non_exhaustive]
    RequestEnded {
        /// The status.
        status: StatusCode,
        /// The header fields.
        headers: &'a HeaderMap,
    },
    /// The call has failed.
    #[non_exhaustive]
    RequestFailed {
        /// Why.
        error: &'a Error,
    },
}

/// One call of a client, from [`send`](crate::RequestBuilder::send) to the last byte of the response. Cheap to clone.
///
/// What an observer puts in with [`insert`](Self::insert) stays with the call, so that a later event finds it.
#[derive(Clone)]
pub struct Call {
    inner: Arc<Inner>,
}

struct Inner {
    started: Instant,
    /// Whether a request of it has set out.
    under_way: AtomicBool,
    observers: Arc<[Arc<dyn Observer>]>,
    extensions: Mutex<Extensions>,
    timing: Mutex<Timing>,
    arrival: Mutex<Option<Arrival>>,
}

impl Call {
    pub(crate) fn new(observers: Arc<[Arc<dyn Observer>]>, extensions: Extensions) -> Self {
        Self {
            inner: Arc::new(Inner {
                started: Instant::now(),
                under_way: AtomicBool::new(false),
                observers,
                extensions: Mutex::new(extensions),
                timing: Mutex::default(),
                arrival: Mutex::default(),
            }),
        }
    }

    /// Returns when the call began.
    #[must_use]
    pub fn started(&self) -> std::time::Instant {
        self.inner.started.into_std()
    }

    /// Returns how long ago the call began, on the clock of the runtime.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.inner.started.elapsed()
    }

    /// Keeps a value with the call; the earlier one of its type is returned.
    ///
    /// The extensions of the request are there from the beginning.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        self.extensions().insert(value)
    }

    /// Returns a copy of a value that is kept with the call.
    #[must_use]
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.extensions().get().cloned()
    }

    fn extensions(&self) -> std::sync::MutexGuard<'_, Extensions> {
        let lock = self.inner.extensions.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether anybody looks on.
    pub(crate) fn is_observed(&self) -> bool {
        !self.inner.observers.is_empty()
    }

    /// Shows an event to everybody who looks on.
    pub(crate) fn notify(&self, event: &Event<'_>) {
        for observer in self.inner.observers.iter() {
            observer.on_event(self, event);
        }
    }

    /// Returns what the phases have taken so far.
    pub(crate) fn timing(&self) -> Timing {
        let timing = self.inner.timing.lock();
        *timing.unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to what a phase has taken.
    pub(crate) fn time(&self, change: impl FnOnce(&mut Timing)) {
        let timing = self.inner.timing.lock();
        change(&mut timing.unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns when a request of the call sets out: the first of them with the call.
    pub(crate) fn sets_out(&self) -> Instant {
        if self.inner.under_way.load(Ordering::Relaxed) {
            return Instant::now();
        }
        self.inner.under_way.store(true, Ordering::Relaxed);
        self.inner.started
    }

    /// The head of a response has come to the request that was sent at `sent`, or none will.
    pub(crate) fn is_answered(&self, sent: Instant) {
        let now = Instant::now();
        self.time(|timing| {
            timing.head += now.saturating_duration_since(sent);
            timing.total = now.saturating_duration_since(self.inner.started);
        });
    }

    /// Keeps how the last response came; `None` takes what was kept. The earlier one is returned.
    pub(crate) fn arrive(&self, arrival: Option<Arrival>) -> Option<Arrival> {
        let kept = self.inner.arrival.lock();
        std::mem::replace(&mut *kept.unwrap_or_else(PoisonError::into_inner), arrival)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("elapsed", &self.elapsed())
            .field("timing", &self.timing())
            .finish_non_exhaustive()
    }
}

/// What the phases of a call took, redirects and repetitions added up. Zero for a phase that did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    pub(crate) queue: Duration,
    pub(crate) dns: Duration,
    pub(crate) connect: Duration,
    pub(crate) tls: Duration,
    pub(crate) head: Duration,
    pub(crate) total: Duration,
}

impl Timing {
    /// Returns how long the call waited for its turn in the pool.
    #[must_use]
    pub fn queue(&self) -> Duration {
        self.queue
    }

    /// Returns how long looking up names took.
    #[must_use]
    pub fn dns(&self) -> Duration {
        self.dns
    }

    /// Returns how long opening connections took: TCP and the proxy, without names and TLS.
    #[must_use]
    pub fn connect(&self) -> Duration {
        self.connect
    }

    /// Returns how long TLS handshakes took.
    #[must_use]
    pub fn tls(&self) -> Duration {
        self.tls
    }

    /// Returns how long it took from the first byte of a request to the head of its response.
    #[must_use]
    pub fn head(&self) -> Duration {
        self.head
    }

    /// Returns how long it took from the call to the response head, all of the above and everything between.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }
}
