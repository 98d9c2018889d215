use http::Method;
use wharf_core::post;

struct Database;

async fn save(_method: Method, _database: Database, text: String) -> String {
    text
}

fn main() {
    let _ = post("/", save);
}
