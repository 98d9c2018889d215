//! harbour: a small, complete web application on wharf. Its `main.rs` says how to run it.
//!
//! # Layout
//!
//! - [`config`]: what the environment decides.
//! - [`resource`]: what harbour keeps, and what makes a valid one.
//! - [`store`]: the [`Store`](store::Store) trait, on SQLite and (feature `postgres`) on PostgreSQL; [`cache`]: the copy beside it.
//! - [`resources`], [`fetch`]: the handlers. [`middleware`]: the timer and the error middleware; [`errors`]: how errors look.
//!
//! `tests/` shows how such an application is tested: without a network, with a store and a cache made for the purpose, and as
//! the real program that is stopped and started again.

pub mod cache;
pub mod config;
pub mod errors;
pub mod fetch;
pub mod middleware;
pub mod resource;
pub mod resources;
pub mod store;

use std::time::Duration;

use wharf::route::OnDisconnect;
use wharf::{App, Client, Html, delete, get, post, put};

pub use config::Config;

/// Makes the application: harbour with the storages that `config` names.
pub fn app(config: Config) -> App {
    bare()
        .provide(config)
        // One for all requests, so that its connections are used again.
        .provide(Client::new())
        // Entered in this order before anything listens, left in reverse after the last request.
        .resource(store::open_store)
        .resource(cache::open_cache)
        .task("cache sweeper", cache::sweep_cache)
}

/// Makes harbour without configuration, client, store and cache, for those who provide others.
///
/// It does not start without: the check before the start lists what its handlers miss.
pub fn bare() -> App {
    App::new()
        .routes([
            get("/", index),
            get("/fetch", fetch::fetch).timeout(Duration::from_secs(10)),
            get("/resources", resources::list).name("resources"),
            post("/resources", resources::create),
            get(r"/resources/{id:\d+}", resources::show).name("resource"),
            // Once begun it is brought to its end, or store and cache would differ when a client leaves in between.
            put(r"/resources/{id:\d+}", resources::replace).on_disconnect(OnDisconnect::Finish),
            delete(r"/resources/{id:\d+}", resources::remove).on_disconnect(OnDisconnect::Finish),
        ])
        .on_error(errors::as_json)
        // The first is the outermost: it sees what the others make of an answer, that of a 404 too.
        .wrap(middleware::timer)
        .wrap(middleware::errors)
}

async fn index() -> Html<&'static str> {
    Html(include_str!("index.html"))
}
