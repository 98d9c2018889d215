use wharf_core::extract::FromRequestParts;
use wharf_core::get;

async fn show<T: FromRequestParts>(_value: T) -> &'static str {
    "shown"
}

fn main() {
    let _ = get("/", show);
}
