//! What answers where no route does.

use std::sync::Arc;

use http::StatusCode;
use http::header::{self, HeaderValue};
use wharf_http::middleware::Endpoint;
use wharf_http::{BoxFuture, Request, Response};

use crate::error::{ErrorKind, HttpError};
use crate::extract::{Scope, Unrouted};
use crate::middleware::Served;
use crate::response::problem;

pub(super) type SharedEndpoint = Arc<dyn Endpoint<Served>>;

/// Answers where no route does.
pub(super) struct UnroutedEndpoint {
    pub(super) fallback: Option<SharedEndpoint>,
    pub(super) method_not_allowed: Option<SharedEndpoint>,
}

impl Endpoint<Served> for UnroutedEndpoint {
    fn call(&self, request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        let error = match scope.take_unrouted() {
            Some(Unrouted::Error(error)) => error,
            Some(Unrouted::Options(allow)) => return ready(no_content(Some(allow))),
            Some(Unrouted::Server) => return ready(no_content(None)),
            Some(Unrouted::Redirect(path)) => return ready(permanent_redirect(path, &request)),
            None => HttpError::new(StatusCode::NOT_FOUND).kind(ErrorKind::NoRoute),
        };
        let own = match error.origin() {
            ErrorKind::NoRoute => &self.fallback,
            ErrorKind::NoMethod => &self.method_not_allowed,
            _ => &None,
        };
        match own {
            Some(end) => {
                let answer = end.call(request, scope);
                Box::pin(async move {
                    let mut response = answer.await;
                    if error.origin() == ErrorKind::NoMethod {
                        problem::complete(&mut response, &error);
                    }
                    response
                })
            }
            None => ready(scope.render(&error)),
        }
    }
}

fn ready(response: Response) -> BoxFuture<'static, Response> {
    Box::pin(std::future::ready(response))
}

/// Answers OPTIONS (RFC 9110 §9.3.7).
fn no_content(allow: Option<HeaderValue>) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Sends the client to another path, with the same method and the same query (RFC 9110 §15.4.9).
fn permanent_redirect(mut path: String, request: &Request) -> Response {
    if let Some(query) = request.uri().query() {
        path.push('?');
        path.push_str(query);
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(location) = HeaderValue::try_from(path) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Stands where an endpoint was taken out.
pub(super) struct NoEndpoint;

impl Endpoint<Served> for NoEndpoint {
    fn call(&self, _request: Request, scope: Arc<Scope>) -> BoxFuture<'static, Response> {
        Box::pin(async move { scope.render(&HttpError::new(StatusCode::NOT_FOUND)) })
    }
}
