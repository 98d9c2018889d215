use wharf_core::{App, Next, Request, Response};

struct Database;

async fn log(_database: Database, request: Request, next: Next) -> Response {
    next.run(request).await
}

fn main() {
    let _ = App::new().wrap(log);
}
