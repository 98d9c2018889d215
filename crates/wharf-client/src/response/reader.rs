use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::BodyStream;
use crate::{Error, ErrorKind};

/// A body to read bytes from; made by [`Response::into_reader`](crate::Response::into_reader).
///
/// It has its own buffer, the piece that came last, and wants none around it. An error of the body is one of input and output
/// with the [`Error`](crate::Error) in it, see [`std::io::Error::get_ref`]; a body that broke off is of the kind
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), a time limit of the kind [`TimedOut`](io::ErrorKind::TimedOut).
///
/// # Examples
///
/// ```no_run
/// use tokio::io::AsyncReadExt;
///
/// # async fn example(client: wharf_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut reader = client.get("http://quay.test/log").send().await?.ok()?.into_reader();
/// let mut magic = [0; 4];
/// reader.read_exact(&mut magic).await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct BodyReader {
    stream: BodyStream,
    piece: Bytes,
}

impl BodyReader {
    pub(super) fn new(stream: BodyStream) -> Self {
        Self {
            stream,
            piece: Bytes::new(),
        }
    }

    /// Returns the trailer fields (RFC 9110 §6.5), once the body was read to its end; `None` before, and when there are none.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.stream.trailers()
    }

    /// Waits until there is a piece, which is empty at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&Bytes>> {
        if self.piece.is_empty()
            && let Some(piece) = ready!(self.stream.poll_chunk(cx))
        {
            self.piece = piece.map_err(to_io)?;
        }
        Poll::Ready(Ok(&self.piece))
    }
}

/// Makes an error of input and output that holds the error of a body.
pub(crate) fn to_io(error: Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::Timeout(_) => io::ErrorKind::TimedOut,
        ErrorKind::ResponseBody => match error.find_cause::<wharf_http::body::Error>() {
            Some(cause) if cause.kind() == wharf_http::body::ErrorKind::Disconnected => {
                io::ErrorKind::UnexpectedEof
            }
            _ => io::ErrorKind::InvalidData,
        },
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl AsyncRead for BodyReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let piece = ready!(self.poll_piece(cx))?;
        let count = piece.len().min(into.remaining());
        into.put_slice(&piece[..count]);
        self.piece.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for BodyReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let piece = ready!(self.get_mut().poll_piece(cx))?;
        Poll::Ready(Ok(piece))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        let count = count.min(self.piece.len());
        self.piece.advance(count);
    }
}
