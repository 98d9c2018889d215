//! [`Open`], a request from its head to the last byte of its answer.

use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use wharf_http::body::Error;
use wharf_http::{Body, Context, Response};

use super::exchange::Unanswered;
use super::stream::Stream;
use crate::access_log::{Outcome, Record};
use crate::conn::ledger;
use crate::conn::reply::{Delivery, PIECE, ReplyBody};

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
    pub(super) fn new(
        stream: Arc<Stream>,
        context: Context,
        record: Option<Box<Record>>,
        method: Method,
    ) -> Self {
        Self {
            stream,
            context: Some(context),
            record,
            method,
            state: State::Going,
            certain: true,
            barrier: false,
        }
    }

    /// Returns what is shared with the bodies and the task.
    pub(super) fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Tells whether there will be no answer.
    pub(super) fn has_failed(&self) -> bool {
        self.state == State::Failed
    }

    pub(super) fn context(&self) -> &Context {
        self.context
            .as_ref()
            .expect("a request that is open has its context")
    }

    /// Lets the request have no line in the access log.
    pub(super) fn leave_unlogged(&mut self) {
        self.record = None;
    }

    /// Notes a panic of the service.
    #[cold]
    pub(super) fn panicked(&mut self, message: &str) {
        self.state = State::Failed;
        self.context().connection().report(format_args!(
            "the service panicked, its stream is reset: {message}"
        ));
    }

    /// Completes the answer.
    pub(super) fn answer(
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
        if let Some(record) = &mut self.record {
            let bytes = self.stream.given.get();
            ledger::ended(&hub.settings, &context, record, bytes, outcome);
        }
        hub.end(context, self.stream.routed.leave());
    }
}
