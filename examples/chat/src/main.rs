//! A chat in the browser, with rooms; several instances are one chat when they share a Redis server.
//!
//! Run:  cargo run -p chat
//! Then: open http://127.0.0.1:8080/?room=quay&name=ann in two windows, and talk
//!
//! Two instances that share their rooms, for nginx in front of them with the `nginx.conf` beside this folder:
//!
//! ```console
//! $ REDIS_URL=redis://127.0.0.1/ cargo run -p chat -- --bind 127.0.0.1:8081
//! $ REDIS_URL=redis://127.0.0.1/ cargo run -p chat -- --bind 127.0.0.1:8082
//! ```

use wharf::rooms::{RedisBroker, Rooms, RoomsConfig};

fn main() -> wharf::Result<()> {
    let rooms = match std::env::var("REDIS_URL") {
        Ok(url) => Rooms::with_broker(RoomsConfig::new(), RedisBroker::new(&url)?),
        Err(_not_set) => Rooms::new(),
    };
    wharf::run(chat::app(rooms))
}
