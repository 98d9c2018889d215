//! The slide's application on wharf: `/` is a text, `/fetch` has twenty rows of a database. All limits are as they come, a worker for
//! each core; no access log, as the others have none.
//!
//! Prints its port, and finds the database by `PGHOST`, `PGUSER` and `PGDATABASE`, as programs in Python do by themselves.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use tokio_postgres::{Client, NoTls, Statement};
use wharf_core::{App, BoxError, HttpError, Json, Setup, State, get};
use wharf_server::{AccessLog, Server};

/// How many connections to the database there are, together.
const CONNECTIONS: usize = 10;

const SELECT: &str = "select id, name, note from resources order by id limit 20";

#[derive(Serialize)]
struct Resource {
    id: i64,
    name: String,
    note: String,
}

/// Connections that take turns.
#[derive(Clone)]
struct Database(Arc<Connections>);

struct Connections {
    all: Vec<(Client, Statement)>,
    next: AtomicUsize,
}

impl Database {
    async fn open() -> Result<Self, BoxError> {
        let var = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
        let config = format!(
            "host={} user={} dbname={}",
            var("PGHOST")?,
            var("PGUSER")?,
            var("PGDATABASE")?
        );
        let mut all = Vec::new();
        for _ in 0..CONNECTIONS {
            let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
            tokio::spawn(connection);
            let statement = client.prepare(SELECT).await?;
            all.push((client, statement));
        }
        let next = AtomicUsize::new(0);
        Ok(Self(Arc::new(Connections { all, next })))
    }

    async fn resources(&self) -> Result<Vec<Resource>, tokio_postgres::Error> {
        let turn = self.0.next.fetch_add(1, Ordering::Relaxed);
        let (client, statement) = &self.0.all[turn % self.0.all.len()];
        let rows = client.query(statement, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(Resource {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    note: row.try_get(2)?,
                })
            })
            .collect()
    }
}

async fn fetch(database: State<Database>) -> Result<Json<Vec<Resource>>, HttpError> {
    Ok(Json(database.resources().await?))
}

async fn open_database(setup: Setup) -> Result<(), BoxError> {
    setup.provide(Database::open().await?);
    Ok(())
}

fn main() -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    let app = App::new()
        .resource(open_database)
        .routes([get("/", async || "Hello, World!"), get("/fetch", fetch)]);
    let server = Server::new(app).listen(listener);
    server.access_log(AccessLog::off()).run()?;
    Ok(())
}
