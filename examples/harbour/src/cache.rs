//! What was read or written lately, kept beside the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, interval};
use wharf::{Cleanup, Setup};

use crate::config::Config;
use crate::resource::Resource;
use crate::store::Answer;

/// A cache as handlers take it: `State<SharedCache>`.
pub type SharedCache = Arc<dyn Cache>;

/// Keeps resources for a while. It may forget any of them at any time.
pub trait Cache: Send + Sync + 'static {
    /// Returns the resource with this id, if it is still known.
    fn find(&self, id: i64) -> Answer<'_, Option<Resource>>;

    /// Keeps a resource in the place of the one with its id.
    fn keep(&self, resource: Resource) -> Answer<'_, ()>;

    /// Forgets the resource with this id.
    fn forget(&self, id: i64) -> Answer<'_, ()>;

    /// Gives back the memory of what is too old to be found. By default nothing, for caches that do it themselves.
    fn sweep(&self) {}
}

/// Provides the cache.
///
/// # Errors
///
/// That no configuration was provided before.
pub async fn open_cache(setup: Setup) -> wharf::Result<impl Cleanup> {
    let config = setup.state::<Config>()?;
    let cache: SharedCache = Arc::new(MemoryCache::new(config.cache_age));
    setup.provide(cache);
    Ok(())
}

/// Sweeps the cache until harbour shuts down: a background task.
///
/// # Errors
///
/// That no cache was provided before.
pub async fn sweep_cache(setup: Setup) -> wharf::Result<()> {
    let cache = setup.state::<SharedCache>()?;
    let mut ticks = interval(Duration::from_secs(10));
    loop {
        ticks.tick().await;
        cache.sweep();
    }
}

/// A cache in the memory of this process.
///
/// It bounds how long harbour may answer what is no longer true: another process may have written to the same database, or a
/// slow read may have kept what a write has changed meanwhile.
#[derive(Debug)]
pub struct MemoryCache {
    age: Duration,
    entries: Mutex<HashMap<i64, Entry>>,
}

#[derive(Debug)]
struct Entry {
    kept: Instant,
    resource: Resource,
}

impl MemoryCache {
    /// Creates a cache that forgets what it has kept for `age`.
    #[must_use]
    pub fn new(age: Duration) -> Self {
        Self {
            age,
            entries: Mutex::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<i64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache for MemoryCache {
    fn find(&self, id: i64) -> Answer<'_, Option<Resource>> {
        Box::pin(async move {
            let entries = self.entries();
            let entry = entries
                .get(&id)
                .filter(|entry| entry.kept.elapsed() < self.age);
            Ok(entry.map(|entry| entry.resource.clone()))
        })
    }

    fn keep(&self, resource: Resource) -> Answer<'_, ()> {
        Box::pin(async move {
            let kept = Instant::now();
            self.entries().insert(resource.id, Entry { kept, resource });
            Ok(())
        })
    }

    fn forget(&self, id: i64) -> Answer<'_, ()> {
        Box::pin(async move {
            self.entries().remove(&id);
            Ok(())
        })
    }

    fn sweep(&self) {
        self.entries()
            .retain(|_, entry| entry.kept.elapsed() < self.age);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crane() -> Resource {
        let name = String::from("crane").try_into().unwrap();
        Resource {
            id: 1,
            name,
            note: String::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_old_is_not_found_and_swept_away() {
        let cache = MemoryCache::new(Duration::from_secs(60));
        cache.keep(crane()).await.unwrap();
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(cache.find(1).await.unwrap(), Some(crane()));
        cache.sweep();
        assert_eq!(cache.entries().len(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cache.find(1).await.unwrap(), None);
        cache.sweep();
        assert_eq!(cache.entries().len(), 0);
    }
}
