//! [`Executor`], with which hyper spawns the tasks of the streams of one connection.

use std::sync::Arc;

use super::hub::Hub;
use super::stream::StreamTask;

/// Spawns on the current runtime, as long as the connection lives.
#[derive(Clone)]
pub(super) struct Executor(pub(super) Arc<Hub>);

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, work: F) {
        match self.0.announced() {
            Some(stream) => self.0.spawn(StreamTask::new(work, stream)),
            // The application has the stream now and no limit applies any more.
            None => {
                self.0.hand_over();
                self.0.spawn(work);
            }
        }
    }
}
