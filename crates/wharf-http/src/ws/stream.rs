//! The codec on a stream: what is read, what is written, what is due, and how it all ends.
//!
//! ~~~text
//! Open ─▶ Leaving ───────▶ Ending ──▶ Draining ─▶ Over
//!      our close frame      both are there,   the peer ends     nothing is kept
//!      is sent, the peer's  ours goes out     the connection
//!      awaited
//! ~~~
//!
//! Whatever is awaited is kept here and not in futures, so that each of them can be dropped at any time.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::close::{CloseCode, CloseFrame};
use super::config::WebSocketConfig;
use super::decoder::{Decoder, Event};
use super::encoder::{Encoder, SLICES};
use super::error::{Error, ErrorKind, Phase, Violation};
use super::frame::Role;
use super::handshake::Negotiated;
use super::message::Message;

/// What a WebSocket runs on.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(super) struct Stream {
    role: Role,
    io: Option<Box<dyn Io>>,
    decoder: Decoder,
    encoder: Encoder,
    /// Whether something was written that the stream may still keep back.
    unflushed: bool,
    control_frames: bool,
    high_water: usize,
    read_size: usize,
    stage: Stage,
    /// What the peer said, or that it said nothing.
    closed: Option<CloseFrame>,
    /// What the next receiver is told.
    failure: Option<Error>,
    heartbeat: Option<Duration>,
    write_timeout: Option<Duration>,
    close_timeout: Duration,
    /// When the peer last showed a sign of life, and whether it was sent a ping since.
    heard: Option<Instant>,
    pinged: bool,
    /// Since when the peer accepts nothing.
    stalled: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// Our close frame is sent or waits to be, the peer's is awaited; its messages are dropped.
    Leaving {
        until: Instant,
    },
    /// No frame is awaited any more. What waits to be sent goes out, then our side ends; `failed` tells that the peer
    /// broke the rules.
    Ending {
        until: Instant,
        failed: bool,
    },
    /// The peer's side is to end.
    Draining {
        until: Instant,
    },
    Over,
}

/// The most that is read onto the stack, and so what a read of a quiet connection asks for.
const SMALL_READ: usize = 4 << 10;

/// The most that is read at once, other than of a payload whose length is known.
const LARGE_READ: usize = 65 << 10;

impl Stream {
    pub(super) fn new(
        role: Role,
        io: Box<dyn Io>,
        config: &WebSocketConfig,
        negotiated: &Negotiated,
        read: &[u8],
    ) -> Self {
        let deflate = negotiated.deflate();
        let mut decoder = Decoder::new(role, config, deflate);
        decoder.input().extend_from_slice(read);
        Self {
            role,
            io: Some(io),
            decoder,
            encoder: Encoder::new(role, config, deflate),
            unflushed: false,
            control_frames: config.control_frames,
            high_water: config.high_water,
            read_size: SMALL_READ,
            stage: Stage::Open,
            closed: None,
            failure: None,
            heartbeat: config.heartbeat,
            write_timeout: config.write_timeout,
            close_timeout: config.close_timeout,
            heard: None,
            pinged: false,
            stalled: None,
            alarm: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn closed(&self) -> Option<&CloseFrame> {
        self.closed.as_ref()
    }

    pub(super) fn waiting(&self) -> usize {
        self.encoder.waiting()
    }

    /// Returns the next message, or `None` at the end.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, Error>> {
        while self.stage == Stage::Open {
            match self.decoder.next() {
                Ok(Some(event)) => {
                    if let Some(message) = self.take(event) {
                        return Poll::Ready(Ok(Some(message)));
                    }
                }
                Ok(None) => {
                    // Pongs, and what was fed. That the peer does not take it now keeps nobody from reading.
                    let flushed = self.poll_flush(cx);
                    if self.stage != Stage::Open {
                        break;
                    }
                    match self.poll_read(cx) {
                        Poll::Ready(Ok(0)) => self.vanish(),
                        Poll::Ready(Ok(_)) => {}
                        Poll::Ready(Err(error)) => self.break_off(error),
                        Poll::Pending => {
                            self.decoder.rest();
                            if self.heartbeat.is_some() {
                                self.heard.get_or_insert_with(Instant::now);
                            }
                            if flushed.is_pending() {
                                self.check_stall();
                            }
                            ready!(self.poll_alarm(cx, true));
                            self.check_heartbeat(cx);
                        }
                    }
                }
                Err(violation) => self.fail(violation),
            }
        }
        ready!(self.poll_end(cx));
        Poll::Ready(match self.failure.take() {
            Some(error) => Err(error),
            None => Ok(None),
        })
    }

    /// Acts on what the peer sent, and returns what is for the receiver.
    fn take(&mut self, event: Event) -> Option<Message> {
        match event {
            Event::Message(message) => Some(message),
            Event::Ping(payload) => {
                let answered = self.encoder.pong(payload.clone());
                self.settle(answered);
                self.control_frames.then_some(Message::Ping(payload))
            }
            Event::Pong(payload) => self.control_frames.then_some(Message::Pong(payload)),
            Event::Close(frame) => {
                // RFC 6455 §5.5.1: the answer carries the same code.
                let answer = CloseFrame::new(frame.code(), "");
                let until = self.deadline();
                let sent = self.encoder.close(&answer);
                self.closed = Some(frame);
                self.stage = Stage::Ending {
                    until,
                    failed: false,
                };
                self.settle(sent);
                None
            }
        }
    }

    /// Waits until a message may be sent: until no more than the high-water mark waits already.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.stage != Stage::Open {
            return Poll::Ready(Err(Error::new(ErrorKind::Closed)));
        }
        match self.encoder.waiting() < self.high_water.max(1) {
            true => Poll::Ready(Ok(())),
            false => self.poll_written(cx, self.encoder.end()),
        }
    }

    /// Takes a message that is to be sent, and returns where it ends among all bytes sent.
    pub(super) fn feed(&mut self, message: Message) -> Result<u64, Error> {
        if self.stage != Stage::Open {
            return Err(Error::new(ErrorKind::Closed));
        }
        match self.encoder.message(message) {
            Ok(()) => Ok(self.encoder.end()),
            Err(error) => Err(self.broken(error)),
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.encoder.end()
    }

    /// Waits until all bytes up to `end` are with the stream.
    pub(super) fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        end: u64,
    ) -> Poll<Result<(), Error>> {
        loop {
            let flushed = self.poll_flush(cx);
            if self.stage == Stage::Over {
                // Told to whoever sends, as it may be the only one left.
                let error = self.failure.take();
                return Poll::Ready(Err(error.unwrap_or_else(|| Error::new(ErrorKind::Closed))));
            }
            if flushed.is_ready() || (self.encoder.is_written(end) && !self.unflushed) {
                return Poll::Ready(Ok(()));
            }
            self.check_stall();
            ready!(self.poll_alarm(cx, false));
        }
    }

    /// Begins the closing handshake, unless it has begun.
    pub(super) fn leave(&mut self, frame: &CloseFrame) {
        if self.stage == Stage::Open {
            let until = self.deadline();
            let sent = self.encoder.close(frame);
            self.stage = Stage::Leaving { until };
            self.settle(sent);
        }
    }

    /// Waits for the end of the connection, which has been closed.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_end(cx));
        Poll::Ready(match self.failure.take() {
            Some(error) if error.is_timeout() => Err(error),
            _ => Ok(()),
        })
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.stage {
                Stage::Open | Stage::Over => return Poll::Ready(()),
                Stage::Leaving { until } => match self.decoder.next() {
                    Ok(Some(Event::Close(frame))) => {
                        self.closed = Some(frame);
                        self.stage = Stage::Ending {
                            until,
                            failed: false,
                        };
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        let _later = self.poll_flush(cx);
                        if self.stage == Stage::Over {
                            return Poll::Ready(());
                        }
                        match self.poll_read(cx) {
                            Poll::Ready(Ok(0)) => self.vanish(),
                            Poll::Ready(Ok(_)) => {}
                            Poll::Ready(Err(error)) => self.break_off(error),
                            Poll::Pending => ready!(self.poll_alarm(cx, false)),
                        }
                    }
                    // Our close frame is out: there is nothing more to tell.
                    Err(_) => {
                        self.stage = Stage::Ending {
                            until,
                            failed: true,
                        };
                    }
                },
                Stage::Ending { until, failed } => {
                    if self.poll_flush(cx).is_pending() {
                        ready!(self.poll_alarm(cx, false));
                        continue;
                    }
                    // RFC 6455 §7.1.1: the server ends the connection first, the client waits for that.
                    if self.role == Role::Server || failed {
                        let Some(io) = &mut self.io else {
                            self.over();
                            continue;
                        };
                        match Pin::new(io).poll_shutdown(cx) {
                            Poll::Pending => {
                                ready!(self.poll_alarm(cx, false));
                                continue;
                            }
                            Poll::Ready(Err(_)) => {
                                self.over();
                                continue;
                            }
                            Poll::Ready(Ok(())) => {}
                        }
                    }
                    self.stage = match self.role == Role::Server && !failed {
                        true => {
                            self.over();
                            Stage::Over
                        }
                        false => Stage::Draining { until },
                    };
                }
                // What has been sent since must be read: a socket that is closed before resets the connection, and our
                // close frame with it.
                Stage::Draining { .. } => {
                    self.decoder.input().clear();
                    match self.poll_read(cx) {
                        Poll::Ready(Ok(1..)) => {}
                        Poll::Ready(_) => self.over(),
                        Poll::Pending => ready!(self.poll_alarm(cx, false)),
                    }
                }
            }
        }
    }

    /// Writes what waits to be sent. After an error the stage is `Over`.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(io) = &mut self.io else {
            return Poll::Ready(());
        };
        while self.encoder.waiting() > 0 {
            let wrote =
                if self.encoder.chunk().len() < self.encoder.waiting() && io.is_write_vectored() {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let count = self.encoder.chunks(&mut slices);
                    Pin::new(&mut *io).poll_write_vectored(cx, &slices[..count])
                } else {
                    Pin::new(&mut *io).poll_write(cx, self.encoder.chunk())
                };
            let result = match wrote {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    self.stalled = None;
                    self.unflushed = true;
                    self.encoder.advance(count)
                }
                Poll::Ready(Err(error)) => Err(error),
            };
            if let Err(error) = result {
                self.break_off(error);
                return Poll::Ready(());
            }
        }
        if self.unflushed {
            match ready!(Pin::new(io).poll_flush(cx)) {
                Ok(()) => self.unflushed = false,
                Err(error) => self.break_off(error),
            }
        }
        self.stalled = None;
        Poll::Ready(())
    }

    /// Reads once; 0 is the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(io) = &mut self.io else {
            return Poll::Ready(Ok(0));
        };
        let missing = self.decoder.missing();
        let input = self.decoder.input();
        let count = if input.is_empty() && self.read_size <= SMALL_READ {
            // Onto the stack first, so that who waits for a silent peer holds no memory for what it may say.
            let mut bytes = [MaybeUninit::uninit(); SMALL_READ];
            let mut read = ReadBuf::uninit(&mut bytes);
            ready!(Pin::new(io).poll_read(cx, &mut read))?;
            input.extend_from_slice(read.filled());
            read.filled().len()
        } else {
            let wanted = match missing {
                0 => self.read_size,
                missing => missing,
            };
            if input.capacity() - input.len() < wanted {
                input.reserve(wanted);
            }
            ready!(pin!(io.read_buf(input)).poll(cx))?
        };
        // Large messages are read in large pieces, and only as long as they come.
        if count >= self.read_size {
            self.read_size = (self.read_size * 2).min(LARGE_READ);
        } else if count < self.read_size / 4 {
            self.read_size = (self.read_size / 2).max(SMALL_READ);
        }
        if self.heartbeat.is_some() {
            self.heard = Some(Instant::now());
            self.pinged = false;
        }
        Poll::Ready(Ok(count))
    }

    /// Sends a ping to a peer that has been silent, and gives up one that stays so.
    fn check_heartbeat(&mut self, cx: &mut Context<'_>) {
        let (Some(interval), Stage::Open) = (self.heartbeat, self.stage) else {
            return;
        };
        let heard = *self.heard.get_or_insert_with(Instant::now);
        if heard.elapsed() < interval {
            return;
        }
        match self.pinged {
            false => {
                self.pinged = true;
                self.heard = Some(Instant::now());
                let sent = self.encoder.ping();
                self.settle(sent);
                // What it cannot write now goes out with the next event.
                let _later = self.poll_flush(cx);
            }
            true => self.time_out(Phase::Heartbeat),
        }
    }

    fn check_stall(&mut self) {
        let Some(limit) = self.write_timeout else {
            return;
        };
        let since = *self.stalled.get_or_insert_with(Instant::now);
        if since.elapsed() >= limit {
            self.time_out(Phase::Write);
        }
    }

    /// Waits for what is due next: the heart beats only while somebody receives. Ready means: look again.
    fn poll_alarm(&mut self, cx: &mut Context<'_>, receiving: bool) -> Poll<()> {
        let due = match self.stage {
            Stage::Over => return Poll::Ready(()),
            Stage::Open => {
                let heartbeat = self.heard.zip(self.heartbeat).filter(|_| receiving);
                let stall = self.stalled.zip(self.write_timeout);
                let dues = [heartbeat, stall].into_iter().flatten();
                dues.filter_map(|(since, limit)| since.checked_add(limit))
                    .min()
            }
            Stage::Leaving { until } | Stage::Ending { until, .. } | Stage::Draining { until } => {
                Some(until)
            }
        };
        let Some(due) = due else {
            return Poll::Pending;
        };
        let set = match &mut self.alarm {
            // One that rings early is set again then: signs of life are too many to set it for each.
            Some(alarm) if alarm.deadline() <= due => alarm.is_elapsed(),
            Some(alarm) => {
                alarm.as_mut().reset(due);
                true
            }
            None => {
                self.alarm = Some(Box::pin(sleep_until(due)));
                true
            }
        };
        // Polled only when it was set or has rung: it remembers the task, which is the same each time.
        let Some(alarm) = self.alarm.as_mut().filter(|_| set) else {
            return Poll::Pending;
        };
        loop {
            ready!(alarm.as_mut().poll(cx));
            if Instant::now() >= due {
                break;
            }
            alarm.as_mut().reset(due);
        }
        self.alarm = None;
        match self.stage {
            Stage::Open | Stage::Over => {}
            // The peer has said all that matters.
            Stage::Draining { .. } => self.over(),
            Stage::Leaving { .. } | Stage::Ending { .. } => self.time_out(Phase::Close),
        }
        Poll::Ready(())
    }

    fn deadline(&self) -> Instant {
        let now = Instant::now();
        // Thirty years are for ever.
        let far = Duration::from_secs(86_400 * 365 * 30);
        now + self.close_timeout.min(far)
    }

    /// Tells the peer which rule it broke, and ends (RFC 6455 §7.1.7).
    fn fail(&mut self, violation: Violation) {
        let until = self.deadline();
        let frame = CloseFrame::new(violation.code(), violation.what());
        let sent = self.encoder.close(&frame);
        self.failure = Some(violation.into());
        self.stage = Stage::Ending {
            until,
            failed: true,
        };
        self.settle(sent);
    }

    fn time_out(&mut self, phase: Phase) {
        self.failure
            .get_or_insert_with(|| Error::new(ErrorKind::TimedOut(phase)));
        self.over();
    }

    /// Ends without a close frame of the peer.
    fn vanish(&mut self) {
        self.over();
    }

    fn settle(&mut self, encoded: io::Result<()>) {
        if let Err(error) = encoded {
            self.break_off(error);
        }
    }

    fn break_off(&mut self, error: io::Error) {
        // A peer that is gone has ended, if without a word.
        let gone = matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::WriteZero
        );
        if !gone && self.failure.is_none() {
            self.failure = Some(Error::new(ErrorKind::Io).because(error));
        }
        self.over();
    }

    /// Ends because of an error, and returns it.
    fn broken(&mut self, error: io::Error) -> Error {
        self.over();
        Error::new(ErrorKind::Io).because(error)
    }

    /// Ends, and keeps nothing.
    fn over(&mut self) {
        self.stage = Stage::Over;
        self.closed
            .get_or_insert_with(|| CloseFrame::new(CloseCode::ABNORMAL, ""));
        self.io = None;
        self.alarm = None;
        self.encoder.clear();
        self.decoder.clear();
    }
}
