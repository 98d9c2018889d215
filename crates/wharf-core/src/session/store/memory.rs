//! [`MemoryStore`]: sessions that end with the process.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use wharf_http::BoxError;

use super::{Replaced, SessionStore, Stored};
use crate::session::SessionKey;

/// Keeps sessions in memory: for one instance, and until it ends. Cheap to clone; clones share the sessions.
///
/// There is no task that clears up: whoever puts in a session takes out those whose time is over, which wait in its order. Beyond
/// the number, the session whose time is over first has to go, and its visitor is signed out.
///
/// # Examples
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wharf_core::session::{MemoryStore, Sessions};
///
/// #[derive(Clone, Default, Serialize, Deserialize)]
/// struct Visitor {
///     name: Option<String>,
/// }
///
/// let store = MemoryStore::new(10_000);
/// let app = wharf_core::App::new().wrap(Sessions::<Visitor>::new(store.clone()));
/// assert_eq!(store.len(), 0);
/// # app.check().unwrap();
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    shelf: Arc<Mutex<Shelf>>,
    most: usize,
}

#[derive(Default)]
struct Shelf {
    entries: HashMap<SessionKey, Entry>,
    /// Keys by the end of their time, and a number for those that end at once.
    ends: BTreeMap<(Instant, u64), SessionKey>,
    last_number: u64,
}

struct Entry {
    stored: Stored,
    end: (Instant, u64),
}

impl MemoryStore {
    /// Creates a store for at most that many sessions; 0 is taken for 1.
    ///
    /// A session takes what is put into it, at most
    /// [`data_limit`](crate::session::Sessions::data_limit) bytes, and some 300 bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            shelf: Arc::default(),
            most: most.max(1),
        }
    }

    /// Returns how many sessions there are whose time is not over.
    #[must_use]
    pub fn len(&self) -> usize {
        let now = (Instant::now(), u64::MAX);
        self.shelf().ends.range(now..).count()
    }

    /// Tells whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all sessions: every visitor is signed out.
    pub fn clear(&self) {
        *self.shelf() = Shelf::default();
    }

    /// Asserts that every session is there once, and will be cleared up.
    #[cfg(test)]
    pub(crate) fn assert_consistent(&self) {
        let shelf = self.shelf();
        assert_eq!(shelf.entries.len(), shelf.ends.len());
        for (end, key) in &shelf.ends {
            assert_eq!(shelf.entries[key].end, *end);
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing that is done under the lock panics half-way.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// Puts in an entry, in place of one that is there.
    fn put(&mut self, key: &SessionKey, stored: Stored, keep: Duration) {
        self.take(key);
        let now = Instant::now();
        self.last_number += 1;
        // What would end beyond the end of time ends after a century.
        let century = Duration::from_secs(100 * 365 * 86_400);
        let end = now + keep.min(century);
        let end = (end, self.last_number);
        self.ends.insert(end, key.clone());
        self.entries.insert(key.clone(), Entry { stored, end });
    }

    fn take(&mut self, key: &SessionKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.ends.remove(&entry.end);
        }
    }

    /// Returns an entry whose time is not over.
    fn get(&self, key: &SessionKey) -> Option<&Stored> {
        let entry = self.entries.get(key)?;
        (entry.end.0 > Instant::now()).then_some(&entry.stored)
    }

    /// Takes out what is over, and what is over first until there is room for one more.
    fn make_room(&mut self, most: usize) {
        let now = Instant::now();
        while let Some(first) = self.ends.first_entry() {
            if first.key().0 > now && self.entries.len() < most {
                return;
            }
            let key = first.remove();
            self.entries.remove(&key);
        }
    }
}

impl SessionStore for MemoryStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Stored>, BoxError> {
        Ok(self.shelf().get(key).cloned())
    }

    async fn insert(&self, key: &SessionKey, data: Bytes, keep: Duration) -> Result<(), BoxError> {
        let mut shelf = self.shelf();
        shelf.make_room(self.most);
        shelf.put(key, Stored::new(1, data), keep);
        Ok(())
    }

    async fn replace(
        &self,
        key: &SessionKey,
        version: u64,
        data: Bytes,
        keep: Duration,
    ) -> Result<Replaced, BoxError> {
        let mut shelf = self.shelf();
        match shelf.get(key) {
            None => Ok(Replaced::Gone),
            Some(stored) if stored.version != version => Ok(Replaced::Changed),
            Some(_) => {
                shelf.put(key, Stored::new(version + 1, data), keep);
                Ok(Replaced::Done)
            }
        }
    }

    async fn remove(&self, key: &SessionKey) -> Result<(), BoxError> {
        self.shelf().take(key);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
