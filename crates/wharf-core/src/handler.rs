//! Handlers: asynchronous functions whose arguments are made from the request.
//!
//! Calling and extracting are separate traits that meet where a route is made: [`Handler`] is what can be called with
//! a tuple of arguments, [`HandlerArgs`] is a tuple that can be made from a request. So a mistake in one argument is
//! reported for that argument.

use std::future::ready;
use std::sync::Arc;

use http::request::Parts;
use wharf_http::{Body, Response};

use crate::extract::{FromRequest, FromRequestParts, Needs, Scope};
use crate::response::IntoResponse;

/// An asynchronous function that answers requests, called with the arguments `A`.
///
/// Implemented for `async fn`s and closures of up to eight arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "write `async fn`, or `async |..|`, with up to 8 arguments",
    note = "a handler is an `async fn` or a closure that returns a future; it must be `Clone + Send + Sync + 'static`",
    note = "where there are too many arguments, put several into one extractor of your own"
)]
pub trait Handler<A>: Clone + Send + Sync + 'static {
    /// What the function's future gives.
    type Output;
    /// The future that the function returns.
    type Future: Future<Output = Self::Output>;

    /// Calls the function.
    fn call(&self, args: A) -> Self::Future;
}

/// The arguments of a handler, made from a request: all but the last from its head, the last may read the body.
///
/// `M` tells how the last argument is made; it is inferred.
#[diagnostic::on_unimplemented(
    message = "the arguments `{Self}` cannot be made from a request",
    note = "each argument must be an extractor; only the last may read the body"
)]
pub trait HandlerArgs<M>: Sized + Send + 'static {
    /// Makes the arguments, or the response to send instead of calling the handler.
    ///
    /// The response is boxed: it is rare, and would make every waiting handler larger.
    fn extract(
        head: Parts,
        body: Body,
        scope: &Arc<Scope>,
    ) -> impl Future<Output = Result<Self, Box<Response>>> + Send + 'static;

    /// Names what the arguments will look up, so that the app can refuse to start without it.
    fn needs(needs: &mut Needs);
}

impl<F, Fut> Handler<()> for F
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(&self, (): ()) -> Fut {
        self()
    }
}

impl HandlerArgs<()> for () {
    fn extract(
        _head: Parts,
        _body: Body,
        _scope: &Arc<Scope>,
    ) -> impl Future<Output = Result<Self, Box<Response>>> + Send + 'static {
        // Not an `async fn`, which would carry the request along for nothing.
        ready(Ok(()))
    }

    fn needs(_needs: &mut Needs) {}
}

impl<M, A1> HandlerArgs<M> for (A1,)
where
    A1: FromRequest<M> + Send + 'static,
{
    fn extract(
        head: Parts,
        mut body: Body,
        scope: &Arc<Scope>,
    ) -> impl Future<Output = Result<Self, Box<Response>>> + Send + 'static {
        let mut head = Some(head);
        let scope = Arc::clone(scope);
        async move {
            match A1::from_pieces(&mut head, &mut body, &scope).await {
                Ok(argument) => Ok((argument,)),
                Err(rejection) => Err(Box::new(rejection.into_response())),
            }
        }
    }

    fn needs(needs: &mut Needs) {
        A1::needs(needs);
    }
}

macro_rules! functions {
    ($($part:ident)*; $last:ident) => {
        impl<F, Fut, $($part,)* $last> Handler<($($part,)* $last,)> for F
        where
            F: Fn($($part,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future,
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[expect(non_snake_case, reason = "the values are named like their types")]
            fn call(&self, ($($part,)* $last,): ($($part,)* $last,)) -> Fut {
                self($($part,)* $last)
            }
        }
    };
}

macro_rules! arguments {
    ($($part:ident)+; $last:ident) => {
        impl<M, $($part,)+ $last> HandlerArgs<M> for ($($part,)+ $last,)
        where
            $($part: FromRequestParts + Send + 'static,)+
            $last: FromRequest<M> + Send + 'static,
        {
            #[expect(non_snake_case, reason = "the values are named like their types")]
            fn extract(
                head: Parts,
                mut body: Body,
                scope: &Arc<Scope>,
            ) -> impl Future<Output = Result<Self, Box<Response>>> + Send + 'static {
                let mut pieces = Some(head);
                let scope = Arc::clone(scope);
                async move {
                    let head = pieces.as_mut().expect("it was put there a line above");
                    $(
                        let $part = match $part::from_request_parts(head, &scope).await {
                            Ok(value) => value,
                            Err(rejection) => return Err(Box::new(rejection.into_response())),
                        };
                    )+
                    match $last::from_pieces(&mut pieces, &mut body, &scope).await {
                        Ok($last) => Ok(($($part,)+ $last,)),
                        Err(rejection) => Err(Box::new(rejection.into_response())),
                    }
                }
            }

            fn needs(needs: &mut Needs) {
                $($part::needs(needs);)+
                $last::needs(needs);
            }
        }
    };
}

functions!(; A1);
functions!(A1; A2);
functions!(A1 A2; A3);
functions!(A1 A2 A3; A4);
functions!(A1 A2 A3 A4; A5);
functions!(A1 A2 A3 A4 A5; A6);
functions!(A1 A2 A3 A4 A5 A6; A7);
functions!(A1 A2 A3 A4 A5 A6 A7; A8);

arguments!(A1; A2);
arguments!(A1 A2; A3);
arguments!(A1 A2 A3; A4);
arguments!(A1 A2 A3 A4; A5);
arguments!(A1 A2 A3 A4 A5; A6);
arguments!(A1 A2 A3 A4 A5 A6; A7);
arguments!(A1 A2 A3 A4 A5 A6 A7; A8);
