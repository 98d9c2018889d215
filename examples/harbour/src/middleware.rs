//! What happens around every request.

use tokio::time::Instant;
use wharf::{Context, IntoResponse, Next, Request};

/// Tells the client how long harbour worked on its request, in the field `Server-Timing`.
pub async fn timer(request: Request, next: Next) -> impl IntoResponse {
    let started = Instant::now();
    let response = next.run(request).await;
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    (
        [("server-timing", format!("app;dur={milliseconds:.1}"))],
        response,
    )
}

/// Gives every answer that is an error the id that the log knows the request by, in the field `X-Request-Id`.
pub async fn errors(context: Context, request: Request, next: Next) -> impl IntoResponse {
    let response = next.run(request).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let id = failed.then(|| [("x-request-id", context.request_id().to_string())]);
    (id, response)
}
