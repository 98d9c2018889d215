use wharf_core::get;

struct Database;

async fn show(_database: Database) -> &'static str {
    "shown"
}

fn main() {
    let _ = get("/", show);
}
