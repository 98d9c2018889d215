//! [`SessionStore`]: where sessions are kept, if not in cookies.

mod file;
mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(test)]
mod tests;

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis::RedisStore;
pub use file::FileStore;
pub use memory::MemoryStore;

use std::time::Duration;

use bytes::Bytes;
use wharf_http::{BoxError, BoxFuture};

use super::SessionKey;

/// Keeps sessions, which are opaque bytes under a key, each for a time.
///
/// Called from many tasks at once. A version, which the store counts, tells whether a session is still what it was when it was
/// loaded; a store that cannot compare and set at once may do the one after the other, and then the last of two writes counts.
///
/// The time is for clearing up: whether a session has ended is decided by what is in it. A store may forget a session earlier,
/// which signs its visitor out, and should not give out one later.
///
/// # Cancel safety
///
/// A call that is dropped may have done its work or not, and must have done no half of it.
///
/// # Examples
///
/// One that asks for an `https` API would look like this one, which asks a map:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use wharf_core::BoxError;
/// use wharf_core::session::{Replaced, SessionKey, SessionStore, Stored};
///
/// #[derive(Default)]
/// struct Shelf(Mutex<HashMap<SessionKey, (u64, Bytes)>>);
///
/// impl SessionStore for Shelf {
///     async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, BoxError> {
///         let shelf = self.0.lock().map_err(|_| "poisoned")?;
///         Ok(shelf.get(key).map(|(version, data)| Stored::new(*version, data.clone())))
///     }
///
///     async fn insert(&self, key: &SessionKey, data: Bytes, _: Duration) -> Result<(), BoxError> {
///         self.0.lock().map_err(|_| "poisoned")?.insert(key.clone(), (1, data));
///         Ok(())
///     }
///
///     async fn replace(
///         &self,
///         key: &SessionKey,
///         version: u64,
///         data: Bytes,
///         _: Duration,
///     ) -> Result<Replaced, BoxError> {
///         match self.0.lock().map_err(|_| "poisoned")?.get_mut(key) {
///             None => Ok(Replaced::Gone),
///             Some(stored) if stored.0 != version => Ok(Replaced::Changed),
///             Some(stored) => {
///                 *stored = (version + 1, data);
///                 Ok(Replaced::Done)
///             }
///         }
///     }
///
///     async fn remove(&self, key: &SessionKey) -> Result<(), BoxError> {
///         self.0.lock().map_err(|_| "poisoned")?.remove(key);
///         Ok(())
///     }
/// }
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// Gives a session; `None` when there is none, or its time is over.
    ///
    /// # Errors
    ///
    /// Why nobody can say: the request is answered 503.
    fn load(
        &self,
        key: &SessionKey,
    ) -> impl Future<Output = Result<Option<Stored>, BoxError>> + Send;

    /// Puts in a session under a key that no other one had, to be kept for a time.
    ///
    /// # Errors
    ///
    /// Why it is not kept: the request is answered 503.
    fn insert(
        &self,
        key: &SessionKey,
        data: Bytes,
        keep: Duration,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Puts `data` in the place of what is there, if that has the version that was loaded; it is kept for `keep` from now.
    ///
    /// # Errors
    ///
    /// Why it may not be kept: the request is answered 503.
    fn replace(
        &self,
        key: &SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> impl Future<Output = Result<Replaced, BoxError>> + Send;

    /// Takes out a session, if there is one.
    ///
    /// # Errors
    ///
    /// Why it may still be there: the request is answered 503.
    fn remove(&self, key: &SessionKey) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// What a store gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    version: u64,
    data: Bytes,
}

impl Stored {
    /// Takes a session as it was put in, and its version, which is another one after each write.
    #[must_use]
    pub fn new(version: u64, data: impl Into<Bytes>) -> Self {
        Self {
            version,
            data: data.into(),
        }
    }

    /// Returns the version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns what was put in.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replaced {
    /// It is written.
    Done,
    /// It is not, because another one was faster: the version is not the one that was loaded.
    Changed,
    /// It is not, because the session is not there any more.
    Gone,
}

/// A store behind a pointer.
pub(super) trait Erased: Send + Sync {
    fn load<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<Option<Stored>, BoxError>>;
    fn insert<'a>(
        &'a self,
        key: &'a SessionKey,
        data: Bytes,
        keep: Duration,
    ) -> BoxFuture<'a, Result<(), BoxError>>;
    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> BoxFuture<'a, Result<Replaced, BoxError>>;
    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<(), BoxError>>;
}

impl<S: SessionStore> Erased for S {
    fn load<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<Option<Stored>, BoxError>> {
        Box::pin(SessionStore::load(self, key))
    }

    fn insert<'a>(
        &'a self,
        key: &'a SessionKey,
        data: Bytes,
        keep: Duration,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(SessionStore::insert(self, key, data, keep))
    }

    fn replace<'a>(
        &'a self,
        key: &'a SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> BoxFuture<'a, Result<Replaced, BoxError>> {
        Box::pin(SessionStore::replace(self, key, version, data, keep))
    }

    fn remove<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(SessionStore::remove(self, key))
    }
}
