//! A small, complete application: configuration, a database, a cache beside it, JSON, outgoing requests, middleware.
//!
//! Run:  cargo run -p harbour
//! Then: curl localhost:8080/
//!       curl localhost:8080/resources --json '{"name": "crane", "note": "lifts 40 t"}'
//!       curl localhost:8080/resources/1
//!       curl -X PUT localhost:8080/resources/1 --json '{"name": "crane", "note": "lifts 60 t"}'
//!       curl localhost:8080/fetch
//!       curl -X DELETE localhost:8080/resources/1
//!
//! It keeps its resources in `harbour.db`. `cargo run -p harbour -- --help` tells how to change where it listens, and
//! [`Config`] what else the environment decides.

use harbour::Config;

fn main() -> wharf::Result<()> {
    let config = Config::from_env()?;
    wharf::run(harbour::app(config))
}
