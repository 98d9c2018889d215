//! The server alone, under a function: no router, no application. All its limits, its access log and its graceful end are there.
//!
//! Run:  cargo run -p server-only
//! Then: curl localhost:8080 --data 'Is anybody there?'

use wharf_server::http::{BoxError, Context, Request, Response, service::service_fn};

/// Sends the body back, piece by piece as it comes.
async fn echo(request: Request, _context: Context) -> Response {
    Response::new(request.into_body())
}

fn main() -> Result<(), BoxError> {
    wharf_server::run(service_fn(echo))
}
