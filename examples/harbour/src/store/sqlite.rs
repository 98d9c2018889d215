//! Resources in an SQLite database, in a file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::{mpsc, oneshot};

use super::{Answer, StorageError, Store};
use crate::resource::{Draft, Name, Resource};

/// How many jobs may wait for the database; who comes then waits for a place.
const QUEUE: usize = 64;

const SCHEMA: &str = "
    create table if not exists resources (
        id   integer primary key autoincrement,
        name text not null,
        note text not null
    ) strict";

/// A store on an embedded SQLite database.
///
/// SQLite blocks the thread that it works on, so that it gets one of its own: handlers send it jobs and await the answers.
pub struct SqliteStore {
    jobs: mpsc::Sender<Job>,
}

enum Job {
    Run(Box<dyn FnOnce(&Connection) + Send>),
    Close(oneshot::Sender<rusqlite::Result<()>>),
}

impl SqliteStore {
    /// Opens the database in the file `path`, which is made if need be.
    ///
    /// # Errors
    ///
    /// Why the file cannot be opened as a database.
    pub async fn open(path: PathBuf) -> wharf::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (opened, answer) = oneshot::channel();
        thread::Builder::new()
            .name("sqlite".into())
            .spawn(move || match connect(&path) {
                Ok(connection) => {
                    let _not_awaited = opened.send(Ok(()));
                    work(connection, queue);
                }
                Err(error) => {
                    let _not_awaited = opened.send(Err(error));
                }
            })?;
        answer.await??;
        Ok(Self { jobs })
    }

    /// Has `job` done by the database's own thread. It is done even if the answer is no longer awaited.
    fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let (done, answer) = oneshot::channel();
            let job = Job::Run(Box::new(move |connection| {
                let _not_awaited = done.send(job(connection));
            }));
            self.send(what, job, answer).await
        })
    }

    async fn send<T>(
        &self,
        what: &'static str,
        job: Job,
        answer: oneshot::Receiver<rusqlite::Result<T>>,
    ) -> Result<T, StorageError> {
        let _closed_is_seen_below = self.jobs.send(job).await;
        match answer.await {
            Ok(result) => result.map_err(|error| StorageError::new(what, error)),
            Err(_) => Err(StorageError::new(what, "the database is closed")),
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    // A write-ahead log: others, such as a backup, can read while harbour writes.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

fn work(connection: Connection, mut queue: mpsc::Receiver<Job>) {
    while let Some(job) = queue.blocking_recv() {
        match job {
            Job::Run(job) => job(&connection),
            Job::Close(done) => {
                let _not_awaited = done.send(connection.close().map_err(|(_, error)| error));
                return;
            }
        }
    }
}

fn resource(row: &Row<'_>) -> rusqlite::Result<Resource> {
    Ok(Resource {
        id: row.get("id")?,
        name: row.get("name")?,
        note: row.get("note")?,
    })
}

impl FromSql for Name {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = String::column_result(value)?;
        text.try_into()
            .map_err(|error: String| FromSqlError::Other(error.into()))
    }
}

impl ToSql for Name {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl Store for SqliteStore {
    fn list(&self, after: i64, limit: u32) -> Answer<'_, Vec<Resource>> {
        self.run("list resources", move |database| {
            database
                .prepare("select id, name, note from resources where id > ?1 order by id limit ?2")?
                .query_map(params![after, limit], resource)?
                .collect()
        })
    }

    fn find(&self, id: i64) -> Answer<'_, Option<Resource>> {
        self.run("read a resource", move |database| {
            let select = "select id, name, note from resources where id = ?1";
            database.query_row(select, [id], resource).optional()
        })
    }

    fn create(&self, draft: Draft) -> Answer<'_, Resource> {
        self.run("create a resource", move |database| {
            let insert = "insert into resources (name, note) values (?1, ?2)";
            database.execute(insert, params![draft.name, draft.note])?;
            Ok(draft.with_id(database.last_insert_rowid()))
        })
    }

    fn replace(&self, resource: Resource) -> Answer<'_, bool> {
        self.run("replace a resource", move |database| {
            let Resource { id, name, note } = resource;
            let update = "update resources set name = ?2, note = ?3 where id = ?1";
            Ok(database.execute(update, params![id, name, note])? == 1)
        })
    }

    fn remove(&self, id: i64) -> Answer<'_, bool> {
        self.run("remove a resource", move |database| {
            Ok(database.execute("delete from resources where id = ?1", [id])? == 1)
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let (done, answer) = oneshot::channel();
            self.send("close the database", Job::Close(done), answer)
                .await
        })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
