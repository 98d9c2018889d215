//! One failing handler answers 500, and nothing else suffers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use wharf_http::Response;

use crate::error::{ErrorKind, HttpError};
use crate::extract::Scope;
use crate::response::IntoResponse;

pin_project! {
    /// A future whose panic becomes a 500 and whose errors get their looks.
    pub(crate) struct Guarded<F> {
        scope: Arc<Scope>,
        #[pin]
        future: F,
    }
}

impl<F> Guarded<F> {
    pub(crate) fn new(scope: Arc<Scope>, future: F) -> Self {
        Self { scope, future }
    }

    /// Makes the future in the place where it stays.
    pub(crate) fn boxed(scope: Arc<Scope>, make: impl FnOnce() -> F) -> Pin<Box<Self>> {
        let place = Box::new_uninit();
        Box::into_pin(Box::write(place, Self::new(scope, make())))
    }

    /// Returns the scope, and the future that is guarded.
    pub(crate) fn parts(self: Pin<&mut Self>) -> (&Arc<Scope>, Pin<&mut F>) {
        let this = self.project();
        (this.scope, this.future)
    }
}

impl<F: Future<Output: IntoResponse>> Future for Guarded<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let this = self.project();
        let scope = &**this.scope;
        let future = this.future;
        // The future is not polled again after a panic, so that nobody sees it half way.
        // A response gets its looks inside: it is large to move, and leaves there but once.
        match catch_unwind(AssertUnwindSafe(|| {
            future.poll(cx).map(|output| {
                let mut response = output.into_response();
                scope.settle(&mut response);
                response
            })
        })) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(scope.render(&panicked(panic.as_ref()))),
        }
    }
}

/// Makes the error of a panic: the message is logged, not sent.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> HttpError {
    HttpError::new(http::StatusCode::INTERNAL_SERVER_ERROR)
        .kind(ErrorKind::Panic)
        .because(format!("panicked: {}", message(panic)))
}

/// Returns what a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text")
}
