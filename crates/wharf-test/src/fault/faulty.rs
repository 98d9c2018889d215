//! [`Faulty`]: a stream on which a plan is carried out.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Plan;
use super::flow::End;
use super::lane::Lane;
use super::plan::Opening;

/// What a peer that does not speak TLS may say.
const GARBAGE: &[u8] = b"220 ready when you are\r\n";

/// A stream on which something goes wrong; made by [`Faults::wrap`](super::Faults::wrap).
///
/// It needs a tokio runtime with timers where a plan has times. What is written arrives as it is flushed, as is the
/// rule of [`AsyncWrite`].
pub struct Faulty<S> {
    /// `None` once the connection has ended.
    io: Option<S>,
    state: State,
    accepted: Option<Pin<Box<Sleep>>>,
    incoming: Lane,
    outgoing: Lane,
    /// What the stream itself said last: its end, or an error that comes after the bytes before it.
    last: Option<Result<(), io::Error>>,
    /// Who waits while the other direction may end the connection.
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Why the connection is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The peer says this much, hears nothing, and then ends the connection.
    Deaf(&'static [u8]),
    Cut,
    Reset,
}

impl<S> Faulty<S> {
    /// Carries out `plan` on a stream, from now on.
    pub(super) fn new(io: S, plan: Plan) -> Self {
        let state = match plan.opening {
            Opening::Open => State::Open,
            Opening::Unresolved | Opening::Refused => State::Reset,
            Opening::TlsGarbage => State::Deaf(GARBAGE),
            Opening::TlsClosed => State::Deaf(b""),
        };
        let accepted = (!plan.accept_after.is_zero())
            .then(|| Instant::now().checked_add(plan.accept_after))
            .flatten();
        Self {
            io: (state == State::Open).then_some(io),
            state,
            accepted: accepted.map(|at| Box::pin(sleep_until(at))),
            incoming: Lane::new(plan.incoming),
            outgoing: Lane::new(plan.outgoing),
            last: None,
            reader: None,
            writer: None,
        }
    }

    /// Waits until the peer has accepted the connection.
    fn poll_accepted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(timer) = &mut self.accepted {
            ready!(timer.as_mut().poll(cx));
            self.accepted = None;
            self.wake();
        }
        Poll::Ready(())
    }

    /// Wakes whoever waits for what another call has brought about.
    fn wake(&mut self) {
        for waiting in [self.reader.take(), self.writer.take()] {
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    /// Ends the connection in both directions.
    fn finish(&mut self, state: State) {
        self.state = state;
        self.io = None;
        self.wake();
    }

    fn waiting_to_write<T>(&mut self, result: &Poll<T>, cx: &Context<'_>) {
        self.writer = result.is_pending().then(|| cx.waker().clone());
    }

    fn broken(&self) -> io::Error {
        match self.state {
            State::Reset => io::ErrorKind::ConnectionReset.into(),
            _ => io::ErrorKind::BrokenPipe.into(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Faulty<S> {
    /// Takes in what the stream has, as far as there is room.
    fn take_in(&mut self, cx: &mut Context<'_>) {
        let mut scratch = [0; 4096];
        while self.last.is_none() {
            let room = self.incoming.room().min(scratch.len());
            let (Some(io), 1..) = (&mut self.io, room) else {
                return;
            };
            let mut buf = ReadBuf::new(&mut scratch[..room]);
            match Pin::new(io).poll_read(cx, &mut buf) {
                Poll::Pending => return,
                Poll::Ready(Err(error)) => self.last = Some(Err(error)),
                Poll::Ready(Ok(())) if buf.filled().is_empty() => self.last = Some(Ok(())),
                Poll::Ready(Ok(())) => self.incoming.push(buf.filled()),
            }
        }
    }

    /// Hands on what was written and is due; ready when nothing is left, and the direction has ended if it is to.
    fn poll_hand_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let Some(io) = &mut self.io else {
                return Poll::Ready(Err(self.broken()));
            };
            let Some(bytes) = ready!(self.outgoing.poll_due(cx)) else {
                return self.poll_end(cx);
            };
            match ready!(Pin::new(io).poll_write(cx, bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.outgoing.pop(count),
            }
        }
    }

    /// Ends what is to end after the last byte that was written.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(io) = &mut self.io else {
            return Poll::Ready(Err(self.broken()));
        };
        match self.outgoing.end() {
            None | Some(End::Stall) => return Poll::Ready(Ok(())),
            Some(End::HalfClose) => return Pin::new(io).poll_shutdown(cx),
            Some(End::Cut) => {
                ready!(Pin::new(io).poll_flush(cx))?;
                self.finish(State::Cut);
            }
            Some(End::Reset) => {
                ready!(Pin::new(io).poll_flush(cx))?;
                self.finish(State::Reset);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Hands on what is due while somebody reads, and tells whoever waits to write.
    fn hand_on_while_reading(&mut self, cx: &mut Context<'_>) {
        if self.outgoing.is_empty() {
            return;
        }
        // An error shows itself to the writer at its next call, too.
        let _result = self.poll_hand_on(cx);
        // One task that does both would wake itself without end.
        let other = self.writer.take_if(|writer| !writer.will_wake(cx.waker()));
        other.into_iter().for_each(Waker::wake);
    }

    fn poll_read_open(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.take_in(cx);
        if let Some(bytes) = ready!(self.incoming.poll_due(cx)) {
            let count = bytes.len().min(buf.remaining());
            buf.put_slice(&bytes[..count]);
            self.incoming.pop(count);
            return Poll::Ready(Ok(()));
        }
        match self.incoming.end() {
            Some(End::Stall) => return Poll::Pending,
            Some(End::HalfClose) => return Poll::Ready(Ok(())),
            Some(End::Cut) => self.finish(State::Cut),
            Some(End::Reset) => self.finish(State::Reset),
            None => {}
        }
        match self.state {
            State::Reset => return Poll::Ready(Err(self.broken())),
            State::Cut | State::Deaf(_) => return Poll::Ready(Ok(())),
            State::Open => {}
        }
        match self.last.take() {
            Some(Ok(())) => {
                self.last = Some(Ok(()));
                Poll::Ready(Ok(()))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }

    fn poll_write_open(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // What is due makes room.
        if let Poll::Ready(result) = self.poll_hand_on(cx) {
            result?;
        }
        if self.io.is_none() {
            return Poll::Ready(Err(self.broken()));
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.outgoing.room().min(rest.len());
            if room == 0 {
                break;
            }
            let (now, later) = rest.split_at(room);
            self.outgoing.push(now);
            rest = later;
            if let Poll::Ready(result) = self.poll_hand_on(cx)
                && self.io.is_some()
            {
                result?;
            }
        }
        match bytes.len() - rest.len() {
            0 if bytes.is_empty() => Poll::Ready(Ok(0)),
            0 => match self.outgoing.end() {
                Some(End::HalfClose) if self.outgoing.is_empty() => Poll::Ready(Err(self.broken())),
                _ => Poll::Pending,
            },
            count => Poll::Ready(Ok(count)),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Faulty<S> {
    fn poll_read_any(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_accepted(cx));
        self.hand_on_while_reading(cx);
        match self.state {
            State::Open => self.poll_read_open(cx, buf),
            State::Reset => Poll::Ready(Err(self.broken())),
            State::Cut => Poll::Ready(Ok(())),
            State::Deaf(words) => {
                let (now, later) = words.split_at(words.len().min(buf.remaining()));
                buf.put_slice(now);
                self.state = State::Deaf(later);
                Poll::Ready(Ok(()))
            }
        }
    }

    fn poll_write_any(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_accepted(cx));
        match self.state {
            State::Open => self.poll_write_open(cx, bytes),
            State::Deaf(_) => Poll::Ready(Ok(bytes.len())),
            State::Cut | State::Reset => Poll::Ready(Err(self.broken())),
        }
    }

    fn poll_flush_any(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_accepted(cx));
        if matches!(self.state, State::Deaf(_)) {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_hand_on(cx))?;
        match &mut self.io {
            Some(io) => Pin::new(io).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown_any(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.io.is_none() {
            // There is nothing to close any more, which is what was asked for.
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_accepted(cx));
        ready!(self.poll_hand_on(cx))?;
        // The end of what does not arrive does not arrive either.
        if self.outgoing.end() == Some(End::Stall) || self.outgoing.is_blocked() {
            return Poll::Ready(Ok(()));
        }
        match &mut self.io {
            Some(io) => Pin::new(io).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Faulty<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = this.poll_read_any(cx, buf);
        this.reader = result.is_pending().then(|| cx.waker().clone());
        result
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Faulty<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = this.poll_write_any(cx, bytes);
        this.waiting_to_write(&result, cx);
        result
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = this.poll_flush_any(cx);
        this.waiting_to_write(&result, cx);
        result
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = this.poll_shutdown_any(cx);
        this.waiting_to_write(&result, cx);
        result
    }
}

impl<S> fmt::Debug for Faulty<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
