//! [`Adapter`], wharf's service as hyper calls it, and [`Exchange`], one request being answered.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use http::header::{self, HeaderValue};
use http::{StatusCode, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use wharf_http::body::Error;
use wharf_http::{Body, Connection, Context, Request, Response, Service};

use super::progress::{Progress, Upload};
use crate::access_log::{Outcome, Record};
use crate::config::Timeouts;
use crate::conn::answering::Answering;
use crate::conn::forwarded;
use crate::conn::head::{self, KnownHost};
use crate::conn::ledger;
use crate::conn::reply::{Delivery, ReplyBody};
use crate::conn::upload::{Receiving, UploadBody};

/// Makes an [`Exchange`] of each request that hyper has parsed.
pub(super) struct Adapter<S> {
    service: Arc<S>,
    progress: Arc<Progress>,
    connection: Connection,
    known_host: RefCell<KnownHost>,
    /// The peer is a proxy that is trusted.
    behind_proxy: bool,
}

impl<S: Service> Adapter<S> {
    pub(super) fn new(service: Arc<S>, connection: Connection, progress: Arc<Progress>) -> Self {
        Self {
            behind_proxy: progress.settings.forwarding.believes(&connection),
            service,
            progress,
            connection,
            known_host: RefCell::default(),
        }
    }

    pub(super) fn service(&self) -> &S {
        &self.service
    }

    /// Returns the context of the next request of the connection, and memory for its record if there is any.
    pub(super) fn next(&self) -> (Context, Option<Box<Record>>) {
        let last = self.progress.take_last();
        let context = match last.context {
            Some(mut context) => {
                context.advance(self.progress.flow.time());
                context
            }
            None => Context::new(self.connection.clone()),
        };
        (context, last.record)
    }
}

impl<S: Service> Adapter<S> {
    fn body(&self, incoming: Incoming, has_body: bool, ticket: u64) -> Body {
        if !has_body {
            return Body::empty();
        }
        let progress = Arc::clone(&self.progress);
        Body::new(UploadBody::new(incoming, Uploading { progress, ticket }))
    }

    #[cold]
    fn refuse(&self, request: Request, refused: head::Refused, open: Open) -> Exchange<S::Future> {
        let context = open.context();
        self.progress.set_route(context);
        let answer = self.service.refuse(request, refused.refusal, context);
        Exchange {
            answer: Answering::refused(answer),
            open: Some(open),
            close: refused.close,
            waited: false,
        }
    }
}

impl<S: Service> hyper::service::Service<http::Request<Incoming>> for Adapter<S> {
    type Response = http::Response<ReplyBody<Open>>;
    type Error = Infallible;
    type Future = Exchange<S::Future>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let (head, incoming) = request.into_parts();
        let (context, memory) = self.next();
        let has_body = !incoming.is_end_stream();
        let ticket = self.progress.begin(&context, has_body);
        // Before anything else is done with it, since a request is large to move.
        let mut request = Request::from_parts(head, self.body(incoming, has_body, ticket));
        let access_log = &self.progress.settings.access_log;
        let record = access_log.record(memory, &request);
        let mut open = Open {
            progress: Arc::clone(&self.progress),
            context: Some(context),
            record,
            state: State::Going,
        };
        let known_host = &mut self.known_host.borrow_mut();
        let believed = self
            .behind_proxy
            .then_some(&self.progress.settings.forwarding);
        let checked = forwarded::check(&mut request, open.context(), known_host, believed);
        if checked.is_ok()
            && let Some(answer) = Answering::of_health(&self.progress.settings, &request)
        {
            // Asked for every few seconds, by who has logs of its own.
            open.record = None;
            return Exchange {
                answer,
                open: Some(open),
                close: false,
                waited: false,
            };
        }
        match checked {
            Ok(()) => {
                let future = self.service.call(request, open.context());
                self.progress.set_route(open.context());
                Exchange {
                    answer: Answering::Later { future },
                    open: Some(open),
                    close: false,
                    waited: false,
                }
            }
            Err(refused) => self.refuse(request, refused, open),
        }
    }
}

pin_project! {
    /// One request being answered.
    pub(super) struct Exchange<F> {
        #[pin]
        answer: Answering<F>,
        // Gone once there is an answer.
        open: Option<Open>,
        close: bool,
        // hyper has had the time to see that the body of the request was thrown away.
        waited: bool,
    }

    impl<F> PinnedDrop for Exchange<F> {
        fn drop(this: Pin<&mut Self>) {
            // The handler must find out that its client has left before it is dropped.
            drop(this.project().open.take());
        }
    }
}

impl<F: Future<Output = Response>> Future for Exchange<F> {
    type Output = Result<http::Response<ReplyBody<Open>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut response = ready!(this.answer.as_mut().poll(cx));
        if let Some(open) = this.open
            && open.progress.upload() != Upload::None
            && !*this.waited
        {
            // Whatever the service still holds of the request goes now.
            this.answer.set(Answering::Now { response: None });
            if open.progress.upload() == Upload::Dropped {
                // hyper is about to find out that nobody reads the body: it either reads past the rest of it or gives
                // up the connection. The answer has to say which (RFC 9112 §9.6), so it waits for that.
                *this.waited = true;
                this.answer.set(Answering::Now {
                    response: Some(Box::new(response)),
                });
                open.progress.again.set(true);
                return Poll::Pending;
            }
        }
        let mut open = this
            .open
            .take()
            .expect("hyper polls an exchange until it is ready, not after");
        open.answer(&mut response, *this.close);
        let (head, body) = response.into_parts();
        let body = ReplyBody::new(body, open);
        Poll::Ready(Ok(http::Response::from_parts(head, body)))
    }
}

/// Tells the connection what becomes of the body of a request.
struct Uploading {
    progress: Arc<Progress>,
    ticket: u64,
}

impl Receiving for Uploading {
    fn timeouts(&self) -> &Timeouts {
        &self.progress.settings.timeouts
    }

    fn min_rate(&self) -> Option<u32> {
        self.progress.min_rate()
    }

    fn ended(&self) {
        self.progress.upload_ended(self.ticket);
    }

    fn failed(&self) {
        self.progress.upload_failed(self.ticket);
    }

    fn dropped(&self) {
        self.progress.upload_dropped(self.ticket);
    }
}

/// A request that has no complete answer yet. It ends exactly once: closed, or broken off when it is dropped before.
pub(super) struct Open {
    progress: Arc<Progress>,
    /// Gone when the request is closed.
    context: Option<Context>,
    record: Option<Box<Record>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    Failed,
    Closed,
}

impl Open {
    fn context(&self) -> &Context {
        self.context
            .as_ref()
            .expect("a request that is open has its context")
    }

    /// Completes the head of the answer.
    fn answer(&mut self, response: &mut Response, close: bool) {
        let settings = &self.progress.settings;
        // hyper knows no other, and says what the client understands.
        *response.version_mut() = Version::HTTP_11;
        let upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if upgraded {
            let _already_set = self.progress.handover.set(Arc::default());
        } else if close
            || self.progress.upload() == Upload::Failed
            || self.context().shutdown().is_fired()
        {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        ledger::answered(settings, self.record.as_deref_mut(), response);
    }
}

impl Delivery for Open {
    /// The connection cannot go on.
    fn failed(&mut self, error: &Error) {
        self.state = State::Failed;
        ledger::body_failed(self.context(), error, "the connection is cut");
    }

    fn dropped(&mut self) {
        if self.state == State::Going
            && self.progress.ending().is_none()
            && let Some(context) = self.context.take()
        {
            self.state = State::Closed;
            self.progress.complete(context, self.record.take());
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let outcome = match self.state {
            State::Closed => return,
            State::Failed => Outcome::Failed,
            State::Going if std::thread::panicking() => Outcome::Failed,
            State::Going => self.progress.ending().unwrap_or(Outcome::Cut),
        };
        if matches!(outcome, Outcome::Left | Outcome::Slow) {
            self.context().client_left().fire();
        }
        let record = self.record.take();
        self.progress.broken_off(self.context(), record, outcome);
    }
}
