//! [`Journal`]: what the server's side did for each request of a test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use http::{HeaderMap, Method, Uri};
use wharf_client::trace::{Call, Event, Observer};
use wharf_http::context::RequestId;
use wharf_http::error::ErrorLog;
use wharf_http::{Context, Request};
use wharf_server::AccessLog;

/// The accounts of the requests that one client has sent to one service. Cheap to clone.
///
/// The two ends are joined by method and target, in the order of sending, and nothing is added to what goes over the wire.
/// Requests that are the same and run at the same time may get each other's account, which only shows in messages.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// Sent, and not seen by the service yet.
    sent: Vec<(Method, String, Weak<Mutex<Account>>)>,
    seen: HashMap<RequestId, Weak<Mutex<Account>>>,
}

/// What the server's side did for one request.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Which route has served it, such as `GET /ships/{id} (handler ships::show)`.
    pub(crate) route: Option<String>,
    /// The lines of its logs.
    pub(crate) lines: Vec<String>,
    ended: bool,
}

/// A request as it was sent, and what the server's side did for it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    account: Arc<Mutex<Account>>,
}

impl Sent {
    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        locked(&self.account)
    }
}

/// The requests of one call: those that were redirected or repeated, and the last one. Cheap to clone.
///
/// It travels with a request as an extension, up to the observer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    sent: Arc<Mutex<Vec<Arc<Sent>>>>,
}

impl Trail {
    /// Returns the last request, once it was sent.
    pub(crate) fn last(&self) -> Option<Arc<Sent>> {
        locked(&self.sent).last().cloned()
    }
}

impl Journal {
    /// Gives `log` a copy of each line.
    pub(crate) fn errors(&self, log: ErrorLog) -> ErrorLog {
        let journal = self.clone();
        log.also(move |line| journal.add_error(line))
    }

    /// Gives `log` a copy of each line.
    pub(crate) fn requests(&self, log: AccessLog) -> AccessLog {
        let journal = self.clone();
        log.also(move |context, line| {
            if let Some(account) = journal.seen(context.request_id()) {
                locked(&account).lines.push(line.to_owned());
            }
        })
    }

    /// Begins the account of a request that the service was given; `None` when no test asks for it.
    pub(crate) fn begin(&self, request: &Request, context: &Context) -> Option<Entry> {
        let target = request.uri().path_and_query().map_or("/", |it| it.as_str());
        let mut inner = locked(&self.inner);
        inner
            .sent
            .retain(|(_, _, account)| account.strong_count() > 0);
        inner.seen.retain(|_, account| account.strong_count() > 0);
        let place = inner
            .sent
            .iter()
            .position(|(method, sent, _)| method == request.method() && sent == target)?;
        let (_, _, account) = inner.sent.remove(place);
        let account = account.upgrade()?;
        let weak = Arc::downgrade(&account);
        inner.seen.insert(context.request_id(), weak);
        Some(Entry { account })
    }

    fn seen(&self, id: RequestId) -> Option<Arc<Mutex<Account>>> {
        locked(&self.inner).seen.get(&id)?.upgrade()
    }

    fn add_error(&self, line: &str) {
        let seen: Vec<_> = {
            let inner = locked(&self.inner);
            let seen = inner.seen.iter();
            seen.filter_map(|(id, account)| Some((id.to_string(), account.upgrade()?)))
                .collect()
        };
        // Most lines name their request. Others belong to whatever was running.
        let named: Vec<_> = seen.iter().filter(|(id, _)| line.contains(id)).collect();
        if let [(_, account)] = named.as_slice() {
            locked(account).lines.push(line.to_owned());
            return;
        }
        for (_, account) in &seen {
            let mut account = locked(account);
            if !account.ended {
                account.lines.push(line.to_owned());
            }
        }
    }
}

impl Observer for Journal {
    fn on_event(&self, call: &Call, event: &Event<'_>) {
        let Event::HeadersSent {
            method,
            uri,
            headers,
            ..
        } = event
        else {
            return;
        };
        let Some(trail) = call.get::<Trail>() else {
            return;
        };
        let account = Arc::default();
        let target = uri.path_and_query().map_or("/", |it| it.as_str());
        let (method, target) = (Method::clone(method), target.to_owned());
        let waiting = (method.clone(), target, Arc::downgrade(&account));
        locked(&self.inner).sent.push(waiting);
        locked(&trail.sent).push(Arc::new(Sent {
            method,
            uri: Uri::clone(uri),
            headers: HeaderMap::clone(headers),
            account,
        }));
    }
}

/// The account of a request that is running.
pub(crate) struct Entry {
    account: Arc<Mutex<Account>>,
}

impl Entry {
    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        locked(&self.account)
    }

    /// Returns what adds lines to the account.
    #[cfg(feature = "tracing")]
    pub(crate) fn lines(&self) -> impl Fn(String) + Send + Sync + use<> {
        let account = Arc::downgrade(&self.account);
        move |line| {
            if let Some(account) = account.upgrade() {
                locked(&account).lines.push(line);
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.account().ended = true;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
