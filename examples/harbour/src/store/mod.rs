//! Where resources are kept: the [`Store`] trait, and its implementations on databases.

#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use wharf::http::BoxFuture;
use wharf::{BoxError, Cleanup, Setup};

use crate::config::{Config, Database};
use crate::resource::{Draft, Resource};

/// A store as handlers take it: `State<SharedStore>`.
pub type SharedStore = Arc<dyn Store>;

/// What a storage answers, in its own time.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StorageError>>;

/// Keeps resources. Called from many requests at once.
///
/// Its methods return boxed futures rather than being `async fn`s, so that a store can be chosen at run time.
pub trait Store: Send + Sync + 'static {
    /// Returns at most `limit` resources with ids above `after`, in the order of their ids.
    fn list(&self, after: i64, limit: u32) -> Answer<'_, Vec<Resource>>;

    /// Returns the resource with this id.
    fn find(&self, id: i64) -> Answer<'_, Option<Resource>>;

    /// Keeps a new resource under an id that no other one has had.
    fn create(&self, draft: Draft) -> Answer<'_, Resource>;

    /// Puts a resource in the place of the one with its id; gives back whether there was one.
    fn replace(&self, resource: Resource) -> Answer<'_, bool>;

    /// Removes the resource with this id; gives back whether there was one.
    fn remove(&self, id: i64) -> Answer<'_, bool>;

    /// Closes the store, after the last request.
    fn close(&self) -> Answer<'_, ()>;
}

/// Opens the database before harbour listens, and closes it after the last request.
///
/// # Errors
///
/// Why the database cannot be opened; harbour does not start then.
pub async fn open_store(setup: Setup) -> wharf::Result<impl Cleanup> {
    let config = setup.state::<Config>()?;
    let store: SharedStore = match &config.database {
        Database::Sqlite(path) => Arc::new(sqlite::SqliteStore::open(path.clone()).await?),
        #[cfg(feature = "postgres")]
        Database::Postgres(url) => Arc::new(postgres::PostgresStore::open(url).await?),
        #[cfg(not(feature = "postgres"))]
        Database::Postgres(_) => {
            return Err("harbour was built without its feature `postgres`".into());
        }
    };
    setup.provide(Arc::clone(&store));
    Ok(async move || store.close().await)
}

/// Why a storage could not do what it was asked for. Handlers answer 500 to it, through `?`.
#[derive(Debug)]
pub struct StorageError {
    what: &'static str,
    source: BoxError,
}

impl StorageError {
    /// Creates an error: what could not be done, such as "read a resource", and why.
    pub fn new(what: &'static str, source: impl Into<BoxError>) -> Self {
        Self {
            what,
            source: source.into(),
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}", self.what)
    }
}

impl StdError for StorageError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
