//! What the terminal and the supervisor say: INT and TERM.

use std::io;

/// The signals that end a process in order: INT and TERM on unix, Ctrl-C elsewhere.
///
/// While it lives, and after it too, these signals no longer end the process by themselves: the handlers of a process
/// cannot be taken back in full. So only a program's own entry point installs it.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Installs the handlers; needs a tokio runtime.
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal and returns its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        std::future::poll_fn(|cx| {
            if self.interrupt.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready("SIGINT");
            }
            self.terminate.poll_recv(cx).map(|_signal| "SIGTERM")
        })
        .await
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Installs nothing yet: the handler comes with the first wait.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for Ctrl-C and returns its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "CTRL+C"
    }
}
