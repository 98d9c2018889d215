//! Middleware: code around a call, the same shape on the server and on the client.
//!
//! ~~~text
//! request ─▶ first ─▶ second ─▶ ... ─▶ end
//!           ◀─ output ◀─ output ◀─ ... ◀┘
//! ~~~
//!
//! A [`Chain`] holds the middleware in the order of writing, the first one outermost, and what they end in. [`Next`]
//! is the rest of a chain, owned, so that it can be kept, moved to another task, or (by a client's retry) run twice.

use std::fmt;
use std::sync::Arc;

use crate::{BoxFuture, Request};

/// Which end of a connection a middleware works on: what a call gives, and what is known of it.
pub trait Side: Sized + Send + Sync + 'static {
    /// What a call ends in: a response on the server, a response or an error on the client.
    type Output: Send + 'static;
    /// What is known of one call besides the request.
    type Scope: Send + Sync + 'static;
}

/// Code around a call.
///
/// It may answer by itself, change the request before and the output after [`Next::run`], or run `next` on another
/// request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a middleware",
    note = "a middleware is an `async fn(Request, Next) -> impl IntoResponse`, or a type that implements `Middleware`"
)]
pub trait Middleware<S: Side>: Send + Sync + 'static {
    /// Handles one request; `next` is the rest of the chain.
    fn handle(&self, request: Request, next: Next<S>) -> impl Future<Output = S::Output> + Send;

    /// Says what is wrong with its settings; `None` when nothing is. An app that it is wrapped around does not start then.
    ///
    /// So its builder needs no `Result`, and all problems of an app are listed at once. Only the server's side asks.
    /// Default: `None`.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// A middleware as chains hold it: what it gives borrows nothing.
///
/// A request is large to move, and a future that borrows its middleware needs places for several of them. Implement
/// [`Middleware`] unless that is measured to matter.
pub trait Link<S: Side>: Send + Sync + 'static {
    /// Handles one request; `next` is the rest of the chain.
    ///
    /// Nothing of the answer needs to happen before the future is polled. A panic in here is the caller's.
    fn call(&self, request: Handover<'_>, next: Next<S>) -> BoxFuture<'static, S::Output>;
}

/// A request on its way into a link, which takes it to where it stays: each place between would be one more copy.
#[derive(Debug)]
pub struct Handover<'a>(&'a mut Option<Request>);

impl Handover<'_> {
    /// Takes the request.
    ///
    /// # Panics
    ///
    /// Does not: whoever makes one puts a request into it, and taking uses it up.
    #[inline]
    #[must_use]
    pub fn take(self) -> Request {
        self.0
            .take()
            .expect("whoever makes one puts a request into it, and taking uses it up")
    }
}

/// A middleware as one link of a chain.
struct Linked<M>(Arc<M>);

impl<S: Side, M: Middleware<S>> Link<S> for Linked<M> {
    fn call(&self, request: Handover<'_>, next: Next<S>) -> BoxFuture<'static, S::Output> {
        let middleware = Arc::clone(&self.0);
        let request = request.take();
        Box::pin(async move { middleware.handle(request, next).await })
    }
}

/// A middleware that several chains can share.
pub struct SharedMiddleware<S: Side> {
    link: Arc<dyn Link<S>>,
}

impl<S: Side> SharedMiddleware<S> {
    /// Makes `middleware` shareable.
    #[must_use]
    pub fn new(middleware: impl Middleware<S>) -> Self {
        Self::of(Linked(Arc::new(middleware)))
    }

    /// Makes a link shareable.
    #[must_use]
    pub fn of(link: impl Link<S>) -> Self {
        Self {
            link: Arc::new(link),
        }
    }
}

impl<S: Side> Middleware<S> for SharedMiddleware<S> {
    fn handle(&self, request: Request, next: Next<S>) -> impl Future<Output = S::Output> + Send {
        self.link.call(Handover(&mut Some(request)), next)
    }
}

impl<S: Side> Clone for SharedMiddleware<S> {
    fn clone(&self) -> Self {
        Self {
            link: Arc::clone(&self.link),
        }
    }
}

impl<S: Side> fmt::Debug for SharedMiddleware<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMiddleware").finish_non_exhaustive()
    }
}

/// What a chain of middleware ends in.
pub trait Endpoint<S: Side>: Send + Sync + 'static {
    /// Makes the call itself.
    fn call(&self, request: Request, scope: Arc<S::Scope>) -> BoxFuture<'static, S::Output>;
}

/// Middleware in order, and what they end in.
pub struct Chain<S: Side> {
    middleware: Box<[SharedMiddleware<S>]>,
    end: Box<dyn Endpoint<S>>,
}

impl<S: Side> Chain<S> {
    /// Creates a chain; the first of `middleware` is the outermost.
    #[must_use]
    pub fn new(middleware: Vec<SharedMiddleware<S>>, end: Box<dyn Endpoint<S>>) -> Self {
        Self {
            middleware: middleware.into(),
            end,
        }
    }

    /// Sends `request` through the chain.
    #[inline]
    pub fn run(
        self: &Arc<Self>,
        request: Request,
        scope: Arc<S::Scope>,
    ) -> BoxFuture<'static, S::Output> {
        if self.middleware.is_empty() {
            return self.end.call(request, scope);
        }
        self.begin(request, scope)
    }

    /// Sends `request` through the middleware. A function by itself, so that who has none does without the place for it.
    #[inline(never)]
    fn begin(
        self: &Arc<Self>,
        request: Request,
        scope: Arc<S::Scope>,
    ) -> BoxFuture<'static, S::Output> {
        let whole = Next {
            chain: Arc::clone(self),
            position: 0,
            scope,
        };
        whole.run(request)
    }

    /// Makes the call that it ends in. A function by itself, or the compiler keeps one more copy of the request for it at each
    /// link.
    #[inline(never)]
    fn end(&self, request: Handover<'_>, scope: Arc<S::Scope>) -> BoxFuture<'static, S::Output> {
        self.end.call(request.take(), scope)
    }
}

impl<S: Side> fmt::Debug for Chain<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("middleware", &self.middleware.len())
            .finish_non_exhaustive()
    }
}

/// The rest of a chain: later middleware and the end.
pub struct Next<S: Side> {
    chain: Arc<Chain<S>>,
    position: usize,
    scope: Arc<S::Scope>,
}

impl<S: Side> Next<S> {
    /// Sends `request` on. What comes of it happens when the future is polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the call as the client's leaving would.
    #[inline]
    pub fn run(mut self, request: Request) -> BoxFuture<'static, S::Output> {
        let request = Handover(&mut Some(request));
        let chain = Arc::clone(&self.chain);
        match chain.middleware.get(self.position) {
            Some(middleware) => {
                self.position += 1;
                middleware.link.call(request, self)
            }
            None => chain.end(request, self.scope),
        }
    }

    /// Returns what is known of the call besides the request.
    #[must_use]
    pub fn scope(&self) -> &Arc<S::Scope> {
        &self.scope
    }
}

impl<S: Side> Clone for Next<S> {
    fn clone(&self) -> Self {
        Self {
            chain: Arc::clone(&self.chain),
            position: self.position,
            scope: Arc::clone(&self.scope),
        }
    }
}

impl<S: Side> fmt::Debug for Next<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    enum Texts {}

    impl Side for Texts {
        type Output = String;
        type Scope = &'static str;
    }

    struct Letter(char);

    impl Middleware<Texts> for Letter {
        async fn handle(&self, request: Request, next: Next<Texts>) -> String {
            format!("{0}{1}{0}", self.0, next.run(request).await)
        }
    }

    struct Twice;

    impl Middleware<Texts> for Twice {
        async fn handle(&self, _request: Request, next: Next<Texts>) -> String {
            let first = next.clone().run(Request::default()).await;
            first + &next.run(Request::default()).await
        }
    }

    struct End;

    impl Endpoint<Texts> for End {
        fn call(&self, _request: Request, scope: Arc<&'static str>) -> BoxFuture<'static, String> {
            Box::pin(async move { scope.to_string() })
        }
    }

    async fn run(middleware: Vec<SharedMiddleware<Texts>>) -> String {
        Arc::new(Chain::new(middleware, Box::new(End)))
            .run(Request::default(), Arc::new("-"))
            .await
    }

    #[tokio::test]
    async fn the_first_written_is_the_outermost() {
        let chain = vec![
            SharedMiddleware::new(Letter('a')),
            SharedMiddleware::new(Letter('b')),
        ];
        assert_eq!(run(chain).await, "ab-ba");
        assert_eq!(run(vec![]).await, "-");
    }

    #[tokio::test]
    async fn the_rest_of_a_chain_can_be_run_twice() {
        let chain = vec![
            SharedMiddleware::new(Twice),
            SharedMiddleware::new(Letter('a')),
        ];
        assert_eq!(run(chain).await, "a-aa-a");
    }
}
