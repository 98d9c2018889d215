//! What the terminal and the supervisor say by signals.

use std::io;

/// What a process is told by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// INT and TERM on unix, Ctrl-C elsewhere: end.
    Stop,
    /// HUP: read again what may have changed.
    Reload,
    /// USR2: hand over to a new process.
    Restart,
}

/// The signals that a server listens to.
///
/// While it lives, and after it too, these signals no longer end the process by themselves: the handlers of a process
/// cannot be taken back in full. So only a program's own entry point installs it.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    signals: [(tokio::signal::unix::Signal, Told); 4],
}

#[cfg(unix)]
impl Signals {
    /// Installs the handlers; needs a tokio runtime.
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            signals: [
                (signal(SignalKind::interrupt())?, Told::Stop),
                (signal(SignalKind::terminate())?, Told::Stop),
                (signal(SignalKind::hangup())?, Told::Reload),
                (signal(SignalKind::user_defined2())?, Told::Restart),
            ],
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Told {
        std::future::poll_fn(|cx| {
            for (signal, told) in &mut self.signals {
                if signal.poll_recv(cx).is_ready() {
                    return std::task::Poll::Ready(*told);
                }
            }
            std::task::Poll::Pending
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

    /// Waits for Ctrl-C.
    pub(crate) async fn next(&mut self) -> Told {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Told::Stop
    }
}
