//! [`ServerHandle`], the way to a server that is running.

use std::fmt;
use std::net::SocketAddr;

use tokio::task::JoinHandle;
use wharf_http::Signal;
use wharf_http::connection::Local;

use crate::error::{Error, ErrorKind};
use crate::shutdown::{Control, Report};
use crate::stats::Stats;
use crate::tls::Watch;

/// The way to a server that is running.
///
/// Dropping it tells the server to stop, in order and in the background: call [`wait`](Self::wait) or
/// [`shutdown`](Self::shutdown) to know when it has.
#[must_use = "dropping the handle stops the server"]
pub struct ServerHandle {
    locals: Vec<Local>,
    urls: Vec<String>,
    control: Control,
    stats: Stats,
    #[cfg_attr(
        not(feature = "tls-core"),
        expect(dead_code, reason = "its twin has nothing to give")
    )]
    pub(crate) tls: Watch,
    outcome: Option<JoinHandle<Result<Report, Error>>>,
}

impl ServerHandle {
    pub(crate) fn new(
        (locals, urls): (Vec<Local>, Vec<String>),
        control: Control,
        stats: Stats,
        tls: Watch,
        outcome: JoinHandle<Result<Report, Error>>,
    ) -> Self {
        Self {
            locals,
            urls,
            control,
            stats,
            tls,
            outcome: Some(outcome),
        }
    }

    /// Returns what the server listens on, with the ports that the system chose.
    ///
    /// The order is that of the builder; a name can stand for several addresses.
    #[must_use]
    pub fn locals(&self) -> &[Local] {
        &self.locals
    }

    /// Returns the TCP addresses among [`locals`](Self::locals).
    #[must_use]
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.locals
            .iter()
            .filter_map(|local| match local {
                Local::Tcp(addr) => Some(*addr),
                _ => None,
            })
            .collect()
    }

    /// Returns a URL for each of [`locals`](Self::locals), as the banner prints it.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.urls.clone()
    }

    /// Returns the live counters.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Returns the signal that tells the server to stop in order. A clone of it can be fired from anywhere.
    #[must_use]
    pub fn shutdown_signal(&self) -> &Signal {
        &self.control.begin
    }

    /// Tells the server to stop in order, and returns at once.
    pub fn begin_shutdown(&self) {
        self.control.begin.fire();
    }

    /// Tells the server to stop without waiting for running requests, and returns at once.
    pub fn cut(&self) {
        self.control.begin.fire();
        self.control.cut.fire();
    }

    /// Waits until the server has stopped, whoever told it to.
    ///
    /// # Errors
    ///
    /// What the service could not close. Also when it is called again after it has returned.
    ///
    /// # Cancel safety
    ///
    /// Safe: the server goes on, and the call can be made again.
    pub async fn wait(&mut self) -> Result<Report, Error> {
        let Some(outcome) = &mut self.outcome else {
            return Err(Error::new(
                ErrorKind::Runtime,
                "the outcome of the server was taken by an earlier call",
            ));
        };
        let outcome = outcome.await;
        self.outcome = None;
        outcome.unwrap_or_else(|cause| {
            Err(
                Error::new(ErrorKind::Runtime, "the server was ended by its runtime")
                    .because(cause),
            )
        })
    }

    /// Stops the server in order and waits until it has stopped.
    ///
    /// New connections are refused, idle ones closed; running requests may finish within the time that
    /// [`Timeouts::shutdown`](crate::Timeouts::shutdown) allows; then the service is stopped.
    ///
    /// # Errors
    ///
    /// What the service could not close.
    ///
    /// # Cancel safety
    ///
    /// Safe: the server stops all the same.
    pub async fn shutdown(mut self) -> Result<Report, Error> {
        self.begin_shutdown();
        self.wait().await
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.control.begin.fire();
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle")
            .field("urls", &self.urls)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
