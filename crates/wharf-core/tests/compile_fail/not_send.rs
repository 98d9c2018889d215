use std::rc::Rc;

use wharf_core::get;

async fn pause() {}

async fn show() -> String {
    let name = Rc::new("mole".to_owned());
    pause().await;
    name.to_string()
}

fn main() {
    let _ = get("/", show);
}
