//! What a server tells its operator beside the access log.

use std::fmt;
use std::io::Write;

/// Tells the operator something: through `tracing`, or on standard error while nobody listens to `tracing`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notice {
    to_stderr: bool,
}

impl Notice {
    /// Creates it; `to_stderr` says whether standard error may be used.
    pub(crate) fn new(to_stderr: bool) -> Self {
        Self { to_stderr }
    }

    /// Tells whether standard error may be used.
    pub(crate) fn to_stderr(self) -> bool {
        self.to_stderr
    }

    /// Tells about a trouble that the server copes with.
    pub(crate) fn warn(self, message: fmt::Arguments<'_>) {
        if self.to_stderr && !tracing::dispatcher::has_been_set() {
            // Nobody is left to tell when standard error is gone.
            let _gone = writeln!(std::io::stderr().lock(), "warning: {message}");
        } else {
            tracing::warn!(target: "wharf::server", "{message}");
        }
    }

    /// Tells how far a longer operation has come.
    pub(crate) fn info(self, message: fmt::Arguments<'_>) {
        if self.to_stderr && !tracing::dispatcher::has_been_set() {
            let _gone = writeln!(std::io::stderr().lock(), "{message}");
        } else {
            tracing::info!(target: "wharf::server", "{message}");
        }
    }
}
