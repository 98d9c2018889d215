//! [`Pieces`], a large body, and [`BLOCK`], one that is in memory as a whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The length of a large body.
pub const LARGE: u64 = 200_000_000;

/// 64 KiB, what `/block` answers.
pub static BLOCK: [u8; 64 << 10] = [b'w'; 64 << 10];

/// A body that comes in pieces of 64 KiB, each of which is there at once.
pub struct Pieces {
    left: u64,
}

impl Pieces {
    pub fn new(length: u64) -> Self {
        Self { left: length }
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = self.left.min(BLOCK.len() as u64);
        self.left -= length;
        (length > 0).then(|| Bytes::from_static(&BLOCK[..length as usize]))
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
