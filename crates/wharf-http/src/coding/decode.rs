//! The body that undoes codings while it is read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};

use super::codec::{Ask, Codec, PIECE, Piece};
use super::{Coding, Limits};
use crate::Body;
use crate::body::{Error, ErrorKind};

/// How many steps may give nothing before other tasks have their turn: empty members and frames are cheap to send.
const PATIENCE: usize = 64;

pub(super) struct Decoder {
    wire: Wire,
    /// In the order in which they are undone: the first one reads from the wire.
    stages: Vec<Stage>,
    limits: Limits,
    given: u64,
}

impl Decoder {
    pub(super) fn new(
        body: Body,
        codings: impl IntoIterator<Item = Coding>,
        limits: Limits,
    ) -> Self {
        Self {
            wire: Wire {
                body,
                read: 0,
                trailers: None,
            },
            stages: codings.into_iter().map(Stage::new).collect(),
            limits,
            given: 0,
        }
    }

    fn checked(&mut self, piece: Bytes) -> Result<Frame<Bytes>, Error> {
        self.given = self.given.saturating_add(piece.len() as u64);
        let unread = self.stages.first().map_or(0, |stage| stage.input.len());
        let read = self.wire.read.saturating_sub(unread as u64);
        self.limits.check(read, self.given)?;
        Ok(Frame::data(piece))
    }
}

impl HttpBody for Decoder {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let piece = ready!(poll_piece(&mut this.stages, &mut this.wire, cx));
        Poll::Ready(match piece {
            Some(piece) => Some(piece.and_then(|piece| this.checked(piece))),
            None => this
                .wire
                .trailers
                .take()
                .map(|trailers| Ok(Frame::trailers(trailers))),
        })
    }
}

/// Returns the next piece that comes out of the last of some stages.
fn poll_piece(
    stages: &mut [Stage],
    wire: &mut Wire,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, Error>>> {
    let Some((stage, before)) = stages.split_last_mut() else {
        return wire.poll_piece(cx);
    };
    loop {
        match stage.next() {
            Ok(Next::Piece(piece)) => return Poll::Ready(Some(Ok(piece))),
            Ok(Next::End) => return Poll::Ready(None),
            Ok(Next::Nothing) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Ok(Next::Hungry) => match ready!(poll_piece(before, wire, cx)) {
                Some(Ok(piece)) => stage.feed(piece),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => stage.end(),
            },
            Err(error) => return Poll::Ready(Some(Err(error))),
        }
    }
}

/// The body as it was sent.
struct Wire {
    body: Body,
    read: u64,
    trailers: Option<HeaderMap>,
}

impl Wire {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        while self.trailers.is_none() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => {
                        self.read = self.read.saturating_add(piece.len() as u64);
                        return Poll::Ready(Some(Ok(piece)));
                    }
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => break,
            }
        }
        Poll::Ready(None)
    }
}

/// One coding that is undone.
struct Stage {
    coding: Coding,
    /// Made for the first byte: a body without any is empty, whatever its coding.
    codec: Option<Box<dyn Codec>>,
    input: Bytes,
    state: State,
    piece: Piece,
}

#[derive(Clone, Copy)]
enum State {
    /// All that came was decoded.
    Hungry,
    /// There is more to decode, and more may come.
    Fed,
    /// There may be more to decode, and nothing comes any more.
    Ending,
    Ended,
}

enum Next {
    Piece(Bytes),
    Nothing,
    Hungry,
    End,
}

impl Stage {
    fn new(coding: Coding) -> Self {
        Self {
            coding,
            codec: None,
            input: Bytes::new(),
            state: State::Hungry,
            piece: Piece::default(),
        }
    }

    fn feed(&mut self, piece: Bytes) {
        self.input = piece;
        self.state = State::Fed;
    }

    fn end(&mut self) {
        self.state = match self.codec {
            Some(_) => State::Ending,
            None => State::Ended,
        };
    }

    fn next(&mut self) -> Result<Next, Error> {
        for _ in 0..PATIENCE {
            let (ask, then) = match self.state {
                State::Hungry => return Ok(Next::Hungry),
                State::Ended => return Ok(Next::End),
                State::Fed => (Ask::More, State::Hungry),
                State::Ending => (Ask::End, State::Ended),
            };
            let codec = match &mut self.codec {
                Some(codec) => codec,
                None => self.codec.insert(
                    (self.coding.kind.decoder)()
                        .map_err(|error| Error::new(ErrorKind::Other).because(error))?,
                ),
            };
            // A part at a time, so that a piece of many members does not keep other tasks waiting.
            let input = &self.input[..self.input.len().min(PIECE)];
            let step = codec
                .step(input, self.piece.room(), ask)
                .and_then(|step| match step.is_stuck() {
                    true => Err(io::ErrorKind::InvalidData.into()),
                    false => Ok(step),
                })
                .map_err(|error| malformed(self.coding, &error))?;
            self.input.advance(step.read);
            self.piece.wrote(step.written);
            if step.done && self.input.is_empty() {
                self.state = then;
            }
            if let Some(piece) = self.piece.take() {
                return Ok(Next::Piece(piece));
            }
        }
        Ok(Next::Nothing)
    }
}

fn malformed(coding: Coding, error: &io::Error) -> Error {
    let text = format!("not valid {} data: {error}", coding.name());
    Error::new(ErrorKind::Malformed).because(io::Error::new(error.kind(), text))
}
