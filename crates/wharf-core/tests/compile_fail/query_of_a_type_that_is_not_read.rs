use wharf_core::{Query, get};

struct Filter;

async fn list(_filter: Query<Filter>) -> &'static str {
    "listed"
}

fn main() {
    let _ = get("/", list);
}
