//! The events that a test causes, and lines of the access log that are the same each day.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Metadata, Subscriber, span};
use wharf_http::Service;

use crate::conn::ConnectionConfig;
use crate::{AccessLog, AccessLogFormat};

thread_local! {
    /// The events of this thread, while a test watches.
    static EVENTS: RefCell<Option<Vec<(&'static str, String)>>> = const { RefCell::new(None) };
}

/// Keeps the events of one thread.
///
/// One subscriber for the whole process, which asks each time whether this thread watches: what `tracing` remembers of
/// subscribers that come and go with their threads depends on the order in which they do.
#[derive(Default)]
pub(in crate::conn) struct Events;

/// Ends the watch.
pub(in crate::conn) struct Watch;

impl Drop for Watch {
    fn drop(&mut self) {
        EVENTS.set(None);
    }
}

impl Events {
    pub(in crate::conn) fn watch(&self) -> Watch {
        static COLLECTOR: Once = Once::new();
        COLLECTOR.call_once(|| set_global_default(Collector).unwrap());
        EVENTS.set(Some(Vec::new()));
        Watch
    }

    pub(in crate::conn) fn of(&self, target: &str) -> Vec<String> {
        EVENTS.with_borrow_mut(|events| {
            let events = events.as_mut().unwrap();
            let found = events.extract_if(.., |(of, _)| *of == target);
            found.map(|(_, text)| text).collect()
        })
    }

    /// Takes the lines written so far, without the fields.
    pub(in crate::conn) fn lines(&self) -> Vec<String> {
        self.of("wharf::access")
            .into_iter()
            .map(|line| line.lines().next().unwrap_or_default().to_owned())
            .collect()
    }
}

struct Collector;

impl Subscriber for Collector {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("wharf::") && EVENTS.with_borrow(Option::is_some)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let text = format!("{}\n{}", text.message, text.fields);
        EVENTS.with_borrow_mut(|events| {
            if let Some(events) = events {
                events.push((event.metadata().target(), text));
            }
        });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            write!(self.fields, "{}={value:?} ", field.name()).unwrap();
        }
    }
}

/// Serves with lines that are the same each day.
pub(in crate::conn) fn logged<S: Service>(config: ConnectionConfig<S>) -> ConnectionConfig<S> {
    let format = AccessLogFormat::parse(r#"%a "%r" %s %b %T %{route}x %{outcome}x"#).unwrap();
    config.access_log(AccessLog::new().format(format))
}
