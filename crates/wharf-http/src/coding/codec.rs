//! What the codings have in common.

use std::io;
use std::mem;

use bytes::Bytes;

/// How much is decoded or encoded at a time.
pub(super) const PIECE: usize = 16 * 1024;

/// One coding: its names, and what makes its codecs.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) alias: Option<&'static str>,
    pub(super) decoder: fn() -> io::Result<Box<dyn Codec>>,
    /// Of a level, which is brought into the range of the coding; `None` is the coding's default.
    pub(super) encoder: fn(Option<u32>) -> io::Result<Box<dyn Codec>>,
}

/// One direction of one coding: bytes in, bytes out, never more than there is room for.
pub(super) trait Codec: Send {
    /// Reads from `input` and writes into `output`, of which neither has to be used up.
    ///
    /// To be called again with what is left of `input`, and with room for more, until it is [done](Step::done).
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::UnexpectedEof`] when data that is decoded ends early, else what is wrong with it.
    fn step(&mut self, input: &[u8], output: &mut [u8], ask: Ask) -> io::Result<Step>;
}

/// What is wanted beyond what the input gives by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// Nothing: more input will come.
    More,
    /// All that was put in so far. To decoders it is the same as `More`: they hold nothing back.
    Flush,
    /// The end: no more input will come.
    End,
}

/// What one step did.
#[derive(Clone, Copy, Default)]
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
    /// All input was read, and all output written that was asked for.
    pub(super) done: bool,
}

impl Step {
    /// A codec that does nothing and wants nothing would be called for ever.
    pub(super) fn is_stuck(self) -> bool {
        !self.done && self.read == 0 && self.written == 0
    }
}

/// The room for one piece of output.
#[derive(Default)]
pub(super) struct Piece {
    buffer: Vec<u8>,
    filled: usize,
}

impl Piece {
    /// Returns the room that is left, which is never none.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer = vec![0; PIECE];
        }
        &mut self.buffer[self.filled..]
    }

    pub(super) fn wrote(&mut self, count: usize) {
        self.filled += count;
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == PIECE
    }

    /// Takes what was written; `None` when that is nothing.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        let filled = mem::take(&mut self.filled);
        if filled == 0 {
            None
        } else if filled < PIECE / 2 {
            // A short piece that somebody keeps must not keep the whole buffer.
            Some(Bytes::copy_from_slice(&self.buffer[..filled]))
        } else {
            let mut buffer = mem::take(&mut self.buffer);
            buffer.truncate(filled);
            Some(buffer.into())
        }
    }
}

/// The data ended before its own end.
pub(super) fn ends_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends early")
}
