//! [`Driver`], which runs the tasks of connections and ends them all when the client is closed.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::task::AbortHandle;
use tokio::time::timeout;
use wharf_http::{Signal, Tasks};

use crate::config::CLOSE_WAIT;
use crate::{Error, ErrorKind};

/// Runs the tasks of connections, each on the runtime that its connection was opened on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Driver {
    tasks: Tasks,
    closing: Signal,
}

impl Driver {
    pub(crate) fn new() -> Self {
        Self {
            tasks: Tasks::new(),
            closing: Signal::new(),
        }
    }

    /// Runs `task` until it ends or the client is closed. What goes wrong reaches whoever waits for a response or reads a body.
    pub(super) fn spawn<F>(&self, task: F) -> AbortHandle
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tasks.spawn(task).abort_handle()
    }

    /// Returns what fires when the client is closed.
    #[cfg(feature = "ws")]
    pub(crate) fn closing(&self) -> &Signal {
        &self.closing
    }

    /// Has the end of the client wait, as for a task, until the guard is dropped.
    #[cfg(feature = "ws")]
    pub(crate) fn enter(&self) -> wharf_http::signal::TaskGuard {
        self.tasks.enter()
    }

    /// Waits for `opening` unless the client is closed before.
    pub(crate) async fn unless_closed<T>(
        &self,
        opening: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut opening = pin!(opening);
        let mut closing = pin!(self.closing.fired());
        poll_fn(|cx| {
            if closing.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(Error::new(ErrorKind::Closed)));
            }
            opening.as_mut().poll(cx)
        })
        .await
    }

    /// Ends all tasks and waits until they, and the sockets with them, are gone; not for long, as a runtime that stands still
    /// does not end its tasks.
    pub(crate) async fn close(&self) {
        self.closing.fire();
        self.tasks.abort();
        let _what_still_runs = timeout(CLOSE_WAIT, self.tasks.idle()).await;
    }
}

#[cfg(feature = "http2")]
impl<F> hyper::rt::Executor<F> for Driver
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, task: F) {
        let _goes_on_by_itself = self.spawn(task);
    }
}
