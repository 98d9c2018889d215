use wharf_core::get;

fn show() -> &'static str {
    "shown"
}

fn main() {
    let _ = get("/", show);
}
