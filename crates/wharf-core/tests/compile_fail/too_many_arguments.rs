use http::{Method, Uri};
use wharf_core::get;

async fn show(
    _1: Method,
    _2: Method,
    _3: Method,
    _4: Method,
    _5: Method,
    _6: Method,
    _7: Method,
    _8: Method,
    _9: Uri,
) -> &'static str {
    "shown"
}

fn main() {
    let _ = get("/", show);
}
