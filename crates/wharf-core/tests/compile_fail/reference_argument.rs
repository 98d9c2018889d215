use http::Method;
use wharf_core::get;

async fn show(method: &Method) -> String {
    method.to_string()
}

fn main() {
    let _ = get("/", show);
}
