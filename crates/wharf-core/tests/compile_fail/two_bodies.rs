use bytes::Bytes;
use wharf_core::post;

async fn save(_raw: Bytes, text: String) -> String {
    text
}

fn main() {
    let _ = post("/", save);
}
