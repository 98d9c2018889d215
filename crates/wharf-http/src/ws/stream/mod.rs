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
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::close::CloseFrame;
use super::config::WebSocketConfig;
use super::decoder::{Decoder, Event};
use super::encoder::{ALONE, Encoder, SLICES};
use super::error::{Error, ErrorKind, Violation};
use super::frame::{HEAD, Role};
use super::handshake::Negotiated;
use super::message::Message;
use super::signals::{Party, Registered, Signals};
use super::tally::Tally;
use crate::connection::WebSocketEnd;

mod alarm;
mod counting;
mod ending;

/// What a WebSocket runs on.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(super) struct Stream {
    registered: Registered,
    /// How often the alarm and others had woken the tasks when the stream was last looked at.
    rung: usize,
    role: Role,
    /// Whether it runs on a stream of HTTP/2.
    tunnel: bool,
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
    /// When the peer had last shown a sign of life, and whether it has shown one since or was sent a ping.
    heard: Option<Instant>,
    heard_since: bool,
    pinged: bool,
    /// Since when the peer accepts nothing.
    stalled: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    /// Whether the alarm is set already for a peer that is busy, and has not rung since, as it is between most messages.
    busy: bool,
    /// Who is told by the alarm: the same each time, whichever task waits.
    alarmed: Waker,
    tally: Tally,
    /// How many messages and bytes were received.
    messages: u64,
    bytes: u64,
    /// How it ends, where that is known before.
    end: Option<WebSocketEnd>,
}

#[derive(Clone, Copy, Debug)]
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

/// What a read brought.
enum Arrival {
    /// A whole message, decoded already.
    Message(Message),
    /// Something for the decoder, which has it.
    Bytes,
    Violation(Violation),
    End,
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
        alarmed: Waker,
    ) -> Self {
        let deflate = negotiated.deflate();
        let mut decoder = Decoder::new(role, config, deflate);
        decoder.input().extend_from_slice(read);
        Self {
            role,
            tunnel: negotiated.is_tunnel(),
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
            heard_since: false,
            pinged: false,
            stalled: None,
            alarm: None,
            busy: false,
            registered: Registered::default(),
            rung: 0,
            alarmed,
            tally: Tally::default(),
            messages: 0,
            bytes: read.len() as u64,
            end: None,
        }
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    pub(super) fn closed(&self) -> Option<&CloseFrame> {
        self.closed.as_ref()
    }

    pub(super) fn waiting(&self) -> usize {
        self.encoder.waiting()
    }

    /// Polls until it is ready, or a task is registered that is to look again; does first what a closer asked for. What
    /// `waker` wakes is told by what the WebSocket runs on.
    #[inline]
    pub(super) fn turn<T>(
        &mut self,
        signals: &Signals,
        party: Party,
        task: &Waker,
        waker: &Waker,
        mut poll: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        loop {
            let rung = signals.rung();
            if self.rung != rung {
                self.rung = rung;
                self.registered = Registered::default();
                self.busy = false;
                if let Some(frame) = signals.asked() {
                    self.leave(&frame);
                }
            }
            match poll(self, &mut Context::from_waker(waker)) {
                Poll::Pending if signals.register(&mut self.registered, party, task, rung) => {
                    return Poll::Pending;
                }
                Poll::Pending => {}
                ready => return ready,
            }
        }
    }

    /// Returns the next message, or `None` at the end.
    #[inline]
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, Error>> {
        while self.is_open() {
            match self.decoder.next() {
                Ok(Some(event)) => {
                    if let Some(message) = self.take(event) {
                        return Poll::Ready(Ok(Some(message)));
                    }
                }
                Ok(None) => {
                    // Pongs, and what was fed. That the peer does not take it now keeps nobody from reading.
                    let flushed = self.poll_flush(cx);
                    if !self.is_open() {
                        break;
                    }
                    match self.poll_read(cx) {
                        Poll::Ready(Ok(Arrival::Message(message))) => {
                            self.note_received();
                            return Poll::Ready(Ok(Some(message)));
                        }
                        Poll::Ready(Ok(Arrival::Bytes)) => {}
                        Poll::Ready(Ok(Arrival::Violation(violation))) => self.fail(violation),
                        Poll::Ready(Ok(Arrival::End)) => self.vanish(),
                        Poll::Ready(Err(error)) => self.break_off(error),
                        Poll::Pending => {
                            self.decoder.rest();
                            if self.busy && flushed.is_ready() {
                                return Poll::Pending;
                            }
                            self.add_traffic();
                            if self.heartbeat.is_some() {
                                self.heard.get_or_insert_with(Instant::now);
                            }
                            if flushed.is_pending() {
                                self.check_stall();
                            }
                            ready!(self.poll_alarm(true));
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
            Event::Message(message) => {
                self.note_received();
                Some(message)
            }
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

    /// Takes a message and waits until it is written, up to where `end` then tells. A small one is written from the stack
    /// where nothing waits before it, as most are: it needs no memory.
    #[inline]
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message>,
        end: &mut u64,
    ) -> Poll<Result<(), Error>> {
        if let Some(small) = message
            && self.is_open()
            && self.write_through(cx, small)
        {
            *message = None;
            *end = self.encoder.end();
            self.note_sent();
        }
        if message.is_some() {
            *end = ready!(self.poll_feed(cx, message))?;
        }
        self.poll_written(cx, *end)
    }

    /// Waits until no more than the high-water mark waits to be sent, then takes a message, and returns where it ends
    /// among all bytes sent. All in one poll, so that a message is either still the caller's or all the stream's.
    pub(super) fn poll_feed(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Message>,
    ) -> Poll<Result<u64, Error>> {
        if self.is_open() && self.encoder.waiting() >= self.high_water.max(1) {
            ready!(self.poll_written(cx, self.encoder.end()))?;
        }
        if !self.is_open() {
            return Poll::Ready(Err(Error::new(ErrorKind::Closed)));
        }
        let encoded = match message.take() {
            Some(message) => self.encoder.message(message),
            None => Ok(()),
        };
        self.note_sent();
        Poll::Ready(match encoded {
            Ok(()) => Ok(self.encoder.end()),
            Err(error) => Err(self.broken(error)),
        })
    }

    pub(super) fn end(&self) -> u64 {
        self.encoder.end()
    }

    /// Waits until all bytes up to `end` are with the stream.
    #[inline]
    pub(super) fn poll_written(
        &mut self,
        cx: &mut Context<'_>,
        end: u64,
    ) -> Poll<Result<(), Error>> {
        loop {
            let flushed = self.poll_flush(cx);
            if self.is_over() {
                // Told to whoever sends, as it may be the only one left.
                let error = self.failure.take();
                return Poll::Ready(Err(error.unwrap_or_else(|| Error::new(ErrorKind::Closed))));
            }
            if flushed.is_ready() || (self.encoder.is_written(end) && !self.unflushed) {
                return Poll::Ready(Ok(()));
            }
            self.check_stall();
            ready!(self.poll_alarm(false));
        }
    }

    /// Writes what waits to be sent. After an error the stage is `Over`.
    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.encoder.waiting() > 0 {
            ready!(self.poll_write(cx));
        }
        if self.unflushed
            && let Some(io) = &mut self.io
        {
            match ready!(Pin::new(io).poll_flush(cx)) {
                Ok(()) => self.unflushed = false,
                Err(error) => self.break_off(error),
            }
        }
        self.stalled = None;
        Poll::Ready(())
    }

    /// Writes a message that needs no memory, and keeps what the stream does not take; `false` when it has to be encoded.
    #[inline]
    fn write_through(&mut self, cx: &mut Context<'_>, message: &Message) -> bool {
        let Some(io) = &mut self.io else {
            return false;
        };
        let mut bytes = [MaybeUninit::uninit(); HEAD + ALONE];
        let mut frame = ReadBuf::uninit(&mut bytes);
        if !matches!(self.encoder.put(message, &mut frame), Ok(true)) {
            return false;
        }
        let frame = frame.filled();
        let written = match Pin::new(io).poll_write(cx, frame) {
            Poll::Pending => Ok(0),
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => {
                self.unflushed = true;
                Ok(count)
            }
            Poll::Ready(Err(error)) => Err(error),
        };
        match written {
            Ok(count) => self.encoder.keep(frame, count),
            Err(error) => self.break_off(error),
        }
        true
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
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
        Poll::Ready(())
    }

    /// Reads once.
    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        if self.read_size > SMALL_READ || self.decoder.has_input() {
            return self.poll_read_on(cx);
        }
        let Some(io) = &mut self.io else {
            return Poll::Ready(Ok(Arrival::End));
        };
        // Onto the stack first, so that who waits for a silent peer holds no memory for what it may say.
        let mut bytes = [MaybeUninit::uninit(); SMALL_READ];
        let mut read = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(io).poll_read(cx, &mut read))?;
        let bytes = read.filled_mut();
        if bytes.is_empty() {
            return Poll::Ready(Ok(Arrival::End));
        }
        self.heard(bytes.len());
        Poll::Ready(Ok(match self.decoder.read(bytes) {
            Ok(Some(message)) => Arrival::Message(message),
            Ok(None) => Arrival::Bytes,
            Err(violation) => Arrival::Violation(violation),
        }))
    }

    /// Reads once, to where some bytes are already.
    fn poll_read_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        let Some(io) = &mut self.io else {
            return Poll::Ready(Ok(Arrival::End));
        };
        let wanted = match self.decoder.missing() {
            0 => self.read_size,
            missing => missing,
        };
        let input = self.decoder.input();
        if input.capacity() - input.len() < wanted {
            input.reserve(wanted);
        }
        let count = ready!(pin!(io.read_buf(input)).poll(cx))?;
        if count == 0 {
            return Poll::Ready(Ok(Arrival::End));
        }
        self.heard(count);
        Poll::Ready(Ok(Arrival::Bytes))
    }

    #[inline]
    fn heard(&mut self, count: usize) {
        // Large messages are read in large pieces, and only as long as they come.
        if count >= self.read_size {
            self.read_size = (self.read_size * 2).min(LARGE_READ);
        } else if count < self.read_size / 4 {
            self.read_size = (self.read_size / 2).max(SMALL_READ);
        }
        self.bytes += count as u64;
        self.heard_since = true;
        self.pinged = false;
    }
}
