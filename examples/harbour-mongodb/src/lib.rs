//! harbour on MongoDB: the same application, its [`Store`] on the official driver. README.md says how to run it.

use std::fmt;
use std::sync::Arc;

use harbour::resource::{Draft, Name, Resource};
use harbour::store::{Answer, SharedStore, StorageError, Store};
use harbour::{Config, cache};
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Client, Collection};
use serde::{Deserialize, Serialize};
use wharf::{App, Cleanup, Setup, resource};

/// Makes harbour with its resources in the MongoDB database with this URL, such as `mongodb://localhost/harbour`.
pub fn app(config: Config, url: String) -> App {
    harbour::bare()
        .provide(config)
        .provide(wharf::Client::new())
        .resource(resource(move |setup| open_store(setup, url)).name("open_store"))
        .resource(cache::open_cache)
        .task("cache sweeper", cache::sweep_cache)
}

/// Connects before harbour listens, and takes leave after the last request.
async fn open_store(setup: Setup, url: String) -> wharf::Result<impl Cleanup> {
    let store: SharedStore = Arc::new(MongoStore::open(&url).await?);
    setup.provide(Arc::clone(&store));
    Ok(async move || store.close().await)
}

/// A store on a MongoDB database.
pub struct MongoStore {
    client: Client,
    resources: Collection<Stored>,
    counters: Collection<Document>,
}

/// A resource as a document.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    id: i64,
    name: Name,
    note: String,
}

impl From<Resource> for Stored {
    fn from(Resource { id, name, note }: Resource) -> Self {
        Self { id, name, note }
    }
}

impl From<Stored> for Resource {
    fn from(Stored { id, name, note }: Stored) -> Self {
        Self { id, name, note }
    }
}

impl MongoStore {
    /// Connects to the database that the URL names, `harbour` where it names none.
    ///
    /// # Errors
    ///
    /// Why it cannot be reached.
    pub async fn open(url: &str) -> wharf::Result<Self> {
        let client = Client::with_uri_str(url).await?;
        let database = client.default_database();
        let database = database.unwrap_or_else(|| client.database("harbour"));
        // The driver connects when it has to; here, rather than for the first request.
        database.run_command(doc! { "ping": 1 }).await?;
        Ok(Self {
            resources: database.collection("resources"),
            counters: database.collection("counters"),
            client,
        })
    }

    /// Counts the ids up: MongoDB itself makes none that are numbers.
    async fn next_id(&self) -> wharf::Result<i64> {
        let counter = self
            .counters
            .find_one_and_update(
                doc! { "_id": "resources" },
                doc! { "$inc": { "last": 1_i64 } },
            )
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await?;
        Ok(counter.ok_or("the counter was not made")?.get_i64("last")?)
    }
}

/// Makes the error of an operation out of whatever the driver says.
fn failed<E: Into<wharf::BoxError>>(what: &'static str) -> impl FnOnce(E) -> StorageError {
    move |error| StorageError::new(what, error)
}

impl Store for MongoStore {
    fn list(&self, after: i64, limit: u32) -> Answer<'_, Vec<Resource>> {
        Box::pin(async move {
            let read = async || -> mongodb::error::Result<Vec<Resource>> {
                let mut cursor = self
                    .resources
                    .find(doc! { "_id": { "$gt": after } })
                    .sort(doc! { "_id": 1 })
                    .limit(limit.into())
                    .await?;
                let mut resources = Vec::new();
                while cursor.advance().await? {
                    resources.push(cursor.deserialize_current()?.into());
                }
                Ok(resources)
            };
            read().await.map_err(failed("list resources"))
        })
    }

    fn find(&self, id: i64) -> Answer<'_, Option<Resource>> {
        Box::pin(async move {
            let found = self.resources.find_one(doc! { "_id": id }).await;
            let found = found.map_err(failed("read a resource"))?;
            Ok(found.map(Resource::from))
        })
    }

    fn create(&self, draft: Draft) -> Answer<'_, Resource> {
        Box::pin(async move {
            let what = "create a resource";
            let resource = draft.with_id(self.next_id().await.map_err(failed(what))?);
            let inserted = self
                .resources
                .insert_one(Stored::from(resource.clone()))
                .await;
            inserted.map_err(failed(what))?;
            Ok(resource)
        })
    }

    fn replace(&self, resource: Resource) -> Answer<'_, bool> {
        Box::pin(async move {
            let stored = Stored::from(resource);
            let replaced = self
                .resources
                .replace_one(doc! { "_id": stored.id }, stored)
                .await;
            let replaced = replaced.map_err(failed("replace a resource"))?;
            Ok(replaced.matched_count == 1)
        })
    }

    fn remove(&self, id: i64) -> Answer<'_, bool> {
        Box::pin(async move {
            let removed = self.resources.delete_one(doc! { "_id": id }).await;
            let removed = removed.map_err(failed("remove a resource"))?;
            Ok(removed.deleted_count == 1)
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.client.clone().shutdown().await;
            Ok(())
        })
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").finish_non_exhaustive()
    }
}
