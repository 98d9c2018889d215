//! [`Captured`]: an answer in the making, whose `tracing` events are added to the account of its request.

use std::fmt::{self, Write as _};
use std::pin::Pin;
use std::task::{self, Poll};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, dispatcher};
use wharf_http::{BoxFuture, Response};

/// The least level that is kept.
const LEVEL: Level = Level::DEBUG;

/// What wharf reports itself comes to the account another way.
const OWN: &str = "wharf::error";

/// An answer in the making. Events are caught while it is polled, and only then, so that no subscriber is installed for the
/// process or the thread.
pub(crate) struct Captured {
    answer: BoxFuture<'static, Response>,
    dispatch: Dispatch,
}

impl Captured {
    pub(crate) fn new(
        answer: impl Future<Output = Response> + Send + 'static,
        add: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        let tee = Tee {
            outer: dispatcher::get_default(Dispatch::clone),
            add: Box::new(add),
        };
        Self {
            answer: Box::pin(answer),
            dispatch: Dispatch::new(tee),
        }
    }
}

impl Future for Captured {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        let Self { answer, dispatch } = &mut *self;
        dispatcher::with_default(dispatch, || answer.as_mut().poll(cx))
    }
}

/// Keeps events, and sends everything on to the subscriber that would have seen it.
struct Tee {
    outer: Dispatch,
    add: Box<dyn Fn(String) + Send + Sync>,
}

impl Subscriber for Tee {
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Spans are those of the other one alone, which has to know each id that it is asked about.
        metadata.is_event() && *metadata.level() <= LEVEL || self.outer.enabled(metadata)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.outer.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.outer.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.outer.record_follows_from(span, follows);
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        if self.outer.enabled(metadata) {
            self.outer.event(event);
        }
        if *metadata.level() <= LEVEL && metadata.target() != OWN {
            let mut line = Line(format!("{} {}:", metadata.level(), metadata.target()));
            event.record(&mut line);
            (self.add)(line.0);
        }
    }

    fn enter(&self, span: &Id) {
        self.outer.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.outer.exit(span);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.outer.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.outer.try_close(id)
    }
}

/// An event as text: `INFO app::ships: loaded ships=7`.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _written = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
