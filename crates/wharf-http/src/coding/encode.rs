//! The body that is encoded while it is read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};

use super::Coding;
use super::codec::{Ask, Codec, PIECE, Piece};
use crate::Body;
use crate::body::{Error, ErrorKind};

/// How many steps may give nothing before other tasks have their turn.
const PATIENCE: usize = 16;

/// Encodes bodies with one coding.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "gzip")] {
/// use wharf_http::Body;
/// use wharf_http::coding::{Coding, Encoder};
///
/// let body = Encoder::new(Coding::GZIP).level(9).encode(Body::from("text ".repeat(1000)));
/// assert_eq!(body.len(), None);
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    coding: Coding,
    level: Option<u32>,
    flush: bool,
}

impl Encoder {
    /// Creates an encoder with the default level of the coding.
    #[must_use]
    pub fn new(coding: Coding) -> Self {
        Self {
            coding,
            level: None,
            flush: false,
        }
    }

    /// Sets how hard it tries: higher is smaller and slower. A level is brought into the range of the [coding](Coding).
    ///
    /// A long body takes half a MiB of memory with gzip and deflate at any level, 3 MiB with zstd at level 3 and 80 at 19,
    /// and 8 MiB with br at level 4 and 40 at 9.
    ///
    /// Default: `None`, which is 6 for gzip and deflate, 4 for br and 3 for zstd.
    #[must_use]
    pub fn level(mut self, level: impl Into<Option<u32>>) -> Self {
        self.level = level.into();
        self
    }

    /// Sets whether each piece of the body can be decoded as soon as it was sent, which event streams need.
    ///
    /// Costs some bytes per piece. Default: `false`, and data waits until 16 KiB are full.
    #[must_use]
    pub fn flush(mut self, flush: bool) -> Self {
        self.flush = flush;
        self
    }

    /// Encodes a body while it is read.
    ///
    /// Its length is then unknown, its trailer fields are kept, and it can still be made anew when it could before. An
    /// empty body becomes an empty stream of the coding, which has some bytes.
    #[must_use]
    pub fn encode(self, body: Body) -> Body {
        body.wrapped(move |source| {
            Body::new(Encoded {
                source,
                encoder: self,
                codec: None,
                input: Bytes::new(),
                piece: Piece::default(),
                trailers: None,
                state: State::Reading,
            })
        })
    }
}

struct Encoded {
    source: Body,
    encoder: Encoder,
    codec: Option<Box<dyn Codec>>,
    input: Bytes,
    piece: Piece,
    trailers: Option<HeaderMap>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Reading,
    Encoding(Ask),
    Encoded,
}

impl HttpBody for Encoded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        for _ in 0..PATIENCE {
            match this.state {
                State::Reading => match ready!(Pin::new(&mut this.source).poll_frame(cx)) {
                    Some(Ok(frame)) => this.feed(frame),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => this.state = State::Encoding(Ask::End),
                },
                State::Encoding(ask) => match this.step(ask) {
                    Ok(None) => {}
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                    Err(error) => {
                        let error = Error::new(ErrorKind::Other).because(error);
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Encoded => {
                    let trailers = this.trailers.take();
                    return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Encoded {
    fn feed(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(piece) if piece.is_empty() => {}
            Ok(piece) => {
                self.input = piece;
                self.state = State::Encoding(match self.encoder.flush {
                    true => Ask::Flush,
                    false => Ask::More,
                });
            }
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                self.state = State::Encoding(Ask::End);
            }
        }
    }

    fn step(&mut self, ask: Ask) -> io::Result<Option<Bytes>> {
        let Encoder { coding, level, .. } = self.encoder;
        let codec = match &mut self.codec {
            Some(codec) => codec,
            None => self.codec.insert((coding.kind.encoder)(level)?),
        };
        // A part at a time, so that a large piece does not keep other tasks waiting.
        let (input, ask_now) = match self.input.get(..PIECE) {
            Some(part) if part.len() < self.input.len() => (part, Ask::More),
            _ => (self.input.as_ref(), ask),
        };
        let step = codec.step(input, self.piece.room(), ask_now)?;
        if step.is_stuck() {
            return Err(io::Error::other("the coding does not go on"));
        }
        self.input.advance(step.read);
        self.piece.wrote(step.written);
        let done = step.done && ask_now == ask && self.input.is_empty();
        if done {
            self.state = match ask {
                Ask::End => State::Encoded,
                Ask::More | Ask::Flush => State::Reading,
            };
        }
        if self.piece.is_full() || (done && ask != Ask::More) {
            return Ok(self.piece.take());
        }
        Ok(None)
    }
}
