//! [`Adapter`], wharf's service as hyper calls it, and [`Exchange`], one request being answered.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use http_body::Body as _;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use wharf_http::{Body, Context, Request, Response, Service};

use super::hub::Hub;
use super::open::Open;
use super::stream::{Stream, Uploading};
use crate::conn::answering::Answering;
use crate::conn::forwarded;
use crate::conn::head::{self, KnownHost};
use crate::conn::reply::ReplyBody;
use crate::conn::upload::UploadBody;
use crate::panic;

/// Makes an [`Exchange`] of each request that hyper has parsed.
pub(super) struct Adapter<S> {
    service: Arc<S>,
    hub: Arc<Hub>,
    sequence: Cell<u64>,
    known_host: RefCell<KnownHost>,
    /// Whether what requests say of their client is to be believed.
    behind_proxy: bool,
}

impl<S: Service> Adapter<S> {
    pub(super) fn new(service: Arc<S>, hub: Arc<Hub>) -> Self {
        let behind_proxy = hub.settings.forwarding.believes(&hub.connection);
        Self {
            service,
            hub,
            sequence: Cell::new(0),
            known_host: RefCell::default(),
            behind_proxy,
        }
    }

    fn next_context(&self) -> Context {
        let sequence = self.sequence.get();
        self.sequence.set(sequence.wrapping_add(1));
        self.hub.begin(sequence)
    }

    /// Lets the service answer, or refuse what breaks a rule.
    fn answer(
        &self,
        request: Request,
        checked: Result<(), head::Refused>,
        open: &Open,
    ) -> Answering<S::Future> {
        match checked {
            Ok(()) => Answering::Later {
                future: self.service.call(request, open.context()),
            },
            Err(refused) => {
                let answer = self
                    .service
                    .refuse(request, refused.refusal, open.context());
                Answering::refused(answer)
            }
        }
    }
}

impl<S: Service> hyper::service::Service<http::Request<Incoming>> for Adapter<S> {
    type Response = http::Response<ReplyBody<Open>>;
    type Error = Unanswered;
    type Future = Exchange<S::Future>;

    fn call(&self, mut request: http::Request<Incoming>) -> Self::Future {
        let settings = &self.hub.settings;
        let context = self.next_context();
        let translated = super::head::translate(&mut request, settings.limits.header_count);
        let stream = Arc::new(Stream::new(Arc::clone(&self.hub)));
        self.hub.announce(Arc::clone(&stream));
        let record = settings.access_log.record(None, &request);
        let mut open = Open::new(stream, context, record, request.method().clone());
        let known_host = &mut self.known_host.borrow_mut();
        let believed = self.behind_proxy.then_some(&settings.forwarding);
        let checked = translated
            .and_then(|()| forwarded::check(&mut request, open.context(), known_host, believed));
        let request = request.map(|incoming| {
            if incoming.is_end_stream() {
                Body::empty()
            } else {
                let receiving = Uploading(Arc::clone(open.stream()));
                Body::new(UploadBody::new(incoming, receiving))
            }
        });
        if checked.is_ok()
            && let Some(answer) = Answering::of_health(settings, &request)
        {
            // Asked for every few seconds, by who has logs of its own.
            open.leave_unlogged();
            return Exchange {
                answer,
                open: Some(open),
            };
        }
        let answering = AssertUnwindSafe(|| self.answer(request, checked, &open));
        let answer = catch_unwind(answering).unwrap_or_else(|panic| {
            open.panicked(&panic::message(panic.as_ref()));
            Answering::Now { response: None }
        });
        open.stream().routed.set(open.context(), self.hub.stats());
        Exchange {
            answer,
            open: Some(open),
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
    }

    impl<F> PinnedDrop for Exchange<F> {
        fn drop(this: Pin<&mut Self>) {
            // The handler must find out that its client has left before it is dropped.
            drop(this.project().open.take());
        }
    }
}

impl<F: Future<Output = Response>> Future for Exchange<F> {
    type Output = Result<http::Response<ReplyBody<Open>>, Unanswered>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = this.answer.as_mut();
        let answered = match catch_unwind(AssertUnwindSafe(|| answer.poll(cx))) {
            Ok(poll) => Ok(ready!(poll)),
            Err(panic) => Err(panic::message(panic.as_ref())),
        };
        let mut open = this
            .open
            .take()
            .expect("hyper polls an exchange until it is ready, not after");
        // Whatever the service still holds of the request goes now.
        this.answer.set(Answering::Now { response: None });
        match answered {
            _ if open.has_failed() => Poll::Ready(Err(Unanswered)),
            Ok(response) => Poll::Ready(open.answer(response)),
            Err(message) => {
                open.panicked(&message);
                Poll::Ready(Err(Unanswered))
            }
        }
    }
}

/// There is no answer: hyper resets the stream with `INTERNAL_ERROR`.
#[derive(Debug)]
pub(super) struct Unanswered;

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service gave no answer that can be sent")
    }
}

impl std::error::Error for Unanswered {}
