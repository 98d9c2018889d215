//! [`Sessions`]: the middleware, and where sessions are kept and for how long.

use std::any::type_name;
use std::fmt;
use std::future::Ready;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wharf_http::{Middleware, Request, Response};

use super::cookie::CookieSettings;
use super::seal::Seal;
use super::settings::{Backend, Settings};
use super::visit::Visit;
use super::{Keys, SameSite, SessionData, SessionStore};
use crate::middleware::{IntoMiddleware, Layer, Next, Served};

/// Sessions of one type: a middleware with which handlers have [`Session`](super::Session).
///
/// Wrapped around an app, a mounted app or a route. For a request whose handler does not ask, nothing is read, checked or sent; a
/// visitor of whom nothing is kept gets no cookie.
///
/// # The cookie
///
/// `__Host-session`, with `Secure`, `HttpOnly`, `SameSite=Lax` and `Path=/`: it goes over TLS, to this host alone, unseen by scripts,
/// and not with what other sites send but links to here. A cookie that was changed, is too long, or whose session is not known or has
/// ended is an empty session and a line of the log, never an error. The browser is not told to forget it: another answer may have put a
/// new one in its place meanwhile. It brings the old one, with a line of the log each time, until there is something to keep or
/// [`destroy`](super::Session::destroy) is called.
///
/// # Caches
///
/// An answer whose handler has asked for the session has `Vary: Cookie`, and `Cache-Control: private` unless it says something else.
/// One that sets the cookie has `no-store`, unless it has that or `private`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use serde::{Deserialize, Serialize};
/// use wharf_core::App;
/// use wharf_core::session::{MemoryStore, Sessions};
///
/// #[derive(Clone, Default, Serialize, Deserialize)]
/// struct Visitor {
///     user: Option<u64>,
/// }
///
/// let sessions = Sessions::<Visitor>::new(MemoryStore::new(100_000))
///     .idle(Duration::from_secs(30 * 60))
///     .absolute(Duration::from_secs(12 * 3600));
/// let app = App::new().wrap(sessions);
/// # app.check().unwrap();
/// ```
pub struct Sessions<T> {
    settings: Arc<Settings>,
    data: PhantomData<fn() -> T>,
}

impl<T: SessionData> Sessions<T> {
    /// Keeps sessions in a store; the cookie holds an id of 256 random bits.
    #[must_use]
    pub fn new(store: impl SessionStore) -> Self {
        Self::kept(Backend::Store(Arc::new(store)))
    }

    /// Keeps all of a session in its cookie, which the visitor can read but not change.
    ///
    /// It has to be short: all of the cookie is at most 4,096 bytes, of which some 2,900 are left for the data as JSON. More is
    /// an answer with status 500, and a log line that names the size. Nobody can end such a session before its time.
    #[must_use]
    pub fn signed(keys: &Keys) -> Self {
        Self::kept(Backend::Cookie(Seal::signed(keys)))
    }

    /// Keeps all of a session in its cookie, which nobody can read or change; else as [`signed`](Self::signed).
    #[cfg(feature = "encrypted-sessions")]
    #[cfg_attr(docsrs, doc(cfg(feature = "encrypted-sessions")))]
    #[must_use]
    pub fn encrypted(keys: &Keys) -> Self {
        Self::kept(Backend::Cookie(Seal::encrypted(keys)))
    }

    fn kept(backend: Backend) -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            settings: Arc::new(Settings {
                backend,
                cookie: CookieSettings {
                    name: "session".to_owned(),
                    domain: None,
                    same_site: SameSite::Lax,
                    plain_http: false,
                    until_closed: false,
                },
                idle: Some(day),
                absolute: Some(14 * day),
                data_limit: 64 * 1024,
                store_timeout: Some(Duration::from_secs(5)),
                clock: Arc::new(SystemTime::now),
            }),
            data: PhantomData,
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Sets how long a session lasts that no handler asks for.
    ///
    /// A session in use is not written each time, but when a quarter of this has passed since it was: one that is left may
    /// end that much earlier. Counted in whole seconds, at least one.
    ///
    /// Default: a day. `None` leaves it to [`absolute`](Self::absolute).
    #[must_use]
    pub fn idle(self, time: impl Into<Option<Duration>>) -> Self {
        self.set(|settings| settings.idle = time.into())
    }

    /// Sets how long a session lasts at most, from its beginning or the last [`sign_in`](super::Session::sign_in).
    ///
    /// Default: 14 days. `None` lets one that is in use go on. Without either time it is 400 days.
    #[must_use]
    pub fn absolute(self, time: impl Into<Option<Duration>>) -> Self {
        self.set(|settings| settings.absolute = time.into())
    }

    /// Sets the name of the cookie, without the prefix: `__Host-` is put in front, or `__Secure-` with a
    /// [`domain`](Self::domain).
    ///
    /// Default: `session`. Two `Sessions` of one app need different names.
    #[must_use]
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        self.set(|settings| settings.cookie.name = name.into())
    }

    /// Sets the domain whose hosts all get the cookie; any of them can set it then, too.
    ///
    /// Default: none, and this host alone gets it.
    #[must_use]
    pub fn domain(self, domain: impl Into<String>) -> Self {
        self.set(|settings| settings.cookie.domain = Some(domain.into()))
    }

    /// Sets which requests that other sites make carry the cookie.
    ///
    /// Default: [`SameSite::Lax`]. With [`SameSite::Strict`] who follows a link to here arrives without a session.
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        self.set(|settings| settings.cookie.same_site = same_site)
    }

    /// Sets whether the browser forgets the cookie when it is closed.
    ///
    /// Default: `false`, it is kept for as long as the session lasts. Many browsers bring such cookies back after a restart.
    #[must_use]
    pub fn until_closed(self, on: bool) -> Self {
        self.set(|settings| settings.cookie.until_closed = on)
    }

    /// Sets whether the cookie also goes over connections that anybody on the way can read: without `Secure`, and without a prefix
    /// to its name, which hosts of the same domain cannot forge.
    ///
    /// For trying an app at `http://localhost` in browsers that keep `Secure` cookies from it. Default: `false`.
    #[must_use]
    pub fn dangerous_over_plain_http(self, on: bool) -> Self {
        self.set(|settings| settings.cookie.plain_http = on)
    }

    /// Sets how many bytes a session may have in a store, as JSON. More is an answer with status 500.
    ///
    /// Default: 64 KiB. For cookies the limit is 4,096 bytes in all, and fixed.
    #[must_use]
    pub fn data_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.data_limit = bytes)
    }

    /// Sets how long one call of the store may take; then the request is answered 503.
    ///
    /// Default: 5 seconds. `None` waits for as long as the request may take.
    #[must_use]
    pub fn store_timeout(self, time: impl Into<Option<Duration>>) -> Self {
        self.set(|settings| settings.store_timeout = time.into())
    }

    /// Sets what tells the time by which sessions end, for tests.
    ///
    /// Default: the time of the system, which all instances and restarts share.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.clock = Arc::new(clock))
    }
}

impl<T> Clone for Sessions<T> {
    fn clone(&self) -> Self {
        Self {
            settings: Arc::clone(&self.settings),
            data: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Sessions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Marks [`Sessions`] among what can be wrapped around an app.
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaSessions {}

impl<T: SessionData> IntoMiddleware<ViaSessions> for Sessions<T> {
    type Output = Response;
    type Future = Ready<Response>;
    type Arguments = ();

    fn into_layer(self) -> Layer {
        Layer::named(type_name::<Self>(), Visits(self)).provides::<Self>()
    }
}

/// The middleware itself: a type that is one cannot say what it provides.
struct Visits<T>(Sessions<T>);

impl<T: SessionData> Middleware<Served> for Visits<T> {
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        let visit = Arc::new(Visit::<T>::new(&self.0.settings));
        request.extensions_mut().insert(Slot(Arc::clone(&visit)));
        let response = next.run(request).await;
        visit.finish(response).await
    }

    fn problem(&self) -> Option<String> {
        self.0.settings.problem()
    }
}

/// Where the extractor finds the visit.
pub(super) struct Slot<T>(pub(super) Arc<Visit<T>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
