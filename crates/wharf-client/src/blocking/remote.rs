//! [`Remote`]: a response body that is read in the background, wherever it is polled.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::JoinHandle;
use wharf_http::{Body, body};

use super::Background;
use super::background::lost;
use crate::{Error, ErrorKind};

/// A body that lives in the background, so that its connection and its timers never leave their runtime.
///
/// A frame is fetched when it is asked for and not before: time limits count what a reader has waited for.
pub(super) struct Remote {
    background: Background,
    state: State,
    /// What is known of the rest while a frame is being fetched.
    hint: SizeHint,
}

enum State {
    Idle(Body),
    Fetching(JoinHandle<Fetched>),
    Lost,
}

type Fetched = (Option<Result<Frame<Bytes>, body::Error>>, Body);

impl Remote {
    /// Lets `body` be read anywhere. One that is in memory can be already.
    pub(super) fn body(body: Body, background: &Background) -> Body {
        if body.as_bytes().is_some() {
            return body;
        }
        Body::new(Self {
            background: background.clone(),
            hint: body.size_hint(),
            state: State::Idle(body),
        })
    }

    fn fetch(&self, mut body: Body) -> State {
        State::Fetching(self.background.spawn(async move {
            let frame = body.frame().await;
            (frame, body)
        }))
    }
}

impl HttpBody for Remote {
    type Data = Bytes;
    type Error = body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, body::Error>>> {
        loop {
            match &mut self.state {
                State::Idle(body) if body.is_end_stream() => return Poll::Ready(None),
                State::Idle(body) => {
                    let body = mem::take(body);
                    self.hint = body.size_hint();
                    self.state = self.fetch(body);
                }
                State::Fetching(task) => match ready!(Pin::new(task).poll(cx)) {
                    Ok((frame, body)) => {
                        self.state = State::Idle(body);
                        return Poll::Ready(frame);
                    }
                    Err(error) => {
                        self.state = State::Lost;
                        return Poll::Ready(Some(Err(broken(lost(error)))));
                    }
                },
                // Never the end: what came so far must not be taken for all.
                State::Lost => {
                    return Poll::Ready(Some(Err(broken(Error::new(ErrorKind::Closed)))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Idle(body) => body.is_end_stream(),
            State::Fetching(_) | State::Lost => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Idle(body) => body.size_hint(),
            State::Fetching(_) | State::Lost => self.hint,
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        match mem::replace(&mut self.state, State::Lost) {
            // What is left to do for its connection is done in the background too.
            State::Idle(body) if !body.is_end_stream() => {
                drop(self.background.spawn(async move { drop(body) }));
            }
            State::Fetching(task) => task.abort(),
            State::Idle(_) | State::Lost => {}
        }
    }
}

fn broken(error: Error) -> body::Error {
    body::Error::new(body::ErrorKind::Other).because(error)
}
