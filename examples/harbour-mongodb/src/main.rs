//! harbour on MongoDB.
//!
//! Run:  MONGODB_URL=mongodb://localhost/harbour cargo run
//! Then: curl localhost:8080/resources --json '{"name": "crane"}'
//!       curl localhost:8080/resources/1

use harbour::Config;

fn main() -> wharf::Result<()> {
    let url = std::env::var("MONGODB_URL");
    let url = url.unwrap_or_else(|_not_set| "mongodb://localhost/harbour".to_owned());
    wharf::run(harbour_mongodb::app(Config::from_env()?, url))
}
