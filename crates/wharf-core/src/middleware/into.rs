use std::fmt;
use std::future::Ready;
use std::marker::PhantomData;

use wharf_http::{Middleware, Response};

use super::from_fn::{FromFn, HeadArgs, MiddlewareFn};
use super::{Layer, Served};
use crate::response::IntoResponse;

/// What can be wrapped around an app or a route: an async function, a ready-made middleware, a [`Middleware`] type of your own,
/// a [`Layer`], or an `Option` of these.
///
/// `M` tells which; it is inferred. Calling, extracting and answering are separate here, as they are for handlers, so
/// that the compiler names the part that is wrong: `wrap` asks for each of the associated types by itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    label = "write `async fn(Request, Next) -> impl IntoResponse`; extractors of the head may come before the request",
    note = "a type of your own can implement `Middleware<Served>`",
    note = "a tower layer is wrapped as `tower::layer(..)`, with the feature `tower`"
)]
pub trait IntoMiddleware<M>: Sized {
    /// What it answers with.
    type Output;
    /// The future that it returns.
    type Future;
    /// The extractors before the request.
    type Arguments;

    /// Makes a layer of it.
    fn into_layer(self) -> Layer
    where
        Self::Output: IntoResponse,
        Self::Future: Send,
        Self::Arguments: HeadArgs;
}

/// Marks a type that is a [`Middleware`] itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaType {}

/// Marks a [`Layer`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaLayer {}

/// Marks a ready-made middleware that says by itself what it needs and what it provides.
#[derive(Debug)]
#[non_exhaustive]
pub enum ViaSettings {}

/// Marks an async function with the extractors `A` before the request.
pub struct ViaFunction<A>(PhantomData<fn(A)>);

/// Marks an `Option` of what `M` marks.
pub struct ViaOption<M>(PhantomData<fn(M)>);

impl<T: Middleware<Served>> IntoMiddleware<ViaType> for T {
    type Output = Response;
    type Future = Ready<Response>;
    type Arguments = ();

    fn into_layer(self) -> Layer {
        Layer::new(self)
    }
}

impl IntoMiddleware<ViaLayer> for Layer {
    type Output = Response;
    type Future = Ready<Response>;
    type Arguments = ();

    fn into_layer(self) -> Layer {
        self
    }
}

impl<F, A> IntoMiddleware<ViaFunction<A>> for F
where
    F: MiddlewareFn<A>,
{
    type Output = F::Output;
    type Future = F::Future;
    type Arguments = A;

    fn into_layer(self) -> Layer
    where
        F::Output: IntoResponse,
        F::Future: Send,
        A: HeadArgs,
    {
        FromFn::new(self).into_layer()
    }
}

impl<T, M> IntoMiddleware<ViaOption<M>> for Option<T>
where
    T: IntoMiddleware<M>,
{
    type Output = T::Output;
    type Future = T::Future;
    type Arguments = T::Arguments;

    /// Makes a layer of it, or one that is left out: `wrap(condition.then_some(middleware))`.
    fn into_layer(self) -> Layer
    where
        T::Output: IntoResponse,
        T::Future: Send,
        T::Arguments: HeadArgs,
    {
        self.map_or_else(Layer::none, T::into_layer)
    }
}

impl<A> fmt::Debug for ViaFunction<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ViaFunction")
    }
}

impl<M> fmt::Debug for ViaOption<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ViaOption")
    }
}
