use wharf_core::get;

struct Missing;

async fn show() -> Result<String, Missing> {
    Err(Missing)
}

fn main() {
    let _ = get("/", show);
}
