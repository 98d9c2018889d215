//! [`Adapter`], wharf's service as hyper calls it, and [`Exchange`], one request being answered.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use wharf_http::body::Error;
use wharf_http::{Body, Context, Request, Response, Service};

use super::hub::Hub;
use super::stream::{Stream, Uploading};
use crate::access_log::{Outcome, Record};
use crate::conn::answering::Answering;
use crate::conn::forwarded;
use crate::conn::head::{self, KnownHost};
use crate::conn::ledger;
use crate::conn::reply::{Delivery, PIECE, ReplyBody};
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
        let access_log = &settings.access_log;
        let record = access_log.is_wanted().then(|| access_log.record(&request));
        let mut open = Open {
            stream,
            context: Some(context),
            record,
            method: request.method().clone(),
            state: State::Going,
            certain: true,
            barrier: false,
        };
        let known_host = &mut self.known_host.borrow_mut();
        let believed = self.behind_proxy.then_some(&settings.forwarding);
        let checked = translated
            .and_then(|()| forwarded::check(&mut request, open.context(), known_host, believed));
        let request = request.map(|incoming| {
            if incoming.is_end_stream() {
                Body::empty()
            } else {
                let receiving = Uploading(Arc::clone(&open.stream));
                Body::new(UploadBody::new(incoming, receiving))
            }
        });
        if checked.is_ok()
            && let Some(answer) = Answering::of_health(settings, &request)
        {
            // Asked for every few seconds, by who has logs of its own.
            open.record = None;
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
        open.stream.routed.set(open.context(), self.hub.stats());
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
            _ if open.state == State::Failed => Poll::Ready(Err(Unanswered)),
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

/// A request that has no complete answer yet. It ends exactly once: whole, or broken off when it is dropped before.
pub(super) struct Open {
    stream: Arc<Stream>,
    /// Gone when the request has ended.
    context: Option<Context>,
    record: Option<Box<Record>>,
    method: Method,
    state: State,
    /// The client has opened its windows for all that hyper was given.
    certain: bool,
    /// The next byte is to be handed over alone.
    barrier: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    Failed,
    Whole,
}

impl Open {
    fn context(&self) -> &Context {
        self.context
            .as_ref()
            .expect("a request that is open has its context")
    }

    /// Notes a panic of the service.
    #[cold]
    fn panicked(&mut self, message: &str) {
        self.state = State::Failed;
        self.context().connection().report(format_args!(
            "the service panicked, its stream is reset: {message}"
        ));
    }

    /// Completes the answer.
    fn answer(
        mut self,
        mut response: Response,
    ) -> Result<http::Response<ReplyBody<Self>>, Unanswered> {
        let status = response.status();
        if status.is_informational() {
            // RFC 9113 §8.6: 101 does not exist here; the others are no answers.
            self.state = State::Failed;
            self.context().connection().report(format_args!(
                "an answer with status {status} cannot be sent, its stream is reset"
            ));
            return Err(Unanswered);
        }
        let settings = Arc::clone(&self.stream.hub.settings);
        ledger::answered(&settings, self.record.as_deref_mut(), &mut response);
        if self.is_without_body(status) {
            trim(&mut response, &self.method);
        }
        if self.method == Method::CONNECT && status.is_success() {
            // The application has the stream now.
            self.state = State::Whole;
        }
        Ok(response.map(|body| ReplyBody::new(body, self)))
    }

    /// Tells whether an answer must have no content (RFC 9110 §6.4.1).
    fn is_without_body(&self, status: StatusCode) -> bool {
        self.method == Method::HEAD
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }
}

/// Takes the content of an answer that must have none. hyper does that in HTTP/1 only.
fn trim(response: &mut Response, method: &Method) {
    let body = std::mem::replace(response.body_mut(), Body::empty());
    let headers = response.headers_mut();
    if *method == Method::HEAD
        && !headers.contains_key(header::CONTENT_LENGTH)
        && let Some(length) = body.size_hint().exact().filter(|&length| length > 0)
    {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if response.status() == StatusCode::NO_CONTENT {
        // RFC 9110 §8.6
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
}

/// For how much the client has to make room at a time, in bytes: a frame of the size that every client takes (RFC 9113 §4.2).
const ROOM: usize = 16 * 1024;

impl Delivery for Open {
    const TRACKED: bool = true;

    fn asked(&mut self) {
        self.stream.in_hand.set(false);
    }

    /// hyper passes a piece on as soon as the window has room for one byte of it, and is through with a stream when it has
    /// passed on the last. Where it is not certain that a piece fits, its last byte follows alone: hyper can pass that on only
    /// when everything before it has found room. So a stream that is not through is one whose client makes no room, and one
    /// that is through waits for the socket alone.
    fn piece(&mut self, length: usize) -> usize {
        let stream = &self.stream;
        let part = if std::mem::take(&mut self.barrier) {
            length.min(1)
        } else {
            let part = length.min(PIECE);
            self.certain = stream.hub.give(stream.given.get(), part as u64);
            if self.certain {
                part
            } else {
                let room = part.min(ROOM);
                stream.hub.take_back((part - room) as u64);
                self.barrier = room > 1;
                room - usize::from(self.barrier)
            }
        };
        stream.given.add(part as u64);
        stream.pieces.add(1);
        stream.in_hand.set(true);
        part
    }

    fn ends_with_a_piece(&self) -> bool {
        self.certain
    }

    fn handed_over(&mut self) {
        if self.state == State::Going {
            self.state = State::Whole;
        }
    }

    fn failed(&mut self, error: &Error) {
        self.state = State::Failed;
        ledger::body_failed(self.context(), error, "its stream is reset");
    }

    fn dropped(&mut self) {
        // The drop of this follows, and does the rest.
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(context) = self.context.take() else {
            return;
        };
        let hub = &self.stream.hub;
        let outcome = match self.state {
            State::Whole => Outcome::Complete,
            State::Failed => Outcome::Failed,
            State::Going if std::thread::panicking() => Outcome::Failed,
            // Without a word from task or connection it is the client that has reset the stream.
            State::Going => self
                .stream
                .ending
                .get()
                .or(hub.ending.get())
                .unwrap_or(Outcome::Left),
        };
        if matches!(outcome, Outcome::Left | Outcome::Slow) {
            context.client_left().fire();
        }
        if let Some(record) = &self.record {
            let bytes = self.stream.given.get();
            ledger::ended(&hub.settings, &context, record, bytes, outcome);
        }
        hub.end(context, self.stream.routed.leave());
    }
}
