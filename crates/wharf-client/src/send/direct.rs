//! [`Direct`]: requests that a function answers, with no connection in between.

use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HeaderValue};
use tokio::time::timeout;
use wharf_http::middleware::Endpoint;
use wharf_http::{BoxError, BoxFuture, Request, Response};

use super::{Scope, wire};
use crate::connect::Route;
use crate::middleware::Sending;
use crate::trace::Event;
use crate::{Error, ErrorKind, Phase};

type Answer = dyn Fn(Request) -> BoxFuture<'static, Result<Response, BoxError>> + Send + Sync;

/// What the middleware of a client ends in when a function answers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Direct(Arc<Answer>);

impl Direct {
    pub(crate) fn new<F, Fut>(answer: F) -> Self
    where
        F: Fn(Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, BoxError>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(answer(request))))
    }
}

impl Endpoint<Sending> for Direct {
    fn call(
        &self,
        mut request: Request,
        scope: Arc<Scope>,
    ) -> BoxFuture<'static, Result<Response, Error>> {
        let answer = Arc::clone(&self.0);
        Box::pin(async move {
            let route = Route::of(&request, &scope)?;
            wire::check(&request)?;
            let uri = std::mem::take(request.uri_mut());
            wire::complete(&mut request, &scope);
            #[cfg(feature = "cookies")]
            super::cookies::add(&mut request, &uri, &scope)?;
            wire::for_http1(&mut request, &uri, &route)?;
            measure(&mut request);
            if scope.call.is_observed() {
                scope.call.notify(&Event::HeadersSent {
                    method: request.method(),
                    uri: &uri,
                    headers: request.headers(),
                });
            }
            let target = route.key().target();
            let limit = scope.timeouts.response_head;
            let answering = answer(request);
            let answered = match limit {
                None => answering.await,
                Some(time) => timeout(time, answering)
                    .await
                    .map_err(|_elapsed| Error::timeout(Phase::ResponseHead, limit).at(target))?,
            };
            let response = answered
                .map_err(|error| Error::new(ErrorKind::Connect).because(error).at(target))?;
            #[cfg(feature = "cookies")]
            super::cookies::keep(response.headers(), &uri, &scope);
            Ok(response)
        })
    }
}

/// Tells how long the body is, which hyper does for requests that go over a connection.
fn measure(request: &mut Request) {
    if let Some(length) = request.body().len().filter(|&length| length > 0) {
        let length = HeaderValue::from(length);
        request
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(length);
    }
}
