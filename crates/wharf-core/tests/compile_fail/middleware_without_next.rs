use wharf_core::{App, Request, Response};

async fn log(_request: Request) -> Response {
    Response::default()
}

fn main() {
    let _ = App::new().wrap(log);
}
