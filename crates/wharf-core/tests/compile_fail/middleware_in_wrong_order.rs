use wharf_core::{App, Next, Request, Response};

async fn log(next: Next, request: Request) -> Response {
    next.run(request).await
}

fn main() {
    let _ = App::new().wrap(log);
}
