use std::fmt;
use std::marker::PhantomData;

use wharf_http::{BoxFuture, Request, Response};

use crate::error::HttpError;
use crate::extract::{Needs, Scope};
use crate::middleware::HeadArgs;

/// An asynchronous function that says whom credentials `C` belong to, with the extractors `A` before them.
///
/// Implemented for `async fn`s and closures of up to four extractors of the head and the credentials. It gives an `Option`, `None`
/// for credentials that are not valid, or a `Result` of that; see [`Verdict`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not verify credentials",
    label = "write `async fn(Basic) -> Option<User>`, or `Bearer`; extractors of the head may come before the credentials",
    note = "it may give a `Result<Option<User>, HttpError>`, too"
)]
pub trait Verify<C, A>: Send + Sync + 'static {
    /// What the function's future gives.
    type Output;
    /// The future that the function returns.
    type Future: Future<Output = Self::Output>;

    /// Calls the function.
    fn call(&self, args: A, credentials: C) -> Self::Future;
}

/// What a verifier may give: `Option<P>`, or `Result<Option<P>, E>`.
///
/// `None` is answered 401. An error is answered as it is, and 401 and 403 say how to sign in, if it does not say so itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who is asking",
    label = "a verifier gives `Option<User>`, or `Result<Option<User>, HttpError>`"
)]
pub trait Verdict {
    /// Who was found to be asking.
    type Principal;

    /// Returns who is asking; `None` when the credentials are not valid.
    ///
    /// # Errors
    ///
    /// Why it could not be found out, or what is wrong with the credentials.
    fn into_result(self) -> Result<Option<Self::Principal>, HttpError>;
}

impl<P> Verdict for Option<P> {
    type Principal = P;

    fn into_result(self) -> Result<Self, HttpError> {
        Ok(self)
    }
}

impl<P, E: Into<HttpError>> Verdict for Result<Option<P>, E> {
    type Principal = P;

    fn into_result(self) -> Result<Option<P>, HttpError> {
        self.map_err(Into::into)
    }
}

/// Why nobody was found.
pub(super) enum Failure {
    /// An extractor before the credentials answers.
    Extraction(Box<Response>),
    /// The verifier answers.
    Verifier(HttpError),
}

/// A verifier whatever it is made of.
pub(super) trait Verifier<C, P>: Send + Sync + 'static {
    fn verify<'a>(
        &'a self,
        credentials: C,
        request: &'a mut Request,
        scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<P>, Failure>>;

    fn needs(&self, _needs: &mut Needs) {}

    fn problem(&self) -> Option<String> {
        None
    }
}

/// A verifier made of a function with the extractors `A`.
pub(super) struct Function<F, A> {
    function: F,
    arguments: PhantomData<fn(A)>,
}

impl<F, A> Function<F, A> {
    pub(super) fn new(function: F) -> Self {
        Self {
            function,
            arguments: PhantomData,
        }
    }
}

impl<C, P, F, A> Verifier<C, P> for Function<F, A>
where
    C: Send + 'static,
    F: Verify<C, A, Output: Verdict<Principal = P>, Future: Send>,
    A: HeadArgs,
{
    fn verify<'a>(
        &'a self,
        credentials: C,
        request: &'a mut Request,
        scope: &'a Scope,
    ) -> BoxFuture<'a, Result<Option<P>, Failure>> {
        Box::pin(async move {
            let args = A::extract(request, scope)
                .await
                .map_err(Failure::Extraction)?;
            let verdict = self.function.call(args, credentials).await;
            verdict.into_result().map_err(Failure::Verifier)
        })
    }

    fn needs(&self, needs: &mut Needs) {
        A::needs(needs);
    }
}

impl<F, A> fmt::Debug for Function<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

impl<C, F, Fut> Verify<C, ()> for F
where
    F: Fn(C) -> Fut + Send + Sync + 'static,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(&self, (): (), credentials: C) -> Fut {
        self(credentials)
    }
}

macro_rules! functions {
    ($($part:ident)+) => {
        impl<C, F, Fut, $($part),+> Verify<C, ($($part,)+)> for F
        where
            F: Fn($($part,)+ C) -> Fut + Send + Sync + 'static,
            Fut: Future,
        {
            type Output = Fut::Output;
            type Future = Fut;

            #[expect(non_snake_case, reason = "the values are named like their types")]
            fn call(&self, ($($part,)+): ($($part,)+), credentials: C) -> Fut {
                self($($part,)+ credentials)
            }
        }
    };
}

functions!(A1);
functions!(A1 A2);
functions!(A1 A2 A3);
functions!(A1 A2 A3 A4);
