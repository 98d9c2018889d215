use http::Method;
use wharf_core::post;

async fn save(text: String, _method: Method) -> String {
    text
}

fn main() {
    let _ = post("/", save);
}
