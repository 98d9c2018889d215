use wharf_core::get;

struct Filter;

async fn list(_filter: Option<Filter>) -> &'static str {
    "listed"
}

fn main() {
    let _ = get("/", list);
}
