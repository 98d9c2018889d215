//! What the tests of both protocols share.

pub(super) mod events;

use std::pin::Pin;
use std::task::{self, Poll};

use wharf_http::service::{ServiceFn, service_fn};
use wharf_http::{Body, Context, Request, Response};

use super::ConnectionConfig;

pub(super) fn config<F, Fut>(function: F) -> ConnectionConfig<ServiceFn<F>>
where
    F: Fn(Request, Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    ConnectionConfig::new(service_fn(function))
}

/// Answers with method, target and body of the request.
pub(super) async fn echo(request: Request, _context: Context) -> Response {
    let (parts, mut body) = request.into_parts();
    match body.bytes(None).await {
        Ok(body) => Response::new(Body::from(format!(
            "{} {} {}",
            parts.method,
            parts.uri,
            String::from_utf8_lossy(&body)
        ))),
        Err(error) => {
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = http::StatusCode::BAD_REQUEST;
            response
        }
    }
}

/// A body of pieces that are there at once.
pub(super) struct Pieces<T>(pub(super) Vec<T>);

impl<T> Unpin for Pieces<T> {}

impl<T> futures_core::Stream for Pieces<T> {
    type Item = Result<T, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready((!self.0.is_empty()).then(|| Ok(self.0.remove(0))))
    }
}
