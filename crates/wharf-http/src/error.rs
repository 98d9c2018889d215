//! [`BoxError`], the printer of error chains, and where errors go that no caller will see.

use std::error::Error as StdError;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

/// Any error that can cross a task.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Prints an error and all its causes on one line, `outer: cause: root cause`.
///
/// A cause whose text the level above already ends with is not printed again, since some libraries put the cause in
/// their own message too.
///
/// # Examples
///
/// ```
/// use wharf_http::ErrorChain;
///
/// let error = std::io::Error::other("disk is full");
/// assert_eq!(ErrorChain::new(&error).to_string(), "disk is full");
/// ```
#[derive(Clone, Copy)]
pub struct ErrorChain<'a> {
    error: &'a (dyn StdError + 'static),
}

impl<'a> ErrorChain<'a> {
    /// Prepares `error` for printing.
    #[must_use]
    pub fn new(error: &'a (dyn StdError + 'static)) -> Self {
        Self { error }
    }
}

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut above = self.error.to_string();
        f.write_str(&above)?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !text.is_empty() && !above.ends_with(&text) {
                write!(f, ": {text}")?;
                above = text;
            }
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where errors go that no caller will see, such as the cause of an answer with status 500.
///
/// They go to `tracing` at level `ERROR` with the target `wharf::error`.
///
/// # Examples
///
/// ```
/// use wharf_http::error::ErrorLog;
///
/// let log = ErrorLog::new().stderr(true);
/// log.report("the mirror could not be brought up to date: connection refused");
/// ```
#[derive(Clone, Default)]
pub struct ErrorLog {
    stderr: bool,
    /// In a box: connections that have none are many, and do not grow by it.
    also: Option<Arc<Sink>>,
}

type Sink = Box<dyn Fn(&str) + Send + Sync>;

impl ErrorLog {
    /// Creates a log that goes to `tracing`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether errors go to standard error while the program has set no `tracing` subscriber.
    ///
    /// Default: `false`. The one-call runner sets it, so that a newcomer sees them.
    #[must_use]
    pub fn stderr(mut self, on: bool) -> Self {
        self.stderr = on;
        self
    }

    /// Adds a function that is given the line of each error besides, such as to count them or to send them elsewhere. It is
    /// called where the error came up, and has to return soon. Several are called in the order in which they were added.
    ///
    /// Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use wharf_http::error::ErrorLog;
    ///
    /// let (sender, lines) = channel();
    /// let log = ErrorLog::new().also(move |line| sender.send(line.to_owned()).unwrap_or_default());
    /// log.report("connection refused");
    /// assert_eq!(lines.recv()?, "connection refused");
    /// # Ok::<(), std::sync::mpsc::RecvError>(())
    /// ```
    #[must_use]
    pub fn also(mut self, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        let sink: Sink = match self.also.take() {
            None => Box::new(sink),
            Some(earlier) => Box::new(move |line: &str| {
                earlier(line);
                sink(line);
            }),
        };
        self.also = Some(Arc::new(sink));
        self
    }

    /// Logs one error.
    pub fn report(&self, error: impl fmt::Display) {
        if let Some(also) = &self.also {
            also(&error.to_string());
        }
        if self.stderr && !tracing::dispatcher::has_been_set() {
            // Nobody is left to tell when standard error is gone.
            // One write, so that lines of several threads are not mixed.
            let line = format!("error: {error}\n");
            let _gone = std::io::stderr().lock().write_all(line.as_bytes());
        } else {
            tracing::error!(target: "wharf::error", "{error}");
        }
    }
}

impl fmt::Debug for ErrorLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorLog")
            .field("stderr", &self.stderr)
            .field("also", &self.also.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Level(&'static str, Option<Box<Self>>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Level {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn all_who_want_the_errors_get_them_in_order() {
        let (sender, lines) = std::sync::mpsc::channel();
        let also = |name: &'static str| {
            let sender = sender.clone();
            move |line: &str| sender.send(format!("{name} {line}")).unwrap()
        };
        let log = ErrorLog::new().also(also("first")).also(also("second"));
        log.report("refused");
        assert_eq!(lines.recv().unwrap(), "first refused");
        assert_eq!(lines.recv().unwrap(), "second refused");
    }

    #[test]
    fn a_chain_is_printed_on_one_line() {
        let error = Level(
            "could not save",
            Some(Box::new(Level("disk is full", None))),
        );
        assert_eq!(
            ErrorChain::new(&error).to_string(),
            "could not save: disk is full"
        );
    }

    #[test]
    fn a_cause_that_was_already_printed_is_not_printed_again() {
        let error = Level(
            "could not save: disk is full",
            Some(Box::new(Level("disk is full", None))),
        );
        assert_eq!(
            ErrorChain::new(&error).to_string(),
            "could not save: disk is full"
        );
    }
}
