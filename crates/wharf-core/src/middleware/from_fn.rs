use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use wharf_http::{Middleware, Request, Response};

use super::{IntoMiddleware, Layer, Next, Served};
use crate::extract::{FromRequestParts, Needs, Scope};
use crate::response::IntoResponse;

/// Makes a layer of an async function, so that it can be told what it provides.
///
/// The function itself can be given to `wrap` when there is nothing to tell.
pub fn from_fn<M, T>(function: T) -> Layer
where
    T: IntoMiddleware<M, Output: IntoResponse, Future: Send, Arguments: HeadArgs>,
{
    function.into_layer()
}

/// An asynchronous function that is called with the arguments `A`, the request, and what comes after it.
///
/// Implemented for `async fn`s and closures of up to six extractors, a [`Request`], and [`Next`].
pub trait MiddlewareFn<A>: Send + Sync + 'static {
    /// What the function's future gives.
    type Output;
    /// The future that the function returns.
    type Future: Future<Output = Self::Output>;

    /// Calls the function.
    fn call(&self, args: A, request: Request, next: Next) -> Self::Future;
}

/// The arguments of a middleware before the request, each made from its head.
pub trait HeadArgs: Sized + Send + 'static {
    /// Makes the arguments, or the response to send instead of calling the middleware.
    ///
    /// The request is lent: most middleware has no arguments, and a request is large to move.
    fn extract(
        request: &mut Request,
        scope: &Scope,
    ) -> impl Future<Output = Result<Self, Box<Response>>> + Send;

    /// Makes arguments of nothing, where there are none.
    #[doc(hidden)]
    fn none() -> Option<Self> {
        None
    }

    /// Names what the arguments will look up, so that the app can refuse to start without it.
    fn needs(needs: &mut Needs);
}

impl HeadArgs for () {
    fn none() -> Option<()> {
        Some(())
    }

    async fn extract(_request: &mut Request, _scope: &Scope) -> Result<(), Box<Response>> {
        Ok(())
    }

    fn needs(_needs: &mut Needs) {}
}

/// A middleware made of an async function with the extractors `A` before the request.
pub struct FromFn<F, A> {
    function: F,
    arguments: PhantomData<fn(A)>,
}

impl<F, A> FromFn<F, A>
where
    F: MiddlewareFn<A, Output: IntoResponse, Future: Send>,
    A: HeadArgs,
{
    pub(super) fn new(function: F) -> Self {
        Self {
            function,
            arguments: PhantomData,
        }
    }

    pub(super) fn into_layer(self) -> Layer {
        Layer::of_function(type_name::<F>(), self.function)
    }
}

impl<F, A> Middleware<Served> for FromFn<F, A>
where
    F: MiddlewareFn<A, Output: IntoResponse, Future: Send>,
    A: HeadArgs,
{
    async fn handle(&self, mut request: Request, next: Next) -> Response {
        let scope = Arc::clone(next.scope());
        match A::extract(&mut request, &scope).await {
            Ok(args) => {
                let answer = self.function.call(args, request, next);
                answer.await.into_response()
            }
            Err(rejection) => *rejection,
        }
    }
}

impl<F, A> fmt::Debug for FromFn<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FromFn").field(&type_name::<F>()).finish()
    }
}

impl<F, Fut> MiddlewareFn<()> for F
where
    F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(&self, (): (), request: Request, next: Next) -> Fut {
        self(request, next)
    }
}

macro_rules! functions {
    ($($part:ident)+) => {
        impl<F, Fut, $($part),+> MiddlewareFn<($($part,)+)> for F
        where
            F: Fn($($part,)+ Request, Next) -> Fut + Send + Sync + 'static,
            Fut: Future,
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[expect(non_snake_case, reason = "the values are named like their types")]
            fn call(&self, ($($part,)+): ($($part,)+), request: Request, next: Next) -> Fut {
                self($($part,)+ request, next)
            }
        }
    };
}

macro_rules! arguments {
    ($($part:ident)+) => {
        impl<$($part),+> HeadArgs for ($($part,)+)
        where
            $($part: FromRequestParts + Send + 'static,)+
        {
            #[expect(non_snake_case, reason = "the values are named like their types")]
            async fn extract(request: &mut Request, scope: &Scope) -> Result<Self, Box<Response>> {
                let (mut parts, body) = std::mem::take(request).into_parts();
                $(
                    let $part = match $part::from_request_parts(&mut parts, scope).await {
                        Ok(value) => value,
                        Err(rejection) => return Err(Box::new(rejection.into_response())),
                    };
                )+
                *request = Request::from_parts(parts, body);
                Ok(($($part,)+))
            }

            fn needs(needs: &mut Needs) {
                $($part::needs(needs);)+
            }
        }
    };
}

functions!(A1);
functions!(A1 A2);
functions!(A1 A2 A3);
functions!(A1 A2 A3 A4);
functions!(A1 A2 A3 A4 A5);
functions!(A1 A2 A3 A4 A5 A6);

arguments!(A1);
arguments!(A1 A2);
arguments!(A1 A2 A3);
arguments!(A1 A2 A3 A4);
arguments!(A1 A2 A3 A4 A5);
arguments!(A1 A2 A3 A4 A5 A6);
