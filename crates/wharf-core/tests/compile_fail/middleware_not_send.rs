use std::rc::Rc;

use wharf_core::{App, Next, Request, Response};

async fn log(request: Request, next: Next) -> Response {
    let name = Rc::new("mole".to_owned());
    let response = next.run(request).await;
    drop(name);
    response
}

fn main() {
    let _ = App::new().wrap(log);
}
