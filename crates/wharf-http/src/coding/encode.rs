//! The body that is encoded while it is read.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::Coding;
use super::codec::{Ask, Codec, PIECE, Piece, Step};
use crate::Body;
use crate::body::{Error, ErrorKind};

/// How many steps may give nothing before other tasks have their turn.
const PATIENCE: usize = 16;

/// How much goes to another thread at a time: enough to pay for the way, and little enough to be held twice.
const PART: usize = 256 * 1024;

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
    offload: Option<usize>,
}

impl Encoder {
    /// Creates an encoder with the default level of the coding.
    #[must_use]
    pub fn new(coding: Coding) -> Self {
        Self {
            coding,
            level: None,
            flush: false,
            offload: None,
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

    /// Sets from how many bytes on a piece of the body is encoded by a thread for blocking work, 256 KiB at a time, so that
    /// whoever reads the body does nothing else meanwhile but wait.
    ///
    /// No thread waits for a slow reader: it is given back after each part. Outside a tokio runtime all is encoded where it
    /// is read.
    ///
    /// Default: `None`, no piece.
    #[must_use]
    pub fn offload(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.offload = bytes.into();
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
                work: Work::default(),
                elsewhere: None,
                input: Bytes::new(),
                pieces: VecDeque::new(),
                trailers: None,
                state: State::Reading,
            })
        })
    }
}

struct Encoded {
    source: Body,
    encoder: Encoder,
    /// Empty while it is elsewhere.
    work: Work,
    elsewhere: Option<JoinHandle<io::Result<Back>>>,
    input: Bytes,
    /// What came back from elsewhere.
    pieces: VecDeque<Bytes>,
    trailers: Option<HeaderMap>,
    state: State,
}

/// What comes back from elsewhere.
type Back = (Work, VecDeque<Bytes>);

/// What encodes, and the output that it has begun.
#[derive(Default)]
struct Work {
    codec: Option<Box<dyn Codec>>,
    piece: Piece,
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
                State::Encoding(ask) => {
                    if let Some(task) = &mut this.elsewhere {
                        let ended = ready!(Pin::new(task).poll(cx));
                        this.elsewhere = None;
                        match ended.map_err(io::Error::other).and_then(|back| back) {
                            Ok(back) => (this.work, this.pieces) = back,
                            Err(error) => return Poll::Ready(Some(Err(failed(error)))),
                        }
                    }
                    if let Some(piece) = this.pieces.pop_front() {
                        return Poll::Ready(Some(Ok(Frame::data(piece))));
                    }
                    match this.step(ask) {
                        Ok(None) => {}
                        Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                        Err(error) => return Poll::Ready(Some(Err(failed(error)))),
                    }
                }
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
        if self.work.codec.is_none() {
            self.work.codec = Some((coding.kind.encoder)(level)?);
        }
        if let Some(threshold) = self.encoder.offload
            && self.input.len() >= threshold.max(1)
            && let Ok(runtime) = Handle::try_current()
        {
            let part = self.input.split_to(self.input.len().min(PART));
            let work = mem::take(&mut self.work);
            self.elsewhere = Some(runtime.spawn_blocking(move || work.encode(part)));
            return Ok(None);
        }
        // A part at a time, so that a large piece does not keep other tasks waiting.
        let (input, ask_now) = match self.input.get(..PIECE) {
            Some(part) if part.len() < self.input.len() => (part, Ask::More),
            _ => (self.input.as_ref(), ask),
        };
        let step = self.work.step(input, ask_now)?;
        self.input.advance(step.read);
        let done = step.done && ask_now == ask && self.input.is_empty();
        if done {
            self.state = match ask {
                Ask::End => State::Encoded,
                Ask::More | Ask::Flush => State::Reading,
            };
        }
        let piece = &mut self.work.piece;
        if piece.is_full() || (done && ask != Ask::More) {
            return Ok(piece.take());
        }
        Ok(None)
    }
}

impl Work {
    fn step(&mut self, input: &[u8], ask: Ask) -> io::Result<Step> {
        let Some(codec) = &mut self.codec else {
            return Err(io::Error::other("what encodes is gone"));
        };
        let step = codec.step(input, self.piece.room(), ask)?;
        if step.is_stuck() {
            return Err(io::Error::other("the coding does not go on"));
        }
        self.piece.wrote(step.written);
        Ok(step)
    }

    /// Encodes all of `input`, and gives itself back with the pieces that are full.
    fn encode(mut self, mut input: Bytes) -> io::Result<Back> {
        let mut pieces = VecDeque::new();
        while !input.is_empty() {
            let step = self.step(&input, Ask::More)?;
            input.advance(step.read);
            if self.piece.is_full() {
                pieces.extend(self.piece.take());
            }
        }
        Ok((self, pieces))
    }
}

fn failed(error: io::Error) -> Error {
    Error::new(ErrorKind::Other).because(error)
}

#[cfg(test)]
#[cfg(feature = "gzip")]
mod tests {
    use std::sync::mpsc;
    use std::task::Waker;

    use super::*;
    use crate::coding::{Limits, decode};

    fn text(length: usize) -> Bytes {
        (0..length / 8)
            .flat_map(|line| format!("{line:07}\n").into_bytes())
            .collect()
    }

    async fn decoded(coding: Coding, mut body: Body) -> Bytes {
        let mut headers = HeaderMap::new();
        headers.insert("content-encoding", coding.name().parse().unwrap());
        assert!(decode(&mut body, &headers, Limits::new()).unwrap());
        body.bytes(None).await.unwrap()
    }

    #[tokio::test]
    async fn what_other_threads_encode_decodes_to_the_same() {
        for coding in Coding::available() {
            for length in [0, 8, 65_528, 65_536, 65_544, 1_000_000] {
                for flush in [false, true] {
                    let text = text(length);
                    let encoder = Encoder::new(*coding).offload(65_536).flush(flush);
                    let encoded = encoder.encode(Body::from(text.clone()));
                    assert_eq!(decoded(*coding, encoded).await, text, "{coding:?} {length}");
                }
            }
        }
    }

    #[test]
    fn a_large_piece_waits_for_another_thread_and_a_small_one_does_not() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let _inside = runtime.enter();
        let (release, released) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || released.recv());
        let mut cx = Context::from_waker(Waker::noop());
        let encoder = Encoder::new(Coding::GZIP).offload(65_536);

        let mut small = encoder.encode(Body::from(text(65_528)));
        assert!(Pin::new(&mut small).poll_frame(&mut cx).is_ready());

        let whole = text(300_000);
        let mut large = encoder.encode(Body::from(whole.clone()));
        assert!(Pin::new(&mut large).poll_frame(&mut cx).is_pending());
        release.send(()).unwrap();
        assert_eq!(runtime.block_on(decoded(Coding::GZIP, large)), whole);
    }

    #[test]
    fn outside_a_runtime_nothing_goes_elsewhere() {
        let mut body = Encoder::new(Coding::GZIP)
            .offload(1)
            .encode(Body::from(text(80_000)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_ready());
    }
}
