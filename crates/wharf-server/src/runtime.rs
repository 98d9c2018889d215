//! The main runtime of a server: its own, or the caller's.
//!
//! What runs once in the life of a server goes to the runtime in boxes of one type: then the insides of a task are compiled for that
//! one, and not for each.

use std::pin::Pin;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use wharf_http::BoxFuture;

use crate::error::{Error, ErrorKind};

/// How long blocking work that nobody waits for any more, such as a file operation, may take to end.
const LEFT_OVER: Duration = Duration::from_secs(1);

/// Runs `work` on a runtime of its own, and blocks until it is done.
///
/// Requests are not served there but by the workers: it is for the service's resources, hooks and background tasks.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    let mut output = None;
    run(Box::pin(async { output = Some(work.await) }))?;
    Ok(output.expect("the runtime was blocked until the work was done"))
}

fn run(work: Pin<Box<dyn Future<Output = ()> + '_>>) -> Result<(), Error> {
    if Handle::try_current().is_ok() {
        return Err(Error::new(
            ErrorKind::Runtime,
            "this call blocks and brings its own runtime, so it cannot be made within one: await `Server::start` here",
        ));
    }
    let runtime = Builder::new_multi_thread()
        .thread_name("wharf")
        .enable_all()
        .build()
        .map_err(|cause| {
            Error::new(ErrorKind::Runtime, "could not build the runtime").because(cause)
        })?;
    drive(&runtime, work);
    // Dropping it would wait for blocking work without a limit.
    runtime.shutdown_timeout(LEFT_OVER);
    Ok(())
}

/// Blocks until `work` is done on a runtime.
pub(crate) fn drive(runtime: &Runtime, work: Pin<Box<dyn Future<Output = ()> + '_>>) {
    runtime.block_on(work);
}

/// Spawns what runs beside the connections.
pub(crate) fn spawn(work: BoxFuture<'static, ()>) -> JoinHandle<()> {
    tokio::spawn(work)
}

/// Finds out whether there is a runtime to work on.
pub(crate) fn require() -> Result<(), Error> {
    Handle::try_current().map(drop).map_err(|cause| {
        Error::new(
            ErrorKind::Runtime,
            "a server starts on the caller's tokio runtime: use `Server::run` where there is none",
        )
        .because(cause)
    })
}
