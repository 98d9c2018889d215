use wharf_core::{App, Next, Request, Response};

struct Missing;

async fn log(request: Request, next: Next) -> Result<Response, Missing> {
    Ok(next.run(request).await)
}

fn main() {
    let _ = App::new().wrap(log);
}
