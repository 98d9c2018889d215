//! Resources in a PostgreSQL database.

use std::fmt;
use std::str::FromStr as _;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row};
use wharf::BoxError;

use super::{Answer, StorageError, Store};
use crate::resource::{Draft, Resource};

/// Several programs may start at once, and `if not exists` alone does not keep them apart.
const SCHEMA: &str = "
    select pg_advisory_xact_lock(hashtext('harbour.resources'));
    create table if not exists resources (
        id   bigint generated always as identity primary key,
        name text not null,
        note text not null
    )";

/// A store on a PostgreSQL database.
///
/// One connection serves all requests: the driver sends each query without waiting for the answer to the one before.
pub struct PostgresStore {
    config: Config,
    link: Mutex<Option<Link>>,
}

/// A connection, and the task that moves its bytes.
struct Link {
    client: Arc<Client>,
    driver: JoinHandle<()>,
}

impl PostgresStore {
    /// Connects to the database with this URL and makes the table if need be.
    ///
    /// # Errors
    ///
    /// Why it cannot be reached, or not be used.
    pub async fn open(url: &str) -> wharf::Result<Self> {
        let config = Config::from_str(url)?;
        let link = connect(&config).await?;
        link.client.batch_execute(SCHEMA).await?;
        Ok(Self {
            config,
            link: Mutex::new(Some(link)),
        })
    }

    /// Returns the connection, or a new one when it was lost: a restart of the database needs none of harbour.
    async fn client(&self) -> Result<Arc<Client>, BoxError> {
        let mut link = self.link.lock().await;
        let link = link.as_mut().ok_or("the database is closed")?;
        if link.client.is_closed() {
            *link = connect(&self.config).await?;
        }
        Ok(Arc::clone(&link.client))
    }

    async fn query(
        &self,
        what: &'static str,
        statement: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StorageError> {
        let fail = |error| StorageError::new(what, error);
        let client = self.client().await.map_err(fail)?;
        let rows = client.query(statement, params).await;
        rows.map_err(|error| fail(error.into()))
    }
}

async fn connect(config: &Config) -> Result<Link, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    let driver = tokio::spawn(async {
        // Whoever sends the next query learns what is wrong.
        let _lost = connection.await;
    });
    Ok(Link {
        client: Arc::new(client),
        driver,
    })
}

fn resource(what: &'static str, row: &Row) -> Result<Resource, StorageError> {
    let read = || -> Result<Resource, BoxError> {
        Ok(Resource {
            id: row.try_get("id")?,
            name: row.try_get::<_, String>("name")?.try_into()?,
            note: row.try_get("note")?,
        })
    };
    read().map_err(|error| StorageError::new(what, error))
}

impl Store for PostgresStore {
    fn list(&self, after: i64, limit: u32) -> Answer<'_, Vec<Resource>> {
        Box::pin(async move {
            let what = "list resources";
            let select = "select id, name, note from resources where id > $1 order by id limit $2";
            let rows = self
                .query(what, select, &[&after, &i64::from(limit)])
                .await?;
            rows.iter().map(|row| resource(what, row)).collect()
        })
    }

    fn find(&self, id: i64) -> Answer<'_, Option<Resource>> {
        Box::pin(async move {
            let what = "read a resource";
            let select = "select id, name, note from resources where id = $1";
            let rows = self.query(what, select, &[&id]).await?;
            rows.first().map(|row| resource(what, row)).transpose()
        })
    }

    fn create(&self, draft: Draft) -> Answer<'_, Resource> {
        Box::pin(async move {
            let what = "create a resource";
            let insert =
                "insert into resources (name, note) values ($1, $2) returning id, name, note";
            let rows = self
                .query(what, insert, &[&draft.name.as_str(), &draft.note])
                .await?;
            match rows.first() {
                Some(row) => resource(what, row),
                None => Err(StorageError::new(what, "the database returned no row")),
            }
        })
    }

    fn replace(&self, resource: Resource) -> Answer<'_, bool> {
        Box::pin(async move {
            let Resource { id, name, note } = resource;
            let update = "update resources set name = $2, note = $3 where id = $1 returning id";
            let rows = self
                .query("replace a resource", update, &[&id, &name.as_str(), &note])
                .await?;
            Ok(!rows.is_empty())
        })
    }

    fn remove(&self, id: i64) -> Answer<'_, bool> {
        Box::pin(async move {
            let delete = "delete from resources where id = $1 returning id";
            let rows = self.query("remove a resource", delete, &[&id]).await?;
            Ok(!rows.is_empty())
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async {
            if let Some(Link { client, driver }) = self.link.lock().await.take() {
                // The driver says goodbye to the database when the last client is gone.
                drop(client);
                driver
                    .await
                    .map_err(|error| StorageError::new("close the database", error))?;
            }
            Ok(())
        })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
