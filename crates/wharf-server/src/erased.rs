//! [`AnyServe`] and [`AnyService`], what is served when its type has been forgotten.
//!
//! A server is generic where it is described, and forgets what it serves when it starts. All the rest is so compiled once, here,
//! and not once more with each program, whenever that changes.

use std::sync::Arc;

use wharf_http::error::ErrorLog;
use wharf_http::service::{Answer, AnyFuture, Refusal, Rejected};
use wharf_http::{BoxError, BoxFuture, Context, Request, Response, Serve, Service};

/// Something to serve, of whatever type.
pub(crate) struct AnyServe(Box<dyn DynServe>);

impl AnyServe {
    pub(crate) fn new(serve: impl Serve) -> Self {
        Self(Box::new(serve))
    }

    pub(crate) fn check(&mut self) -> BoxFuture<'_, Result<(), BoxError>> {
        self.0.check()
    }

    pub(crate) fn log_errors(&mut self, log: ErrorLog) {
        self.0.log_errors(log);
    }

    pub(crate) fn start(self) -> BoxFuture<'static, Result<Arc<AnyService>, BoxError>> {
        self.0.start()
    }
}

trait DynServe: Send {
    fn check(&mut self) -> BoxFuture<'_, Result<(), BoxError>>;

    fn log_errors(&mut self, log: ErrorLog);

    fn start(self: Box<Self>) -> BoxFuture<'static, Result<Arc<AnyService>, BoxError>>;
}

impl<S: Serve> DynServe for S {
    fn check(&mut self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(Serve::check(self))
    }

    fn log_errors(&mut self, log: ErrorLog) {
        Serve::log_errors(self, log);
    }

    fn start(self: Box<Self>) -> BoxFuture<'static, Result<Arc<AnyService>, BoxError>> {
        Box::pin(async { Ok(Arc::new(AnyService::new(Serve::start(*self).await?))) })
    }
}

/// A service of whatever type.
pub(crate) struct AnyService(Box<dyn DynService>);

impl AnyService {
    pub(crate) fn new(service: impl Service) -> Self {
        Self(Box::new(service))
    }
}

impl Service for AnyService {
    type Future = AnyFuture;

    fn call(&self, request: Request, context: &Context) -> Self::Future {
        self.0.call(request, context)
    }

    fn refuse(
        &self,
        request: Request,
        refusal: Refusal,
        context: &Context,
    ) -> Answer<Self::Future> {
        self.0.refuse(request, refusal, context)
    }

    fn reject(&self, rejected: &Rejected) -> Response {
        self.0.reject(rejected)
    }

    fn route_count(&self) -> usize {
        self.0.route_count()
    }

    fn describe_route(&self, number: u32) -> Option<String> {
        self.0.describe_route(number)
    }

    fn is_debug(&self) -> bool {
        self.0.is_debug()
    }

    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        self.0.shutdown()
    }

    fn stop(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        self.0.stop()
    }
}

trait DynService: Send + Sync {
    fn call(&self, request: Request, context: &Context) -> AnyFuture;

    fn refuse(&self, request: Request, refusal: Refusal, context: &Context) -> Answer<AnyFuture>;

    fn reject(&self, rejected: &Rejected) -> Response;

    fn route_count(&self) -> usize;

    fn describe_route(&self, number: u32) -> Option<String>;

    fn is_debug(&self) -> bool;

    fn shutdown(&self) -> BoxFuture<'_, ()>;

    fn stop(&self) -> BoxFuture<'_, Result<(), BoxError>>;
}

impl<S: Service> DynService for S {
    fn call(&self, request: Request, context: &Context) -> AnyFuture {
        self.call_any(request, context)
    }

    fn refuse(&self, request: Request, refusal: Refusal, context: &Context) -> Answer<AnyFuture> {
        match Service::refuse(self, request, refusal, context) {
            Answer::Later(future) => Answer::Later(AnyFuture::new(Box::pin(future))),
            Answer::Now(response) => Answer::Now(response),
            // The enum may grow.
            _ => Answer::Now(None),
        }
    }

    fn reject(&self, rejected: &Rejected) -> Response {
        Service::reject(self, rejected)
    }

    fn route_count(&self) -> usize {
        Service::route_count(self)
    }

    fn describe_route(&self, number: u32) -> Option<String> {
        Service::describe_route(self, number)
    }

    fn is_debug(&self) -> bool {
        Service::is_debug(self)
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(Service::shutdown(self))
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(Service::stop(self))
    }
}
