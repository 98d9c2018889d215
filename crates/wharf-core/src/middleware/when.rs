//! [`when`]: a middleware for some requests only.

use wharf_http::middleware::SharedMiddleware;
use wharf_http::{Middleware, Request, Response};

use super::{HeadArgs, IntoMiddleware, Layer, Next, Served};
use crate::response::IntoResponse;

/// Runs a middleware for the requests that `condition` says yes to; others go on without it.
///
/// The condition sees the request as it comes by, its body unread. What the middleware needs is needed in any case. What it
/// provides does not count as provided, as it is not there for every request: handlers take it as an `Option`.
///
/// # Examples
///
/// ```
/// use http::Method;
/// use wharf_core::middleware::{Csrf, when};
/// use wharf_core::{App, post};
///
/// // Webhooks prove by other means where they come from.
/// let app = App::new()
///     .wrap(when(|request| !request.uri().path().starts_with("/hooks/"), Csrf::new()))
///     .routes([post("/hooks/deploy", async || "deployed"), post("/berths", async || "moored")]);
/// # app.check().unwrap();
/// ```
pub fn when<M, T>(
    condition: impl Fn(&Request) -> bool + Send + Sync + 'static,
    middleware: T,
) -> Layer
where
    T: IntoMiddleware<M, Output: IntoResponse, Future: Send, Arguments: HeadArgs>,
{
    middleware
        .into_layer()
        .only_when(|inner| When { condition, inner })
}

pub(super) struct When<F> {
    condition: F,
    inner: SharedMiddleware<Served>,
}

impl<F: Fn(&Request) -> bool + Send + Sync + 'static> Middleware<Served> for When<F> {
    async fn handle(&self, request: Request, next: Next) -> Response {
        match (self.condition)(&request) {
            true => self.inner.handle(request, next).await,
            false => next.run(request).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use wharf_http::Body;

    use super::*;
    use crate::middleware::{AllowedHosts, from_fn};
    use crate::{App, Extension, HttpError, State, get};

    async fn ask(app: App, path: &str) -> StatusCode {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        app.start().await.unwrap().handle(request).await.status()
    }

    async fn closed(_request: Request, _next: Next) -> HttpError {
        HttpError::forbidden("closed")
    }

    fn is_admin(request: &Request) -> bool {
        request.uri().path().starts_with("/admin")
    }

    #[tokio::test]
    async fn only_requests_that_fit_pass_the_middleware() {
        let app = || {
            App::new().wrap(when(is_admin, closed)).routes([
                get("/", async || "index"),
                get("/admin", async || "admin"),
                get("/open", async || "open").wrap(when(|_| false, closed)),
            ])
        };
        for (path, status) in [
            ("/", 200),
            ("/open", 200),
            ("/admin", 403),
            ("/admin/x", 403),
            ("/x", 404),
        ] {
            assert_eq!(ask(app(), path).await, status, "{path}");
        }
    }

    #[tokio::test]
    async fn a_condition_that_panics_is_an_answer() {
        let app = App::new()
            .wrap(when(
                |request| request.uri().path().len() / (request.uri().path().len() - 1) > 9,
                closed,
            ))
            .routes([get("/", async || "index")]);
        assert_eq!(ask(app, "/").await, StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn what_is_needed_provided_or_wrong_is_still_known() {
        async fn counted(_count: State<u8>, request: Request, next: Next) -> Response {
            next.run(request).await
        }
        let app = App::new().wrap(when(is_admin, counted));
        assert!(app.check().is_err());
        assert!(app.provide(1_u8).check().is_ok());

        let app = App::new().wrap(when(is_admin, AllowedHosts::new(["https://x"])));
        assert!(app.check().is_err());

        let provider = || from_fn(closed).provides::<u8>();
        let reader = || get("/", async |_number: Extension<u8>| "");
        assert!(
            App::new()
                .wrap(provider())
                .routes([reader()])
                .check()
                .is_ok()
        );
        let app = App::new()
            .wrap(when(is_admin, provider()))
            .routes([reader()]);
        assert!(app.check().is_err());
    }

    #[tokio::test]
    async fn one_that_is_left_out_stays_so() {
        let app = App::new()
            .wrap(when(is_admin, None::<AllowedHosts>))
            .routes([get("/admin", async || "admin")]);
        assert_eq!(ask(app, "/admin").await, StatusCode::OK);
    }
}
