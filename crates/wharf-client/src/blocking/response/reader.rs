//! [`BodyReader`]: a body as the standard library reads.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};
use http::HeaderMap;

use super::Response;
use crate::response::to_io;

/// A body to read bytes from; made by [`Response::into_reader`].
///
/// It has its own buffer, the piece that came last, and wants none around it. An error of the body is one of input and output
/// with the [`Error`](crate::Error) in it, see [`std::io::Error::get_ref`]; a body that broke off is of the kind
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), a time limit of the kind [`TimedOut`](io::ErrorKind::TimedOut).
///
/// # Examples
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = wharf_client::blocking::Client::new()?;
/// let mut reader = client.get("http://quay.test/log").send()?.ok()?.into_reader();
/// std::io::copy(&mut reader, &mut std::fs::File::create("ships.log")?)?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct BodyReader {
    response: Response,
    piece: Bytes,
}

impl BodyReader {
    pub(super) fn new(response: Response) -> Self {
        Self {
            response,
            piece: Bytes::new(),
        }
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once the body was read to its end; `None` before, and when there are none.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.response.trailers()
    }
}

impl Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for BodyReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.is_empty()
            && let Some(piece) = self.response.chunk().map_err(to_io)?
        {
            self.piece = piece;
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.piece.len());
        self.piece.advance(count);
    }
}
