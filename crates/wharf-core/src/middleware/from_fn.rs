use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use wharf_http::{Middleware, Request, Response};

use super::{Layer, Next, Served};
use crate::extract::{FromRequestParts, Needs};
use crate::response::IntoResponse;

/// What can be wrapped around an app or a route: an async function, a [`Middleware`] type, or a [`Layer`].
///
/// `M` tells which; it is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    label = "not an `async fn(Request, Next) -> impl IntoResponse`",
    note = "a middleware is an `async fn` whose last two arguments are `Request` and `Next`, with extractors of the head before them",
    note = "its result must turn into a response, and its future must be `Send`"
)]
pub trait IntoMiddleware<M> {
    /// Makes a layer of it.
    fn into_layer(self) -> Layer;
}

/// Marks a type that is a [`Middleware`] itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaType {}

/// Marks a [`Layer`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaLayer {}

/// Marks an async function with the extractors `A` before the request.
#[derive(Debug)]
pub struct ViaFunction<A>(PhantomData<fn(A)>);

impl<T: Middleware<Served>> IntoMiddleware<ViaType> for T {
    fn into_layer(self) -> Layer {
        Layer::new(self)
    }
}

impl IntoMiddleware<ViaLayer> for Layer {
    fn into_layer(self) -> Layer {
        self
    }
}

/// Makes a layer of an async function, so that it can be told what it provides.
///
/// The function itself can be given to `wrap` when there is nothing to tell.
pub fn from_fn<M>(function: impl IntoMiddleware<M>) -> Layer {
    function.into_layer()
}

/// A middleware made of an async function with the extractors `A` before the request.
pub struct FromFn<F, A> {
    function: F,
    arguments: PhantomData<fn(A)>,
}

impl<F, A> fmt::Debug for FromFn<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FromFn").field(&type_name::<F>()).finish()
    }
}

macro_rules! functions {
    ($($part:ident)*) => {
        impl<F, Fut, $($part),*> IntoMiddleware<ViaFunction<($($part,)*)>> for F
        where
            F: Fn($($part,)* Request, Next) -> Fut + Send + Sync + 'static,
            Fut: Future<Output: IntoResponse> + Send,
            $($part: FromRequestParts + Send + 'static,)*
        {
            fn into_layer(self) -> Layer {
                #[allow(unused_mut, clippy::allow_attributes, reason = "unused where there are no extractors")]
                let mut needs = Needs::default();
                $($part::needs(&mut needs);)*
                let middleware = FromFn::<F, ($($part,)*)> { function: self, arguments: PhantomData };
                Layer::named(type_name::<F>(), middleware).needs(|all| *all = needs)
            }
        }

        impl<F, Fut, $($part),*> Middleware<Served> for FromFn<F, ($($part,)*)>
        where
            F: Fn($($part,)* Request, Next) -> Fut + Send + Sync + 'static,
            Fut: Future<Output: IntoResponse> + Send,
            $($part: FromRequestParts + Send + 'static,)*
        {
            #[allow(non_snake_case, unused_mut, unused_variables, clippy::allow_attributes, reason = "the values are named like their types; unused where there are no extractors")]
            async fn handle(&self, request: Request, next: Next) -> Response {
                let scope = Arc::clone(next.scope());
                let (mut parts, body) = request.into_parts();
                $(
                    let $part = match $part::from_request_parts(&mut parts, &scope).await {
                        Ok(value) => value,
                        Err(rejection) => {
                            let mut response = rejection.into_response();
                            scope.settle(&mut response);
                            return response;
                        }
                    };
                )*
                let request = Request::from_parts(parts, body);
                let mut response = (self.function)($($part,)* request, next).await.into_response();
                scope.settle(&mut response);
                response
            }
        }
    };
}

functions!();
functions!(A1);
functions!(A1 A2);
functions!(A1 A2 A3);
functions!(A1 A2 A3 A4);
functions!(A1 A2 A3 A4 A5);
functions!(A1 A2 A3 A4 A5 A6);
