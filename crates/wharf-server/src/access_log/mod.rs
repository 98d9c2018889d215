//! [`AccessLog`]: one line for each request, after its last byte.
//!
//! Lines go to `tracing` at level `INFO` with the target `wharf::access`, the finished line as the message and the most
//! used values as fields. While nobody listens, a request costs the log nothing.

mod format;
mod record;
mod second;
mod text;

pub use format::{AccessLogFormat, AccessLogFormatError};
pub(crate) use record::{Line, Outcome, Record};

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use tokio::time::Instant;
use tracing::Level;
use wharf_http::Context;

use self::second::Second;

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
    second: Second,
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
            second: Second::default(),
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
    fn is_wanted(&self) -> bool {
        self.on && (self.also.is_some() || is_heard() || self.stderr && !is_set())
    }

    /// Keeps what the line needs of a request, in the `memory` of an earlier one; `None` while nobody would see the line.
    pub(crate) fn record<B>(
        &self,
        memory: Option<Box<Record>>,
        request: &http::Request<B>,
    ) -> Option<Box<Record>> {
        if !self.is_wanted() {
            return None;
        }
        let mut record = memory.unwrap_or_default();
        record.request(&self.format, request);
        Some(record)
    }

    /// Keeps what there is of a head that never became a request; `None` while nobody would see the line.
    #[cfg(feature = "http1")]
    pub(crate) fn rejected(&self, line: Option<&str>) -> Option<Record> {
        self.is_wanted().then(|| Record::rejected(line))
    }

    /// Keeps what the line needs of the answer.
    pub(crate) fn answer<B>(&self, record: &mut Record, response: &http::Response<B>) {
        let answered = (self.format.tells_first_byte() || is_heard()).then(Instant::now);
        record.answer(&self.format, response, answered);
    }

    /// Writes the line of a request that has ended.
    pub(crate) fn write(&self, context: &Context, record: &mut Record, line: &Line) {
        let is_heard = is_heard();
        let lasted =
            (self.format.tells_duration() || is_heard).then(|| context.started().elapsed());
        let to_first_byte = record.to_first_byte(context);
        let text = record.print(&self.format, &self.second, context, line, lasted);
        if let Some(also) = &self.also {
            also(context, text);
        }
        if self.stderr && !is_set() {
            // One call, so that lines of several workers are not mixed; nobody is left to tell when it fails.
            let text = format!("{text}\n");
            let _gone = std::io::stderr().lock().write_all(text.as_bytes());
            return;
        }
        if !is_heard {
            return;
        }
        tracing::info!(
            target: "wharf::access",
            status = line.status.map(|status| status.as_u16()),
            bytes = line.bytes,
            duration_us = lasted.unwrap_or_default().as_micros() as u64,
            ttfb_us = to_first_byte.map(|time| time.as_micros() as u64),
            route = context.route().as_deref(),
            request_id = %context.request_id(),
            outcome = line.outcome.as_str(),
            "{text}"
        );
    }
}

/// Tells whether a subscriber would see a line.
fn is_heard() -> bool {
    tracing::enabled!(target: "wharf::access", Level::INFO)
}

/// Tells whether the program has a subscriber.
fn is_set() -> bool {
    tracing::dispatcher::has_been_set()
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
