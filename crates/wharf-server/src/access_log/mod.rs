//! [`AccessLog`]: one line for each request, after its last byte.
//!
//! Lines go to `tracing` at level `INFO` with the target `wharf::access`, the finished line as the message and the most
//! used values as fields. While nobody listens, a request costs the log nothing.

mod format;
mod record;

pub use format::{AccessLogFormat, AccessLogFormatError};
pub(crate) use record::{Line, Outcome, Record};

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use tracing::Level;
use wharf_http::Context;

/// Where lines of the access log go, and what they look like.
///
/// There is a line for every request that was begun: answered, refused, never parsed, broken off or panicked.
///
/// # Examples
///
/// ```
/// use wharf_server::{AccessLog, AccessLogFormat};
///
/// let log = AccessLog::new().format(AccessLogFormat::parse("%a %r %s %D")?);
/// let quiet = AccessLog::off();
/// # let _ = (log, quiet);
/// # Ok::<(), wharf_server::AccessLogFormatError>(())
/// ```
#[derive(Clone)]
pub struct AccessLog {
    on: bool,
    stderr: bool,
    format: Arc<AccessLogFormat>,
    also: Option<Sink>,
}

type Sink = Arc<dyn Fn(&Context, &str) + Send + Sync>;

impl Default for AccessLog {
    fn default() -> Self {
        Self::new()
    }
}

impl AccessLog {
    /// Creates a log with the default format that goes to `tracing`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            on: true,
            stderr: false,
            format: Arc::default(),
            also: None,
        }
    }

    /// Creates a log that writes nothing and costs nothing.
    #[must_use]
    pub fn off() -> Self {
        Self {
            on: false,
            ..Self::new()
        }
    }

    /// Sets what a line looks like. Default: [`AccessLogFormat::DEFAULT`].
    #[must_use]
    pub fn format(mut self, format: AccessLogFormat) -> Self {
        self.format = Arc::new(format);
        self
    }

    /// Sets whether lines go to standard error while the program has set no `tracing` subscriber.
    ///
    /// Default: `false`.
    #[must_use]
    pub fn stderr(mut self, on: bool) -> Self {
        self.stderr = on;
        self
    }

    /// Adds a function that is given each line besides, with the context of its request. It is called by the connection, and has
    /// to return soon. Several are called in the order in which they were added.
    ///
    /// Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use wharf_server::AccessLog;
    ///
    /// let (sender, lines) = channel();
    /// let log = AccessLog::new().also(move |_, line| sender.send(line.to_owned()).unwrap_or_default());
    /// # let _ = (log, lines);
    /// ```
    #[must_use]
    pub fn also(mut self, sink: impl Fn(&Context, &str) + Send + Sync + 'static) -> Self {
        let sink: Sink = match self.also.take() {
            None => Arc::new(sink),
            Some(earlier) => Arc::new(move |context: &Context, line: &str| {
                earlier(context, line);
                sink(context, line);
            }),
        };
        self.also = Some(sink);
        self
    }

    /// Returns the format of lines; `None` when there are none.
    pub(crate) fn format_in_use(&self) -> Option<&AccessLogFormat> {
        self.on.then_some(&*self.format)
    }

    /// Tells whether anybody would see a line now.
    pub(crate) fn is_wanted(&self) -> bool {
        self.on
            && (self.also.is_some()
                || tracing::enabled!(target: "wharf::access", Level::INFO)
                || self.stderr && !tracing::dispatcher::has_been_set())
    }

    /// Keeps what the line needs of a request.
    pub(crate) fn record<B>(&self, request: &http::Request<B>) -> Box<Record> {
        Record::request(&self.format, request)
    }

    /// Keeps what the line needs of the answer.
    pub(crate) fn answer<B>(&self, record: &mut Record, response: &http::Response<B>) {
        record.answer(&self.format, response);
    }

    /// Writes the line of a request that has ended.
    pub(crate) fn write(&self, context: &Context, record: &Record, line: &Line) {
        let mut text = String::with_capacity(160);
        record.print(&self.format, context, line, &mut text);
        if let Some(also) = &self.also {
            also(context, &text);
        }
        if self.stderr && !tracing::dispatcher::has_been_set() {
            text.push('\n');
            // One call, so that lines of several workers are not mixed; nobody is left to tell when it fails.
            let _gone = std::io::stderr().lock().write_all(text.as_bytes());
            return;
        }
        tracing::info!(
            target: "wharf::access",
            status = line.status.map(|status| status.as_u16()),
            bytes = line.bytes,
            duration_us = line.duration(context).as_micros() as u64,
            ttfb_us = record.to_first_byte(context).map(|time| time.as_micros() as u64),
            route = context.route().as_deref(),
            request_id = %context.request_id(),
            outcome = line.outcome.as_str(),
            "{text}"
        );
    }
}

impl PartialEq for AccessLog {
    /// Tells whether both write the same lines to the same places; functions are the same only when one is a clone of the
    /// other.
    fn eq(&self, other: &Self) -> bool {
        let same_sink = match (&self.also, &other.also) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (Some(_), None) | (None, Some(_)) => false,
        };
        same_sink
            && (self.on, self.stderr) == (other.on, other.stderr)
            && self.format == other.format
    }
}

impl Eq for AccessLog {}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("on", &self.on)
            .field("stderr", &self.stderr)
            .field("format", &self.format)
            .field("also", &self.also.is_some())
            .finish()
    }
}
