//! [`Expectation`]: a call that is to come, and what answers it.

use std::fmt;
use std::sync::Arc;

use super::board::{Board, Part};
use super::{Call, Reply, Times};

/// A call that a [`MockServer`](crate::MockServer) expects; made by [`MockServer::expect`](crate::MockServer::expect).
///
/// By default it is expected once and answered 200 without a body. What is said here counts from then on, also when
/// calls have come already.
#[derive(Clone)]
pub struct Expectation {
    board: Arc<Board>,
    number: usize,
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "each method has done its work when it returns; the value is there to call the next one"
)]
impl Expectation {
    pub(super) fn new(board: Arc<Board>, number: usize) -> Self {
        Self { board, number }
    }

    /// Sets how often the call is expected: `2`, `0` for never, `1..`, `..=3`, or `..` for any number. Default: once.
    ///
    /// A call that comes more often is unexpected.
    pub fn times(self, times: impl Into<Times>) -> Self {
        self.board.set_times(self.number, times.into());
        self
    }

    /// Expects that the call never comes.
    pub fn never(self) -> Self {
        self.times(0)
    }

    /// Sets the answer, the same one each time.
    pub fn reply(self, reply: Reply) -> Self {
        let replies = Part::Replies([reply].into());
        self.board.set_part(self.number, replies);
        self
    }

    /// Sets an answer for each call, one after the other, and expects as many calls as there are answers.
    ///
    /// With [`times`](Self::times) after it, further calls get the last one again.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_test::MockServer;
    /// use wharf_test::upstream::{Reply, get};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let mock = MockServer::new();
    /// mock.expect(get("/")).replies([Reply::new(503), Reply::new(200).text("back")]);
    /// assert_eq!(mock.client().get("/").send().await?.status(), 503);
    /// assert_eq!(mock.client().get("/").send().await?.text().await?, "back");
    /// # Ok::<(), wharf_client::Error>(()) }).unwrap();
    /// ```
    pub fn replies(self, replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Arc<[_]> = replies.into_iter().collect();
        let times = u32::try_from(replies.len()).unwrap_or(u32::MAX);
        self.board.set_part(self.number, Part::Replies(replies));
        self.times(times)
    }

    /// Lets a function answer, which is given the request.
    ///
    /// # Examples
    ///
    /// ```
    /// use wharf_test::MockServer;
    /// use wharf_test::upstream::{Reply, get};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// let mock = MockServer::new();
    /// mock.expect(get("/ships/{id}")).answer(async |call| {
    ///     Reply::new(200).text(format!("ship {}", call.param("id").unwrap_or_default()))
    /// });
    /// assert_eq!(mock.client().get("/ships/7").send().await?.text().await?, "ship 7");
    /// # Ok::<(), wharf_client::Error>(()) }).unwrap();
    /// ```
    pub fn answer<F, Fut>(self, answer: F) -> Self
    where
        F: Fn(Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        let answer = Part::Answer(Arc::new(move |call| Box::pin(answer(call))));
        self.board.set_part(self.number, answer);
        self
    }

    /// Returns how often the call has come.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.board.count(self.number)
    }
}

impl fmt::Debug for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expectation")
            .field("number", &self.number)
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
