use wharf_core::get;

async fn show(id: u64) -> String {
    id.to_string()
}

fn main() {
    let _ = get("/{id}", show);
}
