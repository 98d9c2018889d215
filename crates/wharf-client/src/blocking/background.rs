//! [`Background`]: the thread that does what callers wait for.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use super::wait::block_on;
use crate::{Error, ErrorKind};

/// A thread with a runtime of its own. Cheap to clone; the thread ends when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Background {
    inner: Arc<Inner>,
}

struct Inner {
    handle: Handle,
    thread: ThreadId,
    /// Ends the thread when it is dropped, without waiting for it: the last clone may be dropped on that very thread.
    _ends_when_dropped: oneshot::Sender<()>,
}

impl Background {
    /// Starts the thread.
    pub(super) fn start() -> Result<Self, Error> {
        Self::try_start()
            .map_err(|error| failed(format!("its thread could not be started: {error}")))
    }

    fn try_start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (sender, end) = oneshot::channel();
        let thread = thread::Builder::new().name("wharf-client".into());
        let thread = thread.spawn(move || run(runtime, end))?;
        Ok(Self {
            inner: Arc::new(Inner {
                handle,
                thread: thread.thread().id(),
                _ends_when_dropped: sender,
            }),
        })
    }

    /// Starts a task on the thread.
    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.inner.handle.spawn(future)
    }

    /// Runs `future` on the thread and waits for its end.
    pub(super) fn run<F>(&self, future: F) -> Result<F::Output, Error>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.check()?;
        block_on(self.spawn(future)).map_err(lost)
    }

    /// Waits on the caller's thread for what the background does in parts.
    pub(super) fn wait<T>(
        &self,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.check()?;
        block_on(future)
    }

    /// Makes the runtime the one that code on the caller's thread finds, for work on files.
    #[cfg(feature = "fs")]
    pub(super) fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.inner.handle.enter()
    }

    /// Refuses to wait on the thread for itself.
    fn check(&self) -> Result<(), Error> {
        match self.is_here() {
            false => Ok(()),
            true => Err(failed(
                "it was made on the thread that would have to answer it",
            )),
        }
    }

    /// Tells whether the caller, such as a middleware, runs on the thread.
    pub(super) fn is_here(&self) -> bool {
        thread::current().id() == self.inner.thread
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background")
            .field("thread", &self.inner.thread)
            .finish()
    }
}

fn run(runtime: Runtime, end: oneshot::Receiver<()>) {
    let _last_clone_is_gone = runtime.block_on(end);
    // A look-up or a read that hangs cannot be cancelled, and must not keep the thread.
    runtime.shutdown_background();
}

/// Says why a task has no result.
pub(super) fn lost(error: JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => failed(format!("what it ran has panicked: {}", message(&*panic))),
        Err(_shut_down) => Error::new(ErrorKind::Closed),
    }
}

fn failed(why: impl Into<wharf_http::BoxError>) -> Error {
    Error::new(ErrorKind::Blocking).because(why)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use wharf_http::Body;

    use super::super::remote::Remote;
    use super::*;

    /// One whose thread has gone although it is still held.
    fn ended() -> Background {
        let runtime = Builder::new_current_thread().build().unwrap();
        let (sender, _) = oneshot::channel();
        Background {
            inner: Arc::new(Inner {
                handle: runtime.handle().clone(),
                thread: thread::spawn(|| {}).thread().id(),
                _ends_when_dropped: sender,
            }),
        }
    }

    #[test]
    fn a_call_after_the_end_of_the_thread_is_an_error() {
        let error = ended().run(std::future::pending::<()>()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_eq!(format!("{error:#}"), "the client is closed");
    }

    #[test]
    fn a_body_whose_thread_has_ended_does_not_look_complete() {
        let (_sender, body) = Body::channel(1);
        let mut body = Remote::body(body, &ended());
        for _ in 0..2 {
            let error = block_on(body.chunk()).unwrap().unwrap_err();
            assert_eq!(Error::body(error).kind(), ErrorKind::Closed);
        }
    }

    #[test]
    fn the_thread_ends_with_the_last_clone() {
        let background = Background::start().unwrap();
        let clone = background.clone();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let _lives_as_long_as_the_runtime = background.spawn(async move {
            let _sender = sender;
            std::future::pending::<()>().await;
        });
        drop(background);
        assert_eq!(clone.run(async { 1 }).unwrap(), 1);
        drop(clone);
        assert!(receiver.recv().is_err(), "its tasks are gone");
    }
}
