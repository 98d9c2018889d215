//! A handler, an extractor or a middleware alone, with a request that is made by hand.
//!
//! Each runs in an application that has nothing else, so that it sees what it would see in a whole one: state, the parameters of a
//! route, limits, the error hook's default looks. Nothing is sent anywhere.
//!
//! ```
//! use http::Request;
//! use wharf_core::{Body, HttpError, IntoResponse, Next, Path, Query, State};
//! use wharf_test::unit;
//!
//! struct Fleet(Vec<&'static str>);
//!
//! async fn ship(Path(number): Path<usize>, fleet: State<Fleet>) -> Result<&'static str, HttpError> {
//!     let ship = fleet.0.get(number).copied();
//!     ship.ok_or_else(|| HttpError::not_found("no such ship"))
//! }
//!
//! async fn shout(request: wharf_core::Request, next: Next) -> impl IntoResponse {
//!     let mut response = next.run(request).await;
//!     response.headers_mut().insert("x-loud", "yes".parse().unwrap());
//!     response
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let get = |uri: &str| Request::get(uri).body(Body::empty()).unwrap();
//!
//! unit::call(ship, get("/ships/1"))
//!     .route("/ships/{number}")
//!     .state(Fleet(vec!["Ada", "Grace"]))
//!     .await
//!     .assert_text("Grace");
//!
//! let number = unit::extract::<Path<u8>, _>(get("/ships/300")).route("/ships/{number}").await;
//! assert!(number.is_err());
//!
//! unit::middleware(shout, get("/"), |_request| async { "hi" })
//!     .await
//!     .assert_header("x-loud", "yes")
//!     .assert_text("hi");
//! # });
//! ```

mod alone;
mod extract;

pub use alone::Alone;
pub use extract::Extracting;

use wharf_core::extract::FromRequest;
use wharf_core::handler::{Handler, HandlerArgs};
use wharf_core::middleware::{HeadArgs, IntoMiddleware};
use wharf_core::{App, IntoResponse, Request};

/// Calls a handler with arguments that are made of `request`.
///
/// Await what is returned, after you have given it the state and the route that the handler needs.
#[track_caller]
pub fn call<H, A, M>(handler: H, request: Request) -> Alone
where
    H: Handler<A, Output: IntoResponse, Future: Send>,
    A: HandlerArgs<M>,
    M: 'static,
{
    Alone::new(request, |app, pattern| match pattern {
        Some(pattern) => app.route(wharf_core::any(pattern, handler)),
        None => app.fallback(handler),
    })
}

/// Sends `request` through a middleware; `inside` answers what it lets through.
///
/// Await what is returned, after you have given it the state and the route that the middleware needs.
#[track_caller]
pub fn middleware<L, N, H, Fut>(middleware: L, request: Request, inside: H) -> Alone
where
    L: IntoMiddleware<N, Output: IntoResponse, Future: Send, Arguments: HeadArgs> + 'static,
    H: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoResponse> + Send + 'static,
{
    let layer = middleware.into_layer();
    let wrapped = |app: App| app.wrap(layer);
    Alone::new(request, move |app, pattern| {
        wrapped(match pattern {
            Some(pattern) => app.route(wharf_core::any(pattern, inside)),
            None => app.fallback(inside),
        })
    })
}

/// Makes a `T` of `request`, as an argument of a handler is made.
///
/// Await what is returned, after you have given it the state and the route that `T` needs: it gives a `T`, or its rejection. `M` is
/// inferred; write `_`.
#[track_caller]
pub fn extract<T, M>(request: Request) -> Extracting<T, M>
where
    T: FromRequest<M, Rejection: Send> + Send + 'static,
    M: 'static,
{
    Extracting::new(request)
}
