//! [`Events`]: what is logged while a test runs.
//!
//! A test that uses it is alone in its process: a subscriber of one thread is not seen by call sites that another thread reaches
//! first.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps the events of one target, each as its level, `field=value`, ...
#[derive(Clone)]
pub(crate) struct Events {
    target: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Events {
    /// Keeps events whose target begins with `target`.
    pub(crate) fn of(target: &'static str) -> Self {
        Self {
            target,
            lines: Arc::default(),
        }
    }

    /// Takes out what was kept.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with(self.target)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
