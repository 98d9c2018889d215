use wharf_core::get;

struct Document;

async fn show() -> Document {
    Document
}

fn main() {
    let _ = get("/", show);
}
