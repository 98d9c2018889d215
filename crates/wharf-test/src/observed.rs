//! [`Observed`], a service whose requests are written down in the journal of a test.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{self, Poll};

use http::uri::Scheme;
use wharf_http::error::ErrorLog;
use wharf_http::service::{Answer, Refusal, Rejected};
use wharf_http::{BoxError, BoxFuture, Context, Peer, Request, Response, Serve, Service};

use crate::journal::{Entry, Journal};

/// What a service is observed with.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) journal: Journal,
    /// Who the client is and how it asks, where the connection cannot tell.
    pub(crate) client: Option<(SocketAddr, Scheme)>,
    #[cfg(feature = "tracing")]
    pub(crate) events: bool,
}

/// A service, or what becomes one, whose requests are written down.
pub(crate) struct Observed<S> {
    inner: S,
    watch: Watch,
}

impl<S> Observed<S> {
    pub(crate) fn new(inner: S, watch: Watch) -> Self {
        Self { inner, watch }
    }
}

impl<S: Service> Observed<S> {
    /// Begins the account of a request.
    fn begin(&self, request: &Request, context: &Context) -> Option<Entry> {
        if let Some((peer, scheme)) = &self.watch.client {
            context.set_client(Peer::Tcp(*peer), scheme.clone());
        }
        self.watch.journal.begin(request, context)
    }

    /// Goes on with the account until the answer is there.
    fn follow(&self, answer: S::Future, entry: Option<Entry>, context: &Context) -> Followed {
        let Some(entry) = entry else {
            return Box::pin(answer);
        };
        let route = context.route_number();
        let route = route.and_then(|number| self.inner.describe_route(number));
        let route = route.or_else(|| context.route().map(|route| route.to_string()));
        entry.account().route = route;
        #[cfg(feature = "tracing")]
        if self.watch.events {
            let answer = crate::events::Captured::new(answer, entry.lines());
            return Box::pin(Following {
                answer: Box::pin(answer),
                _entry: entry,
            });
        }
        Box::pin(Following {
            answer: Box::pin(answer),
            _entry: entry,
        })
    }
}

type Followed = BoxFuture<'static, Response>;

/// An answer to come, and the account of it.
struct Following {
    answer: BoxFuture<'static, Response>,
    _entry: Entry,
}

impl Future for Following {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        self.answer.as_mut().poll(cx)
    }
}

impl<S: Service> Service for Observed<S> {
    type Future = Followed;

    fn call(&self, request: Request, context: &Context) -> Followed {
        let entry = self.begin(&request, context);
        let answer = self.inner.call(request, context);
        self.follow(answer, entry, context)
    }

    fn refuse(&self, request: Request, refusal: Refusal, context: &Context) -> Answer<Followed> {
        let entry = self.begin(&request, context);
        let plain = refusal.clone();
        match self.inner.refuse(request, refusal, context) {
            Answer::Now(response) => Answer::Now(response),
            Answer::Later(answer) => Answer::Later(self.follow(answer, entry, context)),
            _ => Answer::Now(Some(plain.into_response())),
        }
    }

    fn reject(&self, rejected: &Rejected) -> Response {
        self.inner.reject(rejected)
    }

    fn route_count(&self) -> usize {
        self.inner.route_count()
    }

    fn describe_route(&self, number: u32) -> Option<String> {
        self.inner.describe_route(number)
    }

    fn is_debug(&self) -> bool {
        self.inner.is_debug()
    }

    async fn shutdown(&self) {
        self.inner.shutdown().await;
    }

    async fn stop(&self) -> Result<(), BoxError> {
        self.inner.stop().await
    }
}

impl<S: Serve> Serve for Observed<S> {
    type Service = Observed<S::Service>;

    async fn check(&mut self) -> Result<(), BoxError> {
        self.inner.check().await
    }

    fn log_errors(&mut self, log: ErrorLog) {
        self.inner.log_errors(log);
    }

    async fn start(self) -> Result<Self::Service, BoxError> {
        Ok(Observed::new(self.inner.start().await?, self.watch))
    }
}
