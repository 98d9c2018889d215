//! The smallest application.
//!
//! Run:  cargo run -p hello
//! Then: curl localhost:8080

use wharf::{App, get};

async fn index() -> &'static str {
    "Hello, wharf!\n"
}

fn main() -> wharf::Result<()> {
    wharf::run(App::new().routes([get("/", index)]))
}
