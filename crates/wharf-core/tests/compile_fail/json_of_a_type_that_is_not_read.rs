use wharf_core::{Json, post};

struct Ship;

async fn build(_ship: Json<Ship>) -> &'static str {
    "built"
}

fn main() {
    let _ = post("/", build);
}
