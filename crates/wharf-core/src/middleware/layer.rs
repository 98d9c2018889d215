use std::any::type_name;
use std::fmt;
use std::future::ready;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use wharf_http::middleware::{Handover, Link, SharedMiddleware};
use wharf_http::{BoxFuture, Middleware, Response};

use super::{HeadArgs, MiddlewareFn, Next, Served};
use crate::extract::{Needs, TypeKey};
use crate::panic::{Guarded, panicked};
use crate::response::IntoResponse;

/// A middleware together with what it needs and what it provides. Made by `from_fn` or [`Layer::new`].
///
/// # Examples
///
/// A middleware that says what later extractors may rely on:
///
/// ```
/// use wharf_core::{App, Extension, HttpError, Next, Request, Response, from_fn, get};
///
/// #[derive(Clone)]
/// struct User(String);
///
/// async fn authenticate(mut request: Request, next: Next) -> Result<Response, HttpError> {
///     request.extensions_mut().insert(User("ada".into()));
///     Ok(next.run(request).await)
/// }
///
/// async fn me(user: Extension<User>) -> String {
///     user.0.0
/// }
///
/// let app = App::new().routes([get("/me", me)]);
/// assert!(app.check().is_err()); // nobody provides a `User`
///
/// let app = App::new().routes([get("/me", me)]).wrap(from_fn(authenticate).provides::<User>());
/// assert!(app.check().is_ok());
/// ```
#[derive(Clone)]
pub struct Layer {
    /// `None` for one that is left out.
    middleware: Option<SharedMiddleware<Served>>,
    name: &'static str,
    needs: Needs,
    provides: Vec<TypeKey>,
    problem: Option<String>,
    at_start: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Layer {
    /// Makes a layer of a middleware that needs nothing and provides nothing.
    #[must_use]
    pub fn new<T: Middleware<Served>>(middleware: T) -> Self {
        Self::named(type_name::<T>(), middleware)
    }

    pub(crate) fn named(name: &'static str, middleware: impl Middleware<Served>) -> Self {
        Self {
            problem: middleware.problem(),
            middleware: Some(SharedMiddleware::of(Isolated(Arc::new(middleware)))),
            name,
            needs: Needs::default(),
            provides: Vec::new(),
            at_start: None,
        }
    }

    /// Makes a layer of an async function.
    pub(super) fn of_function<F, A>(name: &'static str, function: F) -> Self
    where
        F: MiddlewareFn<A, Output: IntoResponse, Future: Send>,
        A: HeadArgs,
    {
        Self {
            middleware: Some(SharedMiddleware::of(IsolatedFn::new(function))),
            problem: None,
            name,
            needs: Needs::default(),
            provides: Vec::new(),
            at_start: None,
        }
        .needs(A::needs)
    }

    /// Makes a layer that is left out.
    pub(super) fn none() -> Self {
        Self {
            middleware: None,
            name: "none",
            needs: Needs::default(),
            provides: Vec::new(),
            problem: None,
            at_start: None,
        }
    }

    /// Has something done when the app starts, inside the runtime that outlives all requests.
    #[cfg(feature = "tower")]
    pub(crate) fn at_start(mut self, begin: impl Fn() + Send + Sync + 'static) -> Self {
        self.at_start = Some(Arc::new(begin));
        self
    }

    /// Does what is to be done when the app starts; once for each place that the layer is wrapped around.
    pub(crate) fn begin(&self) {
        if let Some(begin) = &self.at_start {
            begin();
        }
    }

    /// Puts what is made of the middleware in its place, to run it for some requests only.
    pub(super) fn only_when<T: Middleware<Served>>(
        mut self,
        make: impl FnOnce(SharedMiddleware<Served>) -> T,
    ) -> Self {
        let made = |inner| SharedMiddleware::of(Isolated(Arc::new(make(inner))));
        self.middleware = self.middleware.map(made);
        self.provides.clear();
        self
    }

    /// Declares that the middleware puts a value of type `T` into the extensions of every request that it sends on.
    #[must_use]
    pub fn provides<T: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.provides.push(TypeKey::of::<T>());
        self
    }

    /// Declares what the middleware looks up.
    #[must_use]
    pub fn needs(mut self, name: impl FnOnce(&mut Needs)) -> Self {
        name(&mut self.needs);
        self
    }

    pub(crate) fn middleware(&self) -> Option<SharedMiddleware<Served>> {
        self.middleware.clone()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What is wrong with the settings of the middleware.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub(crate) fn needed(&self) -> &Needs {
        &self.needs
    }

    pub(crate) fn provided(&self) -> &[TypeKey] {
        &self.provides
    }
}

/// A middleware whose panic is an answer that those around it see, and whose errors have their looks when they do.
struct Isolated<T>(Arc<T>);

impl<T: Middleware<Served>> Link<Served> for Isolated<T> {
    fn call(&self, request: Handover<'_>, next: Next) -> BoxFuture<'static, Response> {
        let middleware = Arc::clone(&self.0);
        let scope = Arc::clone(next.scope());
        Guarded::boxed(scope, || {
            let request = request.take();
            async move { middleware.handle(request, next).await }
        })
    }
}

/// The same of an async function, whose future borrows nothing: it has one place for the request.
struct IsolatedFn<F, A> {
    function: Arc<F>,
    arguments: PhantomData<fn(A)>,
}

impl<F, A> IsolatedFn<F, A> {
    fn new(function: F) -> Self {
        Self {
            function: Arc::new(function),
            arguments: PhantomData,
        }
    }
}

impl<F, A> Link<Served> for IsolatedFn<F, A>
where
    F: MiddlewareFn<A, Output: IntoResponse, Future: Send>,
    A: HeadArgs,
{
    fn call(&self, request: Handover<'_>, next: Next) -> BoxFuture<'static, Response> {
        let scope = Arc::clone(next.scope());
        let Some(none) = A::none() else {
            let function = Arc::clone(&self.function);
            return Guarded::boxed(scope, || {
                let mut request = request.take();
                async move {
                    match A::extract(&mut request, next.scope()).await {
                        Ok(arguments) => {
                            let answer = function.call(arguments, request, next);
                            answer.await.into_response()
                        }
                        Err(rejection) => *rejection,
                    }
                }
            });
        };
        // A closure that returns a future may panic before it has one.
        let made = catch_unwind(AssertUnwindSafe(|| -> BoxFuture<'static, Response> {
            Guarded::boxed(Arc::clone(&scope), || {
                self.function.call(none, request.take(), next)
            })
        }));
        made.unwrap_or_else(|panic| Box::pin(ready(scope.render(&panicked(panic.as_ref())))))
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("name", &self.name)
            .field("provides", &self.provides)
            .finish_non_exhaustive()
    }
}
